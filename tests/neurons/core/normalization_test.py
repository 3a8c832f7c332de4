"""Norms, roots and ratios keep their values, and gain slopes at zero."""

from absl.testing import absltest
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.core import normalization


class NormalizationTest(absltest.TestCase):

  def test_safe_norm_is_the_norm(self):
    x = jax.random.normal(jax.random.key(0), (3, 4))
    for axis in (None, 0, (0, 1)):
      expected = np.sqrt(np.sum(np.square(x), axis))
      norm = normalization.safe_norm(x, axis)
      np.testing.assert_allclose(norm, expected, rtol=1e-6)
    gradient = jax.grad(normalization.safe_norm)(x)
    np.testing.assert_allclose(gradient, x / np.linalg.norm(x), rtol=1e-6)

  def test_safe_norm_has_slope_zero_at_zero(self):
    value, gradient = jax.value_and_grad(normalization.safe_norm)(jnp.zeros(3))
    self.assertEqual(value, 0)
    np.testing.assert_array_equal(gradient, np.zeros(3))

  def test_nan_stays_nan(self):
    self.assertTrue(np.isnan(normalization.safe_norm(jnp.array([jnp.nan]))))
    ratio = normalization.safe_ratio(jnp.float32(1), jnp.float32(jnp.nan))
    self.assertTrue(np.isnan(ratio))

  def test_safe_ratio(self):
    ratio = lambda a, b: normalization.safe_ratio(a, b, 7.0)
    self.assertEqual(ratio(jnp.float32(1), jnp.float32(4)), 0.25)
    value, gradient = jax.value_and_grad(ratio, (0, 1))(
        jnp.float32(0), jnp.float32(0)
    )
    self.assertEqual(value, 7)
    self.assertEqual(gradient, (0, 0))


if __name__ == '__main__':
  absltest.main()
