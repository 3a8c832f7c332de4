"""How well models of hops follow demonstrations with the peg."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.analysis.task_progress import progress_anchors
from nmlib.environments import peg_insertion
from nmlib.networks.progress_judges import peg_judge
from nmlib.networks.progress_judges import progress_model

# (places [n] of start, before, after; hidden [n, 2]) -> hops [S, n].
Asked = Callable[..., jax.Array]


def asked(
    params: progress_model.Params,
    model: progress_model.Config,
    world: peg_insertion.Config,
) -> Asked:
  """Returns what models [S] say of pairs, compiled; see `Asked`."""
  one = lambda params, places, hidden: peg_judge.hop(
      params, places, hidden, model, world
  )
  rows = jax.vmap(one, (None, 0, 0))
  said = jax.jit(jax.vmap(rows, (0, None, None)))
  return lambda places, hidden: said(params, places, hidden)


def along(
    ask: Asked,
    ways: list[np.ndarray],
    hidden: float,
    rng: np.random.Generator,
    goal: int,
) -> dict[str, np.ndarray]:
  """Returns measures [S] along demonstrations, and the first as it is read.

  By the names of `progress_anchors.MODES`: `order <mode>`, the mean rank
  correlation with time; `drift <mode>`, the mean distance from 1 at the end;
  `example <mode>`, progress [L] of model 0.

  Args:
    ask: what models say.
    ways: places of each demonstration.
    hidden: probability that a view from the front is.
    rng: of that.
    goal: the place.
  """
  lengths = [len(places) for places in ways]
  last = max(lengths)
  paths = np.stack([np.pad(p, (0, last - len(p)), 'edge') for p in ways])
  covered = rng.random(paths.shape) < hidden
  after, start = paths[:, 1:], np.broadcast_to(paths[:, :1], paths[:, 1:].shape)
  never = np.zeros_like(covered[:, 1:])
  befores = paths[:, :-1], start, np.full_like(start, goal)
  hides = covered[:, :-1], never, never
  # From the moment before, the first moment, the goal: all in one call.
  three = lambda one: np.tile(one.ravel(), 3)
  flat = lambda many: np.concatenate([one.ravel() for one in many])
  both = np.stack([flat(hides), three(covered[:, 1:])], 1)
  said = ask((three(start), flat(befores), three(after)), both)
  hops = jnp.moveaxis(said.reshape(-1, 3, *start.shape), 1, 0)
  found = {}
  for mode, values in progress_anchors.readings(*hops).items():
    order, drift = progress_anchors.scores(values, lengths)
    found |= {f'order {mode}': order, f'drift {mode}': drift}
    found[f'example {mode}'] = np.asarray(values[0, 0, : lengths[0]])
  return found


def errors(
    ask: Asked,
    places: tuple[np.ndarray, ...],
    hops: np.ndarray,
    hidden: float,
    rng: np.random.Generator,
) -> dict[str, np.ndarray]:
  """Returns mean absolute errors [S] of hops, ahead and back.

  `error ahead`, `error back`: of all pairs; with ` by size`: the mean over ten
  sizes of hops, each of which counts alike.

  Args:
    ask: what models say.
    places: [n] of start, before and after.
    hops: [n], what would be right, of both directions.
    hidden: probability that a view from the front is.
    rng: of that.

  Raises:
    ValueError: if no hop goes ahead, or none back.
  """
  if not ((hops > 0).any() and (hops < 0).any()):
    raise ValueError(
        'hops must go ahead and back, above and below 0, got'
        f' {np.min(hops, initial=0):g} to {np.max(hops, initial=0):g}.'
    )
  covered = rng.random((len(hops), 2)) < hidden
  wrong = np.abs(np.asarray(ask(places, covered)) - hops)
  found = {}
  for name, sign in (('ahead', 1), ('back', -1)):
    there = sign * hops > 0
    size = np.where(there, np.ceil(10 * np.abs(hops) - 1e-4), 0)
    found[f'error {name}'] = wrong[:, there].mean(1)
    found[f'error {name} by size'] = np.mean(
        [wrong[:, size == s].mean(1) for s in set(size) - {0}], 0
    )
  return found
