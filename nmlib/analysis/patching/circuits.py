"""Circuits: which heads a task takes, and whether they suffice.

Merullo et al. (arXiv 2310.08744): effects of path patching are found in stages,
backwards from the logits; the heads of the largest at each stage are the
circuit. It is faithful if what is outside may be replaced by its mean (Wang et
al. 2022, arXiv 2211.00593).
"""

from collections.abc import Sequence
import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from nmlib.analysis.patching import ablation
from nmlib.analysis.patching import measures
from nmlib.analysis.patching import paths
from nmlib.analysis.patching import sweeps
from nmlib.neurons.core import checks
from nmlib.neurons.core import k_winners


def num_heads(size: int, top_fraction: float) -> int:
  """Returns how many whole heads a top fraction of `size` heads is.

  Raises:
    ValueError: if the fraction is not in (0, 1], or less than one head.
  """
  checks.within('top_fraction', top_fraction, 0, 1)
  count = int(np.floor(np.round(top_fraction * size, 9)))
  if not count:
    raise ValueError(
        f'top_fraction={top_fraction} of {size} heads is none: take'
        f' {1 / size:.3g} at least, or top_k=1.'
    )
  return count


def top_heads(
    effects: npt.ArrayLike,
    *,
    top_fraction: float | None = None,
    top_k: int | None = None,
) -> jax.Array:
  """Returns the heads with the largest effects of either sign, bool [L, H].

  Args:
    effects: [L, H]; a head whose effect is exactly 0 is never taken, so that
      there may be fewer.
    top_fraction: share of all heads, rounded down to whole ones (the authors
      take 0.02 of 384); or
    top_k: how many.

  Raises:
    ValueError: if not one of the two is given, the fraction is less than one
      head, top_k is not in [1, L H], or a concrete effect is not finite.
  """
  effects = jnp.abs(jnp.asarray(effects))
  checks.shape('effects', effects, 'L', 'H')
  checks.within('effects', effects, 0, np.inf)
  if (top_fraction is None) == (top_k is None):
    raise ValueError(
        'give either top_fraction or top_k, got'
        f' top_fraction={top_fraction}, top_k={top_k}.'
    )
  count = top_k or 0
  if top_fraction is not None:
    count = num_heads(effects.size, top_fraction)
  checks.count('top_k', count)
  if count > effects.size:
    raise ValueError(f'top_k must be at most {effects.size}, got {count}.')
  return k_winners.winners(effects, count) & (effects > 0)


def discover_circuit(
    effects_per_stage: Sequence[Any],
    *,
    top_fraction: float | None = None,
    top_k: int | None = None,
) -> jax.Array:
  """Returns the heads that are among the top ones of any stage, bool [L, H].

  Args:
    effects_per_stage: [L, H] each: on the logits, on queries of the heads found
      there, on keys and values of those, ...
    top_fraction: as of `top_heads`, at each stage.
    top_k: likewise.

  Raises:
    ValueError: as of `top_heads`; or if there is no stage, or two do not fit.
  """
  if not len(effects_per_stage):
    raise ValueError('there must be a stage at least, got none.')
  shapes = {jnp.shape(effects) for effects in effects_per_stage}
  if len(shapes) > 1:
    raise ValueError(
        f'all stages must be of the same heads, got shapes {sorted(shapes)}.'
    )
  found = [
      top_heads(effects, top_fraction=top_fraction, top_k=top_k)
      for effects in effects_per_stage
  ]
  return jnp.any(jnp.stack(found), 0)


def patch_stages(
    run: sweeps.Run,
    clean: Any,
    corrupt: Any,
    shape: tuple[int, int],
    metric: sweeps.Metric,
    targets: Any,
    *,
    top_fraction: float | None = None,
    top_k: int | None = None,
    batch_size: int | None = None,
) -> list[sweeps.Patched]:
  """Patches paths of every head in three stages, backwards from the logits.

  Receivers are first the last residual, then queries of the top heads found
  there (movers), then keys and values of the top heads of both. Senders are
  held at the last token, for keys and values at all; perceptrons are not.

  Args:
    run: of one example; see the package. Its sites are the Transformer's.
    clean: tokens [B, T].
    corrupt: likewise.
    shape: layers L and heads H, as many of keys and values as of queries.
    metric: of one example.
    targets: [B, ...] each, what the metric takes besides outputs.
    top_fraction: as of `top_heads`, of receivers; or
    top_k: likewise.
    batch_size: senders at once; None: one.

  Returns:
    Metrics [L H, B] of each stage; `head_effects` makes effects of them.

  Raises:
    ValueError: as of `path_patch` and `top_heads`.
  """
  layers, heads = shape
  patch = functools.partial(
      paths.path_patch, run, clean, corrupt,
      sweeps.one_at_a_time((layers, 1, heads, 1), (0, 2)), metric=metric,
      targets=targets, batch_size=batch_size,
  )  # fmt: skip
  top = lambda stage: top_heads(
      head_effects(stage, shape), top_fraction=top_fraction, top_k=top_k
  )
  length = clean.shape[1]
  last = np.arange(length) == length - 1
  end = (np.arange(layers) == layers - 1)[:, None, None]
  logits = patch(receivers={'resid_post': end}, positions=last)
  movers = top(logits)
  queries = patch(receivers={'q': movers[:, None, :, None]}, positions=last)
  found = (movers | top(queries))[:, None, :, None]
  return [logits, queries, patch(receivers={'k': found, 'v': found})]


def head_effects(stage: sweeps.Patched, shape: tuple[int, int]) -> jax.Array:
  """Returns normalised effects [L, H] of a stage of `patch_stages`."""
  return measures.normalized_effect(*stage).reshape(shape)


def faithfulness(
    run: sweeps.Run,
    inputs: Any,
    circuits: npt.ArrayLike,
    metric: sweeps.Metric,
    targets: Any,
    *,
    others: Any = None,
    site: str = 'z',
    batch_size: int | None = None,
) -> jax.Array:
  """Returns the share [E] of the mean metric that circuits keep by themselves.

  All heads outside have their mean over reference inputs, position by position.

  Args:
    run: of one example; see the package.
    inputs: [B, ...] each, of one length.
    circuits: bool [E, L, H].
    metric: of one example, such as a logit difference.
    targets: [B, ...] each, what the metric takes besides outputs.
    others: reference inputs [C, ...]; None: the inputs.
    site: of heads, [L, T, H, k].
    batch_size: circuits at once; None: one.

  Raises:
    ValueError: as of `ablate`; or if circuits are not bool [E, L, H].
  """
  circuits = _circuits(circuits)
  whole = jax.vmap(lambda one, target: metric(run(one, {}, ())[0], target))
  left = ablation.ablate(
      run, inputs, site, ~circuits[:, :, None, :, None], metric, targets,
      kind='mean', others=others, batch_size=batch_size,
  )  # fmt: skip
  return jnp.mean(left, -1) / jnp.mean(whole(inputs, targets))


def completeness(
    run: sweeps.Run,
    inputs: Any,
    circuits: npt.ArrayLike,
    metric: sweeps.Metric,
    targets: Any,
    *,
    others: Any = None,
    site: str = 'z',
    batch_size: int | None = None,
) -> jax.Array:
  """Returns the share [E] of the mean metric that is left without circuits.

  As `faithfulness`, with the circuit's own heads at their means: what is small
  of a circuit that nothing outside can stand in for.
  """
  return faithfulness(
      run, inputs, ~_circuits(circuits), metric, targets, others=others,
      site=site, batch_size=batch_size,
  )  # fmt: skip


def _circuits(circuits) -> jax.Array:
  circuits = jnp.asarray(circuits)
  if circuits.ndim != 3 or circuits.dtype != bool:
    raise ValueError(
        'circuits must be bool [E, L, H], got'
        f' {circuits.dtype} {list(circuits.shape)}.'
    )
  return circuits
