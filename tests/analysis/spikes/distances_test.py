"""Distances of spike trains: closed forms."""

from absl.testing import absltest
import jax.numpy as jnp
import numpy as np

from nmlib.analysis.spikes import distances


class DistancesTest(absltest.TestCase):

  def test_van_rossum_of_two_and_one_spike(self):
    train = lambda *steps: jnp.zeros((4000, 1)).at[jnp.array(steps), 0].set(1.0)
    far = distances.van_rossum(train(10), train(3000), tau=20.0)
    alone = distances.van_rossum(train(3999), train(10) * 0, tau=20.0)
    gap = distances.van_rossum(train(10), train(30), tau=20.0)
    np.testing.assert_allclose(far, 1, rtol=1e-4)
    np.testing.assert_allclose(alone, 0.5, rtol=1e-6)
    np.testing.assert_allclose(gap, 1 - np.exp(-1), rtol=1e-4)

  def test_victor_purpura_moves_or_replaces(self):
    a, b = np.array([1.0, 5.0]), np.array([1.5])
    self.assertAlmostEqual(distances.victor_purpura(a, b, 1.0), 1.5)
    self.assertAlmostEqual(distances.victor_purpura(a, b, 100.0), 3)
    self.assertAlmostEqual(distances.victor_purpura(a, a, 3.0), 0)

  def test_bad_input(self):
    with self.assertRaisesRegex(ValueError, r'trains must both be \[T, N\]'):
      distances.van_rossum(jnp.zeros((3, 1)), jnp.zeros((3, 2)), tau=1.0)
    with self.assertRaisesRegex(ValueError, 'must be positive'):
      distances.van_rossum(jnp.zeros((3, 1)), jnp.zeros((3, 1)), tau=0.0)


if __name__ == '__main__':
  absltest.main()
