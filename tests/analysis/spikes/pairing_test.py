"""Pairing of spikes: brute force, the authors' way back, invariants."""

import functools
import itertools

from absl.testing import absltest
import hypothesis
from hypothesis import strategies as st
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.analysis.spikes import distances
from nmlib.analysis.spikes import pairing

_lists = st.lists(st.integers(0, 40), max_size=6, unique=True).map(sorted)
_pair = jax.jit(pairing.pair)


def _padded(times, size=8):
  filled = np.full(size, pairing.ABSENT, np.int32)
  filled[: len(times)] = times
  return jnp.asarray(filled)


def _least_cost(times, others, reach):
  """Least cost of all monotone matchings."""
  best = np.inf
  for n in range(min(len(times), len(others)) + 1):
    for chosen in itertools.combinations(times, n):
      for partners in itertools.combinations(others, n):
        gaps = np.abs(np.subtract(chosen, partners))
        if np.all(gaps <= reach):
          lone = len(times) + len(others) - 2 * n
          best = min(best, gaps.sum() + (reach + 1) * lone)
  return best


def _authors_pairs(times, others, reach):
  """The pairs that the authors' table and way back give."""
  a = reach + 1
  table = np.zeros((len(times) + 1, len(others) + 1))
  table[:, 0], table[0] = a * np.arange(len(table)), a * np.arange(
      table.shape[1]
  )
  match = lambda i, j: abs(times[i - 1] - others[j - 1])
  for i, j in itertools.product(
      range(1, table.shape[0]), range(1, table.shape[1])
  ):
    gap = match(i, j)
    table[i, j] = min(
        table[i - 1, j - 1] + (gap if gap <= reach else 3 * a),
        table[i - 1, j] + a,
        table[i, j - 1] + a,
        table[i - 1, j - 1] + 2 * a,
    )
  i, j, pairs = len(times), len(others), []
  while i and j:
    gap = match(i, j)
    if gap <= reach and table[i, j] == table[i - 1, j - 1] + gap:
      pairs.append((i - 1, j - 1))
      i, j = i - 1, j - 1
    elif table[i, j] == table[i - 1, j] + a:
      i -= 1
    elif table[i, j] == table[i, j - 1] + a:
      j -= 1
    else:
      i, j = i - 1, j - 1
  return sorted(pairs)


class PairingTest(absltest.TestCase):

  @hypothesis.given(_lists, _lists, st.integers(0, 15))
  @hypothesis.settings(max_examples=60)
  def test_cost_is_the_least_and_pairs_are_the_authors(self, a, b, reach):
    found = _pair(_padded(a), _padded(b), reach)
    self.assertEqual(int(found.cost), _least_cost(a, b, reach))
    pairs = [(i, int(j)) for i, j in enumerate(found.partner) if j >= 0]
    self.assertEqual(pairs, _authors_pairs(a, b, reach))
    back = [(int(i), j) for j, i in enumerate(found.other_partner) if i >= 0]
    self.assertEqual(sorted(pairs), sorted(back))

  @hypothesis.given(_lists, _lists, st.integers(0, 15))
  @hypothesis.settings(max_examples=30)
  def test_cost_is_symmetric_and_blind_to_padding(self, a, b, reach):
    cost = int(_pair(_padded(a), _padded(b), reach).cost)
    self.assertEqual(int(_pair(_padded(b), _padded(a), reach).cost), cost)
    self.assertEqual(int(_pair(_padded(a, 11), _padded(b), reach).cost), cost)
    same = _pair(_padded(a), _padded(a), reach)
    self.assertEqual(int(same.cost), 0)
    np.testing.assert_array_equal(same.partner[: len(a)], np.arange(len(a)))

  @hypothesis.given(_lists, st.data())
  @hypothesis.settings(max_examples=30)
  def test_is_victor_and_purpuras_where_no_shift_is_too_long(self, a, data):
    # Each spike is moved by at most 1, and at least 5 apart from the next.
    a = np.asarray(a, int) * 5
    shifts = data.draw(st.lists(st.integers(-1, 1), min_size=6, max_size=6))
    keep = data.draw(st.lists(st.booleans(), min_size=6, max_size=6))
    b = (a + np.array(shifts[: len(a)], int))[np.array(keep[: len(a)], bool)]
    b = np.maximum(b, 0)
    cost = _pair(_padded(a), _padded(b), 2).cost
    expected = 3 * distances.victor_purpura(a, b, 1 / 3)
    self.assertAlmostEqual(float(cost), expected, places=5)

  def test_times_list_spikes_and_count_those_beyond(self):
    spikes = np.random.default_rng(0).random((50, 4)) < [0.0, 0.05, 0.3, 1.0]
    found = jax.jit(functools.partial(pairing.spike_times, capacity=20))(spikes)
    for row, column in zip(found.times, spikes.T, strict=True):
      expected = np.flatnonzero(column)[:20]
      np.testing.assert_array_equal(row[: len(expected)], expected)
      np.testing.assert_array_equal(row[len(expected) :], pairing.ABSENT)
    beyond = np.maximum(spikes.sum(0) - 20, 0).sum()
    self.assertEqual(int(found.dropped), beyond)
    self.assertGreater(beyond, 0)

  def test_bad_input(self):
    with self.assertRaisesRegex(
        ValueError, 'max_distance must be in .0, .* got -1'
    ):
      pairing.pair(_padded([1]), _padded([2]), -1)
    with self.assertRaisesRegex(ValueError, 'must be whole numbers'):
      pairing.pair(jnp.zeros(3), _padded([2]), 1)
    with self.assertRaisesRegex(ValueError, r'spikes must be .T, N'):
      pairing.spike_times(jnp.zeros(3), 2)


if __name__ == '__main__':
  absltest.main()
