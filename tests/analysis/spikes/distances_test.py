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

  def test_smoothed_is_a_full_convolution_by_neuron_and_in_sum(self):
    spikes, target = np.random.default_rng(0).random((2, 60, 3)) < 0.2
    kernel = distances.gaussian_kernel(21)
    found = distances.smoothed(1.0 * spikes, 1.0 * target, kernel)
    curves = np.stack(
        [
            np.convolve(a, kernel) - np.convolve(b, kernel)
            for a, b in zip(1.0 * spikes.T, 1.0 * target.T, strict=True)
        ]
    )
    np.testing.assert_allclose(
        found.per_neuron, np.mean(curves**2, 1), rtol=1e-4
    )
    aggregate = np.mean(curves.sum(0) ** 2) / 3
    np.testing.assert_allclose(found.aggregate, aggregate, rtol=1e-4)

  def test_aggregate_does_not_see_who_fires(self):
    spikes = jnp.asarray(np.random.default_rng(1).random((60, 3)) < 0.2, float)
    kernel = distances.gaussian_kernel()
    found = distances.smoothed(spikes, spikes[:, [1, 2, 0]], kernel)
    np.testing.assert_allclose(found.aggregate, 0, atol=1e-9)
    self.assertGreater(float(found.per_neuron.sum()), 0)

  def test_one_spike_has_the_energy_of_the_kernel(self):
    kernel = distances.gaussian_kernel()
    self.assertEqual(kernel.shape, (100,))
    # Standard deviation 10 in x: 24.75 of the steps of 40 / 99.
    self.assertAlmostEqual(kernel[0], np.exp(-2))
    one = jnp.zeros((300, 2)).at[100, 0].set(1.0)
    found = distances.smoothed(one, 0 * one, kernel)
    np.testing.assert_allclose(
        found.per_neuron, [np.sum(kernel**2) / 399, 0], rtol=1e-5
    )

  def test_bad_input(self):
    with self.assertRaisesRegex(ValueError, r'and the kernel \[K\]'):
      distances.smoothed(jnp.zeros((3, 1)), jnp.zeros((3, 2)), np.ones(2))
    with self.assertRaisesRegex(ValueError, r'trains must both be \[T, N\]'):
      distances.van_rossum(jnp.zeros((3, 1)), jnp.zeros((3, 2)), tau=1.0)
    with self.assertRaisesRegex(ValueError, 'must be positive'):
      distances.van_rossum(jnp.zeros((3, 1)), jnp.zeros((3, 1)), tau=0.0)


if __name__ == '__main__':
  absltest.main()
