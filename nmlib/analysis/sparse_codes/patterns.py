"""Random sparse patterns and segments, to check the exact theory by chance.

The formulas are in `nmlib.analysis.sparse_codes`.
"""

from collections.abc import Sequence
import functools

import jax
import jax.numpy as jnp
import numpy as np


def random_pattern(key: jax.Array, n: int, a: int) -> jax.Array:
  """Draws exactly a of n cells, every pattern equally likely.

  Returns:
    bool [n], True at the active cells.

  Raises:
    ValueError: if a is not in 0 .. n.
  """
  if not 0 <= a <= n:
    raise ValueError(f'a must be in 0 .. n={n}, got {a}.')
  return jax.random.permutation(key, n) < a


def sample_segment(key: jax.Array, pattern: jax.Array, s: int) -> jax.Array:
  """Draws s different active cells of a pattern [n], as indices [s].

  If the pattern has fewer than s active cells, inactive ones fill the rest.
  """
  order = jnp.where(pattern, jax.random.uniform(key, pattern.shape), 2.0)
  return jnp.argsort(order)[:s]


def lose_cells(key: jax.Array, pattern: jax.Array, v: int) -> jax.Array:
  """Turns v randomly chosen active cells of a pattern [n] off."""
  lost = sample_segment(key, pattern, v)
  return pattern.at[lost].set(False)


@functools.partial(jax.jit, static_argnums=(1, 2, 3, 4))
def observed_false_positives(
    key: jax.Array, n: int, a: int, s: int, trials: int
) -> jax.Array:
  """Counts, over random patterns, how many active synapses a segment sees.

  The segment may sit on cells 0 .. s-1, because all choices are alike.

  Args:
    key: of the patterns.
    n: cells.
    a: active cells of a pattern.
    s: synapses of the segment.
    trials: patterns drawn.

  Returns:
    int32 [s + 1]; entry b is the number of trials with overlap b. The sum
    from theta on, over trials, estimates `sparse_codes.false_positive`.
  """

  def count(counts, key):
    overlap = jnp.sum(random_pattern(key, n, a)[:s])
    return counts.at[overlap].add(1), None

  counts = jnp.zeros(s + 1, jnp.int32)
  return jax.lax.scan(count, counts, jax.random.split(key, trials))[0]


def count_matches(
    points: Sequence[tuple[int, int, int, int]], trials: int
) -> np.ndarray:
  """Counts the random patterns that fire a segment, at several sizes.

  Args:
    points: P times (n, a, s, theta), as of `sparse_codes.false_positive`.
    trials: patterns drawn at each.

  Returns:
    int [P], at most trials.
  """
  counts = [
      observed_false_positives(jax.random.key(i), n, a, s, trials)[theta:]
      for i, (n, a, s, theta) in enumerate(points)
  ]
  return np.array([int(count.sum()) for count in counts])
