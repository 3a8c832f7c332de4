"""Shapes and indices are refused in a sentence, where they can be seen."""

from absl.testing import absltest
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.core import checks


class ChecksTest(absltest.TestCase):

  def test_shape(self):
    checks.shape('inputs', np.zeros((7, 3)), 'T', num_inputs=3)
    checks.shape('inputs', jnp.zeros(3), num_inputs=3)
    for wrong in ((7, 4), (3,), (2, 7, 3)):
      with self.assertRaisesRegex(
          ValueError, r'inputs must be \[T, num_inputs=3\], got shape \[\d'
      ):
        checks.shape('inputs', np.zeros(wrong), 'T', num_inputs=3)

  def test_what_has_no_shape(self):
    with self.assertRaisesRegex(ValueError, r'an array \[T\], got a list'):
      checks.shape('tokens', [1, 2], 'T')

  def test_indices(self):
    checks.indices('tokens', np.array([0, 2]), 3)
    checks.indices('tokens', np.zeros((0,), int), 3)
    with self.assertRaisesRegex(
        ValueError, r'tokens must be in \[0, 3\), got 7 at \[1, 0\]\.'
    ):
      checks.indices('tokens', jnp.array([[0], [7]]), 3)
    with self.assertRaisesRegex(ValueError, r'got -1 at \[\]\.'):
      checks.indices('tokens', jnp.array(-1), 3)
    with self.assertRaisesRegex(ValueError, 'integers, got float32'):
      checks.indices('tokens', jnp.zeros(3), 3)

  def test_counts(self):
    checks.count('rank', np.int64(1))
    checks.count('delay', jnp.array(0), 0)
    with self.assertRaisesRegex(ValueError, 'rank must be at least 1, got 0.'):
      checks.count('rank', 0)
    for value in (1.5, 2.0, True, '3', None, np.array([1, 2])):
      with self.assertRaisesRegex(ValueError, 'rank must be a whole number'):
        checks.count('rank', value)

  def test_numbers_and_probabilities(self):
    checks.within('phi', np.array([0.0, 1.0]), 0, 1)
    with self.assertRaisesRegex(
        ValueError, r'phi must be in \[0, 1\], got nan at \[1\]\.'
    ):
      checks.within('phi', jnp.array([0, jnp.nan]), 0, 1)
    checks.probabilities('odds', np.full((2, 3), 1 / 3, np.float32))
    with self.assertRaisesRegex(ValueError, r'got 0\.9 at \[1\]\.'):
      checks.probabilities('odds', np.array([[0.5, 0.5], [0.5, 0.4]]))
    with self.assertRaisesRegex(ValueError, r'got -1\.0 at \[0\]\.'):
      checks.probabilities('odds', np.array([-1.0, 2.0]))

  def test_traced_indices_are_not_seen(self):
    jax.jit(lambda x: checks.indices('tokens', x, 3))(jnp.array([7]))


if __name__ == '__main__':
  absltest.main()
