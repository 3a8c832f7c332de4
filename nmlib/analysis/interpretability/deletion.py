"""Deleting units of several layers, one after the other in some order."""

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons import sites
from nmlib.neurons.core import checks


def edits(
    deleted: jax.Array, layers: Mapping[str, int]
) -> dict[str, sites.Edit]:
  """Returns the edits that put out units, numbered through all layers.

  Args:
    deleted: bool [U].
    layers: units C of each site [..., C], in the order of the numbers.

  Raises:
    ValueError: if U is not the sum of the layers' units.
  """
  checks.shape('deleted', deleted, units=sum(layers.values()))
  parts = jnp.split(deleted, np.cumsum(list(layers.values()))[:-1])
  return {
      name: sites.Edit(mask=mask)
      for name, mask in zip(layers, parts, strict=True)
  }


def accuracy(
    run: sites.Run,
    inputs: jax.Array,
    labels: jax.Array,
    deleted: jax.Array,
    layers: Mapping[str, int],
) -> jax.Array:
  """Returns the share of inputs named right with units put out, [].

  Args:
    run: of one input, as of `sites.runner`; returns logits [K].
    inputs: [N, ...].
    labels: int [N].
    deleted: bool [U].
    layers: as of `edits`.
  """
  changed = edits(deleted, layers)
  name = lambda x: jnp.argmax(run(x, changed, ())[0])
  return jnp.mean(jax.vmap(name)(inputs) == labels, dtype=float)


def first(
    order: np.ndarray, counts: Sequence[int] | np.ndarray, num_units: int
) -> np.ndarray:
  """Returns masks of the first n units of an order, bool [D, U].

  Args:
    order: units, first the one that goes first.
    counts: n of each mask; all of the order where n is more.
    num_units: U.
  """
  return np.array(
      [np.isin(np.arange(num_units), order[:count]) for count in counts]
  )


def least_damage(
    measure: Callable[[np.ndarray], float], candidates: np.ndarray
) -> np.ndarray:
  """Returns candidates in the order in which they are best deleted.

  First the one without which alone a network is best: MILAN's order of edits
  (Hernandez et al., arXiv 2201.11114), which never looks at two at once.

  Args:
    measure: what is to stay high, of a mask of deleted units, bool [U]; on
      validation data, not on those of the result.
    candidates: bool [U].
  """
  units = np.flatnonzero(candidates)
  alone = [float(measure(np.arange(len(candidates)) == unit)) for unit in units]
  return units[np.argsort(-np.array(alone), kind='stable')]


def compare(
    measure: Callable[[str, np.ndarray], float],
    candidates: np.ndarray,
    counts: Sequence[int],
    generator: np.random.Generator,
    *,
    tolerance: float = 0.02,
    num_random: int = 5,
    data: Sequence[str] = ('test',),
) -> dict[str, np.ndarray]:
  """Deletes candidates, any units, and random ones, as many of each.

  Candidates and any units go in the order of `least_damage` on validation,
  random ones in several orders, of which the mean is taken.

  Args:
    measure: accuracy on data ('validation' or one of `data`) with a mask of
      deleted units, bool [U].
    candidates: bool [U].
    counts: how many to delete, the first 0.
    generator: of random orders.
    tolerance: validation accuracy that `chosen` may lose.
    num_random: orders.
    data: what else is measured on.

  Returns:
    'sizes' [D], units deleted, at most the candidates; 'chosen' [], the place
    of the most that validation allows; and accuracies [D] by 'data order'.
  """
  valid = lambda mask: measure('validation', mask)
  every = least_damage(valid, np.ones_like(candidates))
  sizes = np.minimum(counts, candidates.sum())
  orders = {
      'candidates': [every[candidates[every]]], 'any units': [every],
      'random units': [generator.permutation(every) for _ in range(num_random)],
  }  # fmt: skip
  found = {}
  for name, several in orders.items():
    masks = [first(order, sizes, len(candidates)) for order in several]
    for kind in ('validation', *data):
      if kind != 'validation' or name == 'candidates':
        each = [[measure(kind, mask) for mask in row] for row in masks]
        found[f'{kind} {name}'] = np.mean(each, 0)
  kept = found['validation candidates']
  chosen = np.flatnonzero(kept >= kept[0] - tolerance)[-1]
  return {'sizes': sizes, 'chosen': chosen, **found}
