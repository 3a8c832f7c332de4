r"""Whether two tasks use separate parts of a network.

Measures of components (layers, heads, neurons) for two tasks, and the double
dissociation of circuits: one lesion impairs one task and spares the other, a
second lesion the other way round (Teuber 1955). The protocol, its thresholds
included, is ours, in the spirit of Fartale et al. (arXiv 2510.03366), of which
only the abstract is at hand.
"""

from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from nmlib.analysis.interpretability import task_selectivity
from nmlib.neurons.core import checks

LAYER_CLASSES = ('neither', 'first', 'second', 'both')


class Dissociation(NamedTuple):
  """How far two circuits serve a task each."""

  drops: np.ndarray  # [2, 2], of the circuit of the row on the task of a column
  index: float  # own tasks' drops less the others'
  low: float
  high: float


def classify_layers(
    first: npt.ArrayLike, second: npt.ArrayLike, threshold: float = 1.0
) -> jax.Array:
  """Returns the class of each layer, int [..., L], an index of LAYER_CLASSES.

  A layer serves a task if its effect is above the mean over layers plus
  `threshold` standard deviations.

  Args:
    first: effects [..., L] on a task.
    second: on another.
    threshold: in standard deviations.

  Raises:
    ValueError: if shapes differ, or the threshold is not finite.
  """
  first, second = jnp.asarray(first), jnp.asarray(second)
  task_selectivity.check_same(first, second)
  checks.within('threshold', threshold, -1e9, 1e9)

  def serves(effects):
    mean = jnp.mean(effects, -1, keepdims=True)
    spread = jnp.std(effects, -1, keepdims=True)
    return effects > mean + threshold * spread

  return serves(first) + 2 * serves(second)


def class_stability(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    folds: int = 5,
    threshold: float = 1.0,
) -> jax.Array:
  """Returns in what share of folds each layer has its class [L] of all.

  Each fold leaves out every folds-th example; effects are means over the rest.

  Args:
    first: effects [L, B] on single examples of a task.
    second: [L, C] on another.
    folds: how many, at least 2, at most B and C.
    threshold: as of `classify_layers`.

  Raises:
    ValueError: if layers differ in number, or examples are too few.
  """
  first, second = jnp.asarray(first), jnp.asarray(second)
  checks.shape('first', first, 'L', 'B')
  checks.shape('second', second, *[], L=len(first), C=second.shape[-1])
  fewest = min(first.shape[1], second.shape[1])
  if not 2 <= folds <= fewest:
    raise ValueError(
        f'folds must be 2 to the number of examples, {fewest}, got {folds}.'
    )
  means = lambda effects, keep: jnp.mean(effects[:, keep(effects.shape[1])], 1)
  classes = lambda keep: classify_layers(
      means(first, keep), means(second, keep), threshold
  )
  whole = classes(np.arange)
  parts = [
      classes(lambda size, f=f: np.flatnonzero(np.arange(size) % folds != f))
      for f in range(folds)
  ]
  same = jnp.stack(parts) == whole[None]
  return jnp.mean(same, 0, dtype=jnp.result_type(float))


def double_dissociation(
    intact: npt.ArrayLike,
    ablated: npt.ArrayLike,
    *,
    confidence: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> Dissociation:
  """Returns the index of double dissociation with its bootstrap interval.

  (A_1(1) - A_1(2)) + (A_2(2) - A_2(1)), where A_t(c) is by how much task t is
  worse without circuit c: the two lesions' drops of their own tasks less those
  they bring to the other. The text writes A with task and circuit swapped; the
  index is the same. Examples are resampled within each task.

  Args:
    intact: scores [2, B] of each task's examples with the whole network.
    ablated: scores [2, 2, B] without the circuit of the first axis, on the task
      of the second.
    confidence: share of resamples in the interval.
    resamples: how many.
    seed: of the draws.

  Raises:
    ValueError: if shapes do not fit, or there are fewer than two examples.
  """
  intact, ablated = np.asarray(intact, float), np.asarray(ablated, float)
  checks.shape('intact', intact, tasks=2, B=max(2, intact.shape[-1]))
  checks.shape('ablated', ablated, circuits=2, tasks=2, B=intact.shape[-1])
  if not 0 < confidence < 1:
    raise ValueError(f'confidence must be in (0, 1), got {confidence}.')
  checks.count('resamples', resamples)
  drops = intact[None] - ablated
  sign = np.array([[1, -1], [-1, 1]])
  of_examples = np.sum(sign[..., None] * drops, 0)  # [2, B], by task
  rng, size = np.random.default_rng(seed), intact.shape[1]
  index = rng.integers(0, size, (2, resamples, size))
  drawn = np.take_along_axis(of_examples[:, None], index, -1).mean(-1).sum(0)
  tail = (1 - confidence) / 2
  low, high = np.quantile(drawn, [tail, 1 - tail])
  return Dissociation(
      drops.mean(-1), float(of_examples.mean(-1).sum()), float(low), float(high)
  )


def matched_random_circuit(key: jax.Array, circuit: Any) -> Any:
  """Draws as many components of every layer as a circuit has there.

  Args:
    key: of the draw.
    circuit: a pytree of bool [L, N]: which heads or neurons of each layer.

  Returns:
    Likewise; members of the circuit may be drawn again.

  Raises:
    ValueError: if a leaf is not bool [L, N].
  """
  leaves, structure = jax.tree.flatten(circuit)
  drawn = []
  for i, leaf in enumerate(map(jnp.asarray, leaves)):
    if leaf.ndim != 2 or leaf.dtype != bool:
      raise ValueError(
          f'a circuit must be bool [L, N], got {leaf.dtype} {list(leaf.shape)}.'
      )
    order = jax.random.uniform(jax.random.fold_in(key, i), leaf.shape)
    rank = jnp.argsort(jnp.argsort(order, -1), -1)
    drawn.append(rank < jnp.sum(leaf, -1, keepdims=True))
  return jax.tree.unflatten(structure, drawn)
