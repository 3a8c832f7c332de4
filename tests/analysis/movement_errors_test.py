"""Errors of movements whose answers are plain."""

from absl.testing import absltest
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.analysis import movement_errors


class MovementErrorsTest(absltest.TestCase):

  def test_known_paths(self):
    target = jnp.linspace(0, 1, 5)[:, None] * jnp.array([[3.0, 4.0]])
    np.testing.assert_allclose(movement_errors.jerkiness(target), 0, atol=1e-6)
    late = 0.5 * target
    self.assertAlmostEqual(
        float(movement_errors.endpoint_error(late, target)), 2.5, 5
    )
    self.assertAlmostEqual(
        float(movement_errors.path_error(late, target)), 1.25, 5
    )
    zigzag = target.at[1::2].add(jnp.array([[0.0, 1.0]]))
    self.assertAlmostEqual(float(movement_errors.jerkiness(zigzag)), 2.0, 5)
    both = jnp.stack([late, zigzag])
    found = movement_errors.path_error(both, jnp.stack([target] * 2))
    np.testing.assert_allclose(found, [1.25, 0.4], rtol=1e-5)
    means = movement_errors.measures(both, jnp.stack([target] * 2))
    expected = {
        'error': (6.25 * 0.375 + 0.4) / 2, 'endpoint error': 1.25,
        'path error': 0.825, 'jerkiness': 1.0,
    }  # fmt: skip
    for name, value in expected.items():
      self.assertAlmostEqual(float(means[name]), value, 4)

  def test_a_perfect_path_has_a_gradient(self):
    path = jnp.ones((4, 2))
    slope = jax.grad(lambda p: movement_errors.path_error(p, path))(path)
    np.testing.assert_array_equal(slope, 0)

  def test_paths_that_do_not_fit_are_refused(self):
    with self.assertRaisesRegex(ValueError, 'path must be'):
      movement_errors.path_error(jnp.ones((4, 2)), jnp.ones((5, 2)))
    with self.assertRaisesRegex(ValueError, 'at least 3 steps'):
      movement_errors.jerkiness(jnp.ones((2, 2)))


if __name__ == '__main__':
  absltest.main()
