"""Which spikes of two trains belong together: alignment of lists of times.

Lists have a fixed size: spike times in steps, ascending, then -1 (`ABSENT`).
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.core import checks

ABSENT = -1


class Times(NamedTuple):
  """Spikes of neurons as lists."""

  times: jax.Array  # [N, P], int32, ascending, then ABSENT
  dropped: jax.Array  # [], int32: spikes beyond the capacity


class Pairing(NamedTuple):
  """Of two lists; an unpaired spike and a place without one have ABSENT."""

  partner: jax.Array  # [P], int32: place in the second list
  other_partner: jax.Array  # [Q], int32: place in the first list
  cost: jax.Array  # [], int32


def spike_times(spikes: jax.Array, capacity: int) -> Times:
  """Returns the times of each neuron's first `capacity` spikes.

  Args:
    spikes: [T, N], nonzero where a neuron fires.
    capacity: P.

  Raises:
    ValueError: if spikes are not [T, N], or the capacity is not positive.
  """
  checks.shape('spikes', spikes, 'T', 'N')
  checks.count('capacity', capacity)
  fired = spikes != 0
  # The place of a spike in its list; those beyond the end are dropped.
  place = jnp.where(fired, jnp.cumsum(fired, 0) - 1, capacity)
  rows = jnp.arange(spikes.shape[1])[None]
  steps = jnp.arange(spikes.shape[0], dtype=jnp.int32)[:, None]
  empty = jnp.full((spikes.shape[1], capacity), ABSENT, jnp.int32)
  times = empty.at[rows, place].set(steps, mode='drop')
  kept = jnp.sum(times != ABSENT, dtype=jnp.int32)
  return Times(times, jnp.sum(fired, dtype=jnp.int32) - kept)


def pair(
    times: jax.Array, others: jax.Array, max_distance: jax.Array | int
) -> Pairing:
  r"""Pairs the spikes of two lists, in order, at the least cost.

  .. math::
    D_{ij} = \min(D_{i-1,j-1} + |t_i - u_j|,\ D_{i-1,j} + a,\ D_{i,j-1} + a),
    \quad a = m + 1

  where a pair may be at most m apart, and a spike without a partner costs a.
  Of equal costs the way back from the ends prefers a pair, then to leave out
  one of `times`: as the code of Bagley et al. (arXiv 1810.03199). Skipping one
  of each, their fourth choice, costs as much as two skips.

  Args:
    times: [P], as `spike_times` makes them.
    others: [Q].
    max_distance: m, steps, at least 0.

  Raises:
    ValueError: if a list is not one of whole numbers on one axis, or, where
      it can be seen, does not ascend; or the distance is negative, or so large
      that costs exceed 32 bits.
  """
  for name, value in (('times', times), ('others', others)):
    checks.shape(name, value, 'P')
    if not jnp.issubdtype(value.dtype, jnp.integer):
      raise ValueError(f'{name} must be whole numbers, got {value.dtype}.')
    _check_order(name, value)
  times, others = (jnp.asarray(one, jnp.int32) for one in (times, others))
  most = _MOST // (times.size + others.size + 3) - 1
  if checks.is_concrete(max_distance) and not 0 <= max_distance <= most:
    raise ValueError(
        f'max_distance must be in [0, {most}] for lists of {times.size} and'
        f' {others.size} spikes, got {max_distance}.'
    )
  skip = jnp.asarray(max_distance, jnp.int32) + 1
  counts = jnp.sum(times != ABSENT), jnp.sum(others != ABSENT)
  costs, moves = _table(times, others, skip)
  partners = _way_back(moves, counts, times.shape[0], others.shape[0])
  return Pairing(*partners, costs[counts])


def _check_order(name, times) -> None:
  """Refuses times that do not ascend, or are followed by more after ABSENT."""
  if not checks.is_concrete(times):
    return
  times = np.asarray(times).astype(np.int64)
  count = np.sum(times != ABSENT)
  if (times[:count] < 0).any() or (np.diff(times[:count]) < 0).any():
    raise ValueError(
        f'{name} must ascend from 0 on, then be {ABSENT} where there is none,'
        f' got {times.tolist()}.'
    )


_PAIR, _SKIP, _SKIP_OTHER = 0, 1, 2
_MOST = 2**31 - 1  # of a cost


def _table(times, others, skip):
  """Returns costs [P+1, Q+1], and the moves that end there [P+1, Q+1]."""
  edge = skip * jnp.arange(others.shape[0] + 1, dtype=jnp.int32)

  def row(above, time):
    gap = jnp.abs(time - others)
    paired = above[:-1] + jnp.where(gap < skip, gap, 3 * skip)
    best = jnp.minimum(above[1:] + skip, paired)
    best = jnp.append(above[:1] + skip, best)
    # Skips of others run along the row: a running minimum, less their cost.
    costs = jax.lax.cummin(best - edge) + edge
    pairs = (costs[1:] == paired) & (gap < skip)
    skips = costs == above + skip
    move = jnp.where(skips, _SKIP, _SKIP_OTHER)
    return costs, (costs, move.at[1:].set(jnp.where(pairs, _PAIR, move[1:])))

  _, (costs, moves) = jax.lax.scan(row, edge, times)
  first = jnp.full((1, len(edge)), _SKIP_OTHER, moves.dtype)
  return jnp.concatenate([edge[None], costs]), jnp.concatenate([first, moves])


def _way_back(moves, counts, size, other_size):
  """Returns the partners of both lists, from the moves."""
  absent = lambda n: jnp.full(n, ABSENT, jnp.int32)

  def back(carry, _):
    i, j, partner, other = carry
    inside = (i > 0) | (j > 0)
    move = moves[i, j]
    pairs = inside & (move == _PAIR)
    # Where they do not pair, the place after the last one is written.
    partner = partner.at[jnp.where(pairs, i - 1, size)].set(j - 1)
    other = other.at[jnp.where(pairs, j - 1, other_size)].set(i - 1)
    i = i - (inside & (move != _SKIP_OTHER))
    j = j - (inside & (move != _SKIP))
    return (i, j, partner, other), None

  i, j = (count.astype(jnp.int32) for count in counts)
  start = i, j, absent(size + 1), absent(other_size + 1)
  (_, _, partner, other), _ = jax.lax.scan(
      back, start, length=size + other_size
  )
  return partner[:size], other[:other_size]
