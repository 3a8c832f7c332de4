"""Exchanges of classes on a stream: when, which, and what labels then mean."""

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.data.tasks import concept_shift
from nmlib.plasticity import self_regulation


class ConceptShiftTest(parameterized.TestCase):

  @parameterized.parameters(
      (24, 4, [6, 12, 18, 24]),  # as the authors' program did
      (24, 0, []),
      (24, 1, [24]),
      (24, 24, [*range(2, 25)]),  # never after the first
      (24, 7, [17]),  # of floor(240 / 7) = 34 only 170 is a minibatch's end
  )
  def test_when(self, num_batches, swaps, after):
    for given in (swaps, jnp.asarray(swaps)):
      found = concept_shift.due(num_batches, 10, given)
      np.testing.assert_array_equal(np.flatnonzero(found) + 1, after)

  def test_what_comes_after(self):
    # Of 12 minibatches an epoch, classes change after the 6th and the 12th.
    found = concept_shift.after_swaps(range(2, 4), 12, 10, 2)
    np.testing.assert_array_equal(found, [30, 36, 42, 48])
    self.assertEmpty(concept_shift.after_swaps(range(2), 12, 10, 0))

  def test_pairs_are_distinct_where_due_and_uniform(self):
    due = jnp.arange(9000) % 3 > 0
    pairs = np.asarray(concept_shift.pairs(jax.random.key(0), due, 4))
    np.testing.assert_array_equal(pairs[:, 0] != pairs[:, 1], due)
    counts = np.zeros((4, 4))
    np.add.at(counts, tuple(pairs[np.asarray(due)].T), 1)
    # 500 of each of twelve; four standard deviations are 86.
    np.testing.assert_allclose(
        counts[~np.eye(4, dtype=bool)], 500, rtol=0, atol=86
    )

  def test_an_epoch_shows_every_sample_once(self):
    rule = self_regulation.Config(4, (3,), batch_size=5)
    found = concept_shift.epoch(jax.random.key(0), 6, 2, rule)
    np.testing.assert_array_equal(np.sort(found.order, None), np.arange(30))
    self.assertEqual(found.order.shape, (6, 5))
    exchanged = found.swaps[:, 0] != found.swaps[:, 1]
    np.testing.assert_array_equal(exchanged, concept_shift.due(6, 5, 2))
    self.assertEqual(found.coins.shape, (6, rule.num_rates))
    other = concept_shift.epoch(jax.random.key(1), 6, 2, rule)
    self.assertFalse(np.array_equal(found.order, other.order))

  def test_meanings_are_permutations_that_add_up(self):
    pairs = jnp.array([[0, 0], [0, 2], [1, 2], [2, 0], [3, 3]])
    found = concept_shift.permutations(pairs, 4)
    expected = [
        [0, 1, 2, 3], [0, 1, 2, 3], [2, 1, 0, 3], [1, 2, 0, 3], [1, 0, 2, 3],
    ]  # fmt: skip
    np.testing.assert_array_equal(found, expected)

  def test_bad_values(self):
    with self.assertRaisesRegex(ValueError, r'in \[0, 24\].* got 25'):
      concept_shift.due(24, 10, 25)
    with self.assertRaisesRegex(ValueError, 'at least 2, got 1'):
      concept_shift.pairs(jax.random.key(0), jnp.ones(3, bool), 1)


if __name__ == '__main__':
  absltest.main()
