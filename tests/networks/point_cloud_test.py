"""The classifier of point clouds."""

from absl.testing import absltest
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.networks import point_cloud


class PointCloudTest(absltest.TestCase):

  def test_order_and_repetition_of_points_do_not_matter(self):
    params = point_cloud.init(jax.random.key(0), 4, 5)
    points = jax.random.normal(jax.random.key(1), (7, 3))
    expected = point_cloud.apply(params, points)
    self.assertEqual(expected.shape, (5,))
    other = points[np.array([3, 1, 0, 2, 6, 5, 4, 4])]
    np.testing.assert_allclose(
        point_cloud.apply(params, other), expected, rtol=1e-5, atol=1e-6
    )

  def test_one_point_is_a_perceptron(self):
    params = point_cloud.init(jax.random.key(0), 4, 5)
    x = np.array([0.5, -1.0, 2.0], np.float32)
    for layer in params[:-1]:
      x = np.maximum(x @ layer.kernel + layer.bias, 0)
    expected = x @ params[-1].kernel + params[-1].bias
    ours = point_cloud.apply(params, jnp.array([[0.5, -1.0, 2.0]]))
    np.testing.assert_allclose(ours, expected, rtol=1e-5, atol=1e-6)

  def test_bad_size(self):
    with self.assertRaisesRegex(ValueError, 'positive sizes, got .*0'):
      point_cloud.init(jax.random.key(0), 0, 5)


if __name__ == '__main__':
  absltest.main()
