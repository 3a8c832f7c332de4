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
    # Nothing was swept: there is nothing to choose.
    self.assertEqual(train.choose(score, (), starts), ((), 0))

  def test_chooses_by_the_last_of_a_history(self):
    steps = np.array([0, 5])
    values = lambda *rows: (steps, np.array(rows))
    history = {
        'right/0': values([9.0, 9.0], [0.0, 0.5]),
        'right/1': values([0.0, 0.0], [0.9, 0.0]),
        'right/task_1/1': values([0.0, 0.0], [0.1, 0.2]),
        'loss/0': values([2.0, 2.0], [1.0, 1.0]),
    }
    best, own = train.choose_by(history, 'right')
    self.assertEqual(best, 1)
    self.assertEqual(own.keys(), {'right', 'right/task_1'})
    np.testing.assert_array_equal(own['right'][1][-1], [0.9, 0.0])
    with self.assertRaisesRegex(ValueError, 'with wrong/0 in its history'):
      train.choose_by(history, 'wrong')

  def test_ends_are_those_of_each_hyperparameter(self):
    tried = [(rate, c) for rate in (3.0, 1.0, 2.0) for c in (0.0,)]
    self.assertTrue(train.at_an_end((1.0, 0.0), tried))
    self.assertTrue(train.at_an_end((3.0, 0.0), tried))
    self.assertFalse(train.at_an_end((2.0, 0.0), tried))
    self.assertFalse(train.at_an_end((2.0, 0.0), [(2.0, 0.0)]))


if __name__ == '__main__':
  absltest.main()
