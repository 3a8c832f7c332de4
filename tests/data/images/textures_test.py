"""Still textures: whitened, generated, or a user's."""

from absl.testing import absltest
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.data.images import textures


class TexturesTest(absltest.TestCase):

  def test_whitening_flattens_one_over_f(self):
    image = textures.whiten(textures.pink(jax.random.key(0), 128))
    power = np.abs(np.fft.fft2(image)) ** 2
    f = np.fft.fftfreq(128)
    radius = np.hypot(f[:, None], f[None])
    ring = lambda low: power[(radius > low) & (radius < low + 0.03)].mean()
    # Rings of hundreds of frequencies: a tenth of noise.
    self.assertAlmostEqual(ring(0.05) / ring(0.15), 1, delta=0.3)
    self.assertLess(ring(0.6), 1e-3 * ring(0.1))

  def test_an_image_of_one_grey_is_refused(self):
    with self.assertRaisesRegex(ValueError, 'pixels that differ'):
      textures.whiten(jnp.zeros((8, 8)))

  def test_own_images_are_whitened_and_others_generated(self):
    path = self.create_tempfile('mine.npy').full_path
    images = np.random.default_rng(0).normal(size=(3, 16, 16))
    np.save(path, images)
    own = textures.load(path, 2, 128, 8)
    expected = textures.whiten(jnp.asarray(images[1], jnp.float32))
    np.testing.assert_allclose(own[1], expected, rtol=1e-5, atol=1e-6)
    self.assertEqual(textures.load('', 2, 32, 8).shape, (2, 32, 32))

  def test_a_cloud_goes_where_its_velocity_points(self):
    cloud = textures.cloud_along([-0.3, 0.4], frequency=0.1)
    self.assertAlmostEqual(cloud.speed, 0.5)
    self.assertAlmostEqual(np.cos(cloud.direction), -0.6)
    self.assertAlmostEqual(np.sin(cloud.direction), 0.8)
    self.assertEqual(cloud.frequency, 0.1)


if __name__ == '__main__':
  absltest.main()
