"""A word repeated: its period, what can be known, and windows of a stream."""

import math

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.data.tasks import fact_repetition as task

_CONFIG = task.Config()


class FactRepetitionTest(parameterized.TestCase):

  def test_sequences_are_a_fixed_start_and_copies_of_a_uniform_word(self):
    keys = jax.random.split(jax.random.key(0), 4000)
    drawn = np.asarray(jax.vmap(lambda key: task.sequence(key, _CONFIG))(keys))
    self.assertEqual(drawn.shape, (4000, 77))
    self.assertTrue((drawn[:, :13] == 26 + np.arange(13)[None] % 6).all())
    words = drawn[:, 13:].reshape(-1, 8, 8)
    self.assertTrue((words == words[:, :1]).all())
    counts = np.bincount(words[:, 0].ravel(), minlength=26)
    self.assertLen(counts, 26)  # no symbol of the warm-up
    # 32,000 draws: 1231 of each letter, give or take five deviations of 34.
    np.testing.assert_allclose(counts, 32_000 / 26, atol=5 * 34.4)

  def test_copies_and_the_least_loss_by_hand(self):
    copies, least = task.copies(_CONFIG), task.least_loss(_CONFIG)
    # 12 targets of the warm-up, then 8 of each copy.
    np.testing.assert_array_equal(np.bincount(copies), [12, *[8] * 8])
    np.testing.assert_array_equal(least > 0, copies == 1)
    self.assertAlmostEqual(least.mean(), 8 * math.log(26) / 76)  # 0.343
    # Whoever forgets at once knows no letter: 2.744.
    never = task.least_loss(_CONFIG, 1)
    self.assertAlmostEqual(never.mean(), 64 * math.log(26) / 76)
    # Windows of 19 see 7 new letters each: the eighth was read.
    forgets = task.least_loss(_CONFIG, 19)
    self.assertAlmostEqual(forgets.mean(), 28 * math.log(26) / 76)
    np.testing.assert_array_equal(
        np.flatnonzero(forgets[38:]), [*range(7), *range(19, 26)]
    )

  @parameterized.parameters(76, 19, 4)
  def test_what_costs_nothing_can_be_looked_up(self, window):
    """A predictor that only looks back, in its window, is right there."""
    config = task.Config(num_letters=1000, num_symbols=3)
    tokens = np.asarray(task.sequence(jax.random.key(1), config))
    least = task.least_loss(config, window)
    for i, cost in enumerate(least):
      seen = tokens[i // window * window : i + 1]
      later = tokens[i + 1]
      self.assertEqual(cost > 0, later < 1000 and later not in seen)

  def test_windows_of_a_stream_join_to_sequences(self):
    read = jax.jit(
        lambda step: task.windows(jax.random.key(3), step, 2, 19, _CONFIG)
    )
    batches = [read(jnp.int32(step)) for step in range(8)]
    joined = jax.tree.map(lambda *b: np.concatenate(b, 1), *batches)
    tokens = joined['tokens'].reshape(2, 2, 76)  # [row, sequence, t]
    targets = joined['targets'].reshape(2, 2, 76)
    np.testing.assert_array_equal(tokens[..., 1:], targets[..., :-1])
    np.testing.assert_array_equal(targets[..., 20:], targets[..., 12:-8])
    self.assertLen(np.unique(targets[..., 12:20].reshape(4, 8), axis=0), 4)
    np.testing.assert_array_equal(np.flatnonzero(joined['reset'][1]), [0, 76])
    again = read(jnp.int32(5))
    jax.tree.map(np.testing.assert_array_equal, again, batches[5])

  def test_windows_that_do_not_divide_are_refused(self):
    with self.assertRaisesRegex(ValueError, 'windows of 20 .* the 76 predict'):
      task.windows(jax.random.key(0), jnp.int32(0), 1, 20, _CONFIG)

  def test_a_window_of_nothing_is_refused(self):
    with self.assertRaisesRegex(ValueError, 'window must be at least 1, got 0'):
      task.least_loss(_CONFIG, 0)


if __name__ == '__main__':
  absltest.main()
