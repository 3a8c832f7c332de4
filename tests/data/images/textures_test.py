"""Textures whiten, or say why not."""

from absl.testing import absltest
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.data.images import textures


class TexturesTest(absltest.TestCase):

  def test_white_noise_of_pink_is_flat_below_the_cutoff(self):
    image = textures.whiten(textures.pink(jax.random.key(0), 64))
    self.assertAlmostEqual(float(jnp.std(image)), 1.0, places=5)
    power = np.abs(np.fft.fft2(image)) ** 2
    f = np.fft.fftfreq(64)
    radius = np.hypot(f[:, None], f[None])
    low = power[(radius > 0.02) & (radius < 0.1)].mean()
    high = power[(radius > 0.15) & (radius < 0.2)].mean()
    # About 100 and 280 exponential values a band: 12 % of error, and the
    # filter's own fall to 0.94.
    self.assertBetween(high / low, 0.5, 1.5)

  def test_an_image_of_one_grey_is_refused(self):
    with self.assertRaisesRegex(ValueError, 'pixels that differ'):
      textures.whiten(jnp.zeros((8, 8)))


if __name__ == '__main__':
  absltest.main()
