"""Statistics of units over a stream of examples, which can be merged.

One `Statistics` is what some examples have shown; `merge` joins two, as if all
had been seen at once: over batches (`lax.scan`), over devices, over runs.
Counts stay integers: float32 loses single tokens above 2^24.
"""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.core import checks


class Statistics(NamedTuple):
  """Of U units."""

  count: jax.Array  # int32 [], values seen of each unit
  active: jax.Array  # int32 [U], of them above 0
  mean: jax.Array  # [U]
  squares: jax.Array  # [U], sum of squared distances from the mean
  top: jax.Array  # [U, K], greatest values, first the greatest
  where: jax.Array  # int32 [U, K], ids of their examples; -1: none yet
  histogram: jax.Array  # int32 [U, B], values by bin


def empty(
    num_units: int, *, top_k: int = 16, num_bins: int = 64, dtype='float32'
) -> Statistics:
  """Returns the statistics of no example.

  Raises:
    ValueError: if a size is not positive.
  """
  for name, size in (
      ('num_units', num_units), ('top_k', top_k), ('num_bins', num_bins),
  ):  # fmt: skip
    checks.count(name, size)
  zeros = functools.partial(jnp.zeros, dtype=jnp.int32)
  return Statistics(
      zeros(()), zeros(num_units), jnp.zeros(num_units, dtype),
      jnp.zeros(num_units, dtype),
      jnp.full((num_units, top_k), -jnp.inf, dtype),
      jnp.full((num_units, top_k), -1, jnp.int32), zeros((num_units, num_bins)),
  )  # fmt: skip


def update(
    statistics: Statistics,
    values: jax.Array,
    examples: jax.Array,
    *,
    low: jax.typing.ArrayLike = 0.0,
    high: jax.typing.ArrayLike = 1.0,
) -> Statistics:
  """Adds what examples show.

  Args:
    statistics: so far.
    values: [n, U].
    examples: int [n], ids for `where`, the same for tokens of one text.
    low: where the histogram begins, [] or of each unit [U]; values below fall
      into the first bin.
    high: where it ends, likewise; values from there on fall into the last.

  Raises:
    ValueError: if shapes do not fit, a value is NaN, an id no integer, or high
      is not above low.
  """
  units, size = statistics.histogram.shape
  checks.shape('values', values, 'n', U=units)
  checks.within('values', values, -np.inf, np.inf)  # no NaN
  checks.shape('examples', examples, n=len(values))
  checks.indices('examples', examples, 2**31)
  for name, end in (('low', low), ('high', high)):
    if jnp.ndim(end):
      checks.shape(name, end, U=units)
  if all(map(checks.is_concrete, (low, high))) and not np.all(
      np.less(low, high)
  ):
    raise ValueError(f'high must be above low={low}, got {high}.')
  values = values.astype(statistics.mean.dtype)
  count = jnp.int32(len(values))
  mean = jnp.mean(values, 0) if len(values) else statistics.mean
  low, high = (
      jnp.asarray(end, values.dtype).reshape(1, -1) for end in (low, high)
  )
  share = (values - low) / (high - low)
  bins = jnp.floor(share * size).astype(jnp.int32)
  bins = jnp.clip(bins, 0, size - 1)
  histogram = jax.vmap(
      lambda row: jnp.zeros(size, jnp.int32).at[row].add(1), 1
  )(bins)
  seen = Statistics(
      count, jnp.sum(values > 0, 0, dtype=jnp.int32), mean,
      jnp.sum(jnp.square(values - mean[None]), 0),
      *_top(values.T, jnp.broadcast_to(examples[None], values.T.shape),
            statistics.top.shape[1]),
      histogram,
  )  # fmt: skip
  return merge(statistics, seen)


def merge(a: Statistics, b: Statistics) -> Statistics:
  """Returns the statistics of the examples of both; associative.

  Means and squares by Chan, Golub & LeVeque (1979). Counts hold 2^31 - 1.

  Raises:
    ValueError: if they were made with other sizes.
  """
  for name in ('top', 'histogram'):
    size = getattr(a, name).shape
    checks.shape(name, getattr(b, name), units=size[0], columns=size[1])
  total = a.count + b.count
  share = b.count.astype(a.mean.dtype) / jnp.maximum(total, 1)
  apart = b.mean - a.mean
  squares = a.squares + b.squares + jnp.square(apart) * a.count * share
  top, where = (
      jnp.concatenate([x, y], 1)
      for x, y in ((a.top, b.top), (a.where, b.where))
  )
  return Statistics(
      total, a.active + b.active, a.mean + apart * share, squares,
      *_top(top, where, a.top.shape[1]), a.histogram + b.histogram,
  )  # fmt: skip


def quantile(
    statistics: Statistics,
    q: float,
    *,
    low: jax.typing.ArrayLike = 0.0,
    high: jax.typing.ArrayLike = 1.0,
) -> jax.Array:
  """Returns the value [U] below which a share q lies, to a bin's width.

  Args:
    statistics: of at least one example; NaN of none.
    q: in [0, 1].
    low: as given to `update`.
    high: likewise.

  Raises:
    ValueError: if q is out of range.
  """
  if not 0 <= q <= 1:
    raise ValueError(f'q must be in [0, 1], got {q}.')
  size = statistics.histogram.shape[1]
  low, high = (jnp.asarray(end, statistics.mean.dtype) for end in (low, high))
  below = jnp.cumsum(statistics.histogram, 1)
  wanted = q * statistics.count
  place = jnp.argmax(below >= jnp.maximum(wanted, 1), 1)
  inside = jnp.take_along_axis(statistics.histogram, place[:, None], 1)[:, 0]
  before = jnp.take_along_axis(below, place[:, None], 1)[:, 0] - inside
  part = (wanted - before) / jnp.maximum(inside, 1)
  value = low + (high - low) * (place + jnp.clip(part, 0, 1)) / size
  return jnp.where(statistics.count > 0, value, jnp.nan)


def _top(values, where, count):
  """Returns the greatest values of each row, and their ids; first ones win."""
  values = values.astype(jnp.result_type(values, jnp.float32))
  missing = max(0, count - values.shape[1])
  values = jnp.pad(values, ((0, 0), (0, missing)), constant_values=-jnp.inf)
  where = jnp.pad(where, ((0, 0), (0, missing)), constant_values=-1)
  top, place = jax.lax.top_k(values, count)
  return top, jnp.take_along_axis(where, place, 1).astype(jnp.int32)
