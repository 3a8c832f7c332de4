"""Values of a sweep, picked and chosen."""

from absl.testing import absltest
import jax.numpy as jnp
import numpy as np

from nmlib import train


class SweepTest(absltest.TestCase):

  def test_takes_one_value_or_one_a_seed(self):
    tree = {'a': jnp.arange(6).reshape(2, 3), 'b': jnp.ones((2, 3, 4))}
    np.testing.assert_array_equal(train.take(tree, 1)['a'], [1, 4])
    np.testing.assert_array_equal(train.take(tree, [2, 0])['a'], [2, 3])
    self.assertEqual(train.take(tree, 1)['b'].shape, (2, 4))
    self.assertEqual(train.take((), 1), ())

  def test_chooses_what_is_best_in_the_mean_over_seeds(self):
    # Value 2 is best of seed 0 alone, value 1 in the mean.
    tree = {'x': jnp.array([[0.0, 3.0, 4.0], [0.0, 3.0, 1.0]])}
    starts = jnp.array([10.0, 20.0])
    score = lambda tree, start: tree['x'] + 0 * start
    found, best = train.choose(score, tree, starts)
    self.assertEqual(best, 1)
    np.testing.assert_array_equal(found['x'], [3.0, 3.0])
    away = lambda tree, start: -jnp.abs(tree['x'] + start - 11)
    # Means over seeds of -|x + start - 11|: -5, -7, -6.5.
    self.assertEqual(train.choose(away, tree, starts)[1], 0)


if __name__ == '__main__':
  absltest.main()
