"""Two moons lie on their circles."""

from absl.testing import absltest
import jax
import numpy as np

from nmlib.data.tasks import moons


class MoonsTest(absltest.TestCase):

  def test_points_lie_on_half_circles(self):
    points, labels = moons.sample(jax.random.key(0), 200, noise=0.0)
    points, labels = np.asarray(points), np.asarray(labels)
    self.assertBetween(labels.mean(), 0.35, 0.65)
    centres = np.array([[0.0, 0.0], [1.0, 0.5]])[labels]
    radius = np.linalg.norm(points - centres, axis=1)
    np.testing.assert_allclose(radius, 1, rtol=1e-5)
    above = points[:, 1] - centres[:, 1]
    self.assertTrue(np.all((above >= 0) == (labels == 0)))
    noisy, _ = moons.sample(jax.random.key(0), 200, noise=0.2)
    self.assertAlmostEqual(float(np.std(noisy - points)), 0.2, delta=0.03)


if __name__ == '__main__':
  absltest.main()
