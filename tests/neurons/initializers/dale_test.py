"""Excitatory and inhibitory units: signs, balance, heavy tails."""

from absl.testing import absltest
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.initializers import dale


class DaleTest(absltest.TestCase):

  def test_dale_signs_and_balance(self):
    matrix = dale.half_normal(jax.random.key(0), 80, 20, match=None)
    signs = np.where(np.arange(100) < 80, 1, -1)
    dale.check_signs(np.asarray(matrix), signs)
    sums = np.asarray(matrix.sum(1))
    # Expected row sum 0; each row's deviation is about gain sqrt(2).
    self.assertLess(abs(sums.mean()), 5 * sums.std() / 10)
    with self.assertRaisesRegex(ValueError, 'column 3 .* 1 columns do'):
      dale.check_signs(
          np.asarray(matrix).copy(),
          np.where(np.arange(100) == 3, -signs, signs),
      )

  def test_random_signs_are_so_many_somewhere(self):
    draws = [dale.random_signs(jax.random.key(i), 50, 10) for i in range(2)]
    for signs in draws:
      self.assertEqual(int((signs == -1).sum()), 10)
      self.assertEqual(int((signs == 1).sum()), 40)
    self.assertFalse(np.array_equal(draws[0], draws[1]))
    with self.assertRaisesRegex(ValueError, r'in \[0, 3\], got 4'):
      dale.random_signs(jax.random.key(0), 3, 4)

  def test_log_normal_weights(self):
    matrix = np.asarray(dale.log_normal(jax.random.key(0), 160, 40, match=None))
    signs = np.where(np.arange(200) < 160, 1, -1)
    dale.check_signs(matrix, signs)
    logs = np.log(np.abs(matrix[:, :160]))
    # 32,000 draws: a standard error of 0.4 %.
    self.assertAlmostEqual(logs.std(), 0.94, delta=0.02)
    # Inhibitory columns are 4 times stronger.
    ratio = np.median(-matrix[:, 160:]) / np.median(matrix[:, :160])
    self.assertAlmostEqual(ratio, 4, delta=0.25)

  def test_projection_is_the_nearest_that_keeps_dales_law(self):
    signs = jnp.array([1, -1, 1])
    weights = jnp.array([[1.0, 2.0, -3.0], [0.0, -1.0, 4.0], [-1, -2, 0.5]])
    found = dale.project(weights, signs)
    np.testing.assert_array_equal(found, [[1, 0, 0], [0, -1, 4], [0, -2, 0.5]])
    dale.check_signs(np.asarray(found), np.asarray(signs))

  def test_signs_of_columns(self):
    matrix = jnp.array([[1.0, 0, -2, 0], [3, 1, -1, 0], [-1, 0, 0, 0]])
    signs = dale.column_signs(matrix)
    np.testing.assert_array_equal(signs, [0, 1, -1, 0])
    # Columns of mixed signs, or of none, are free.
    turned = dale.project(-jnp.ones((2, 4)), signs)
    np.testing.assert_array_equal(turned, [[-1, 0, -1, -1]] * 2)
    with self.subTest('of three products at once'):
      both = dale.project(jnp.stack([matrix, -matrix]), signs)
      np.testing.assert_array_equal(both[0], matrix)

  def test_signs_that_are_none(self):
    with self.assertRaisesRegex(ValueError, r'\+1 or -1'):
      dale.check_signs(np.eye(3), np.array([1, 0, 1]))

  def test_bad_deviation(self):
    with self.assertRaisesRegex(ValueError, 'deviation must be positive'):
      dale.log_normal(jax.random.key(0), 4, 1, deviation=0.0)

  def test_a_sign_without_units(self):
    with self.assertRaisesRegex(ValueError, 'got 5 and 0'):
      dale.half_normal(jax.random.key(0), 5, 0)


if __name__ == '__main__':
  absltest.main()
