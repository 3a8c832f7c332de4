"""Which of two tasks heads and neurons take part in.

The protocol is ours, in the spirit of Fartale et al. (arXiv 2510.03366), of
which only the abstract is at hand.
"""

from collections.abc import Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from nmlib.analysis.interpretability import experts
from nmlib.analysis.interpretability import probes
from nmlib.neurons.core import checks


class Selectivity(NamedTuple):
  """How neurons tell examples of one task from those of another."""

  d_prime: np.ndarray  # [...], positive where the first task excites more
  auroc: np.ndarray  # [...]
  p_values: np.ndarray  # [...], of no difference of the means, two-sided


def selectivity(first: npt.ArrayLike, second: npt.ArrayLike) -> jax.Array:
  """Returns by how much more each component serves the first of two tasks.

  (z_1 - z_2) / sqrt 2, of z-scores over all components within a task.

  Args:
    first: effects [...] of components on a task.
    second: on another, of the same shape.

  Returns:
    [...]; the z-scores of effects that are all the same are 0.

  Raises:
    ValueError: if shapes differ.
  """
  first, second = jnp.asarray(first), jnp.asarray(second)
  check_same(first, second)

  def z(effects):
    apart = effects - jnp.mean(effects)
    spread = jnp.std(effects)
    return jnp.where(spread > 0, apart / jnp.where(spread > 0, spread, 1), 0)

  return (z(first) - z(second)) / np.sqrt(2)


def check_same(first: jax.Array, second: jax.Array) -> None:
  """Refuses effects of other components on one task than on the other."""
  if first.shape != second.shape:
    raise ValueError(
        'effects on both tasks must be of the same components, got shapes'
        f' {list(first.shape)} and {list(second.shape)}.'
    )


def attention_statistics(
    pattern: npt.ArrayLike, groups: Mapping[str, npt.ArrayLike]
) -> tuple[jax.Array, dict[str, jax.Array]]:
  """Returns how spread attention is, and what it rests on.

  Args:
    pattern: weights [..., T] over tokens, which add up to 1.
    groups: by name, bool [T].

  Returns:
    Entropy [...] in nats, and the mass [...] on each group.

  Raises:
    ValueError: if shapes do not fit, or concrete weights do not add up to 1.
  """
  pattern = jnp.asarray(pattern)
  checks.probabilities('pattern', pattern)
  for name, group in groups.items():
    checks.shape(f'group {name!r}', jnp.asarray(group), T=pattern.shape[-1])
  positive = pattern > 0
  logs = jnp.log(jnp.where(positive, pattern, 1))
  mass = {
      name: jnp.sum(jnp.where(jnp.asarray(group), pattern, 0), -1)
      for name, group in groups.items()
  }
  return -jnp.sum(pattern * logs, -1), mass


def neuron_selectivity(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    *,
    permutations: int = 999,
    seed: int = 0,
) -> Selectivity:
  """Returns d', AUROC and permutation p-values of neurons between two tasks.

  Of many neurons take `probes.false_discoveries(p_values)`.

  Args:
    first: activations [n, ...] in examples of a task.
    second: [m, ...] of another.
    permutations: of the labels; the smallest p-value is 1 / (permutations + 1).
    seed: of the permutations.

  Raises:
    ValueError: if shapes do not fit, or there is no permutation.
  """
  first, second = np.asarray(first, float), np.asarray(second, float)
  checks.count('permutations', permutations)
  if first.shape[1:] != second.shape[1:] or not len(first) or not len(second):
    raise ValueError(
        'first and second must be [n, ...] of the same neurons, got'
        f' {list(first.shape)} and {list(second.shape)}.'
    )
  both = np.concatenate([first, second])
  labels = np.arange(len(both)) < len(first)
  flat = (both - both.mean(0)).reshape(len(both), -1)
  weights = np.where(labels, 1 / len(first), -1 / len(second))
  rng = np.random.default_rng(seed)
  mixed = rng.permuted(np.tile(weights, (permutations, 1)), axis=1)
  # Rounding must not tell permutations apart that are the same difference.
  least = np.abs(weights @ flat) * (1 - 1e-9)
  beyond = np.sum(np.abs(mixed @ flat) >= least, 0)
  p_values = (1 + beyond) / (1 + permutations)
  return Selectivity(
      probes.sensitivity(first, second),
      np.asarray(experts.auroc(both, labels)),
      p_values.reshape(first.shape[1:]),
  )
