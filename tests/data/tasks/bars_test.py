"""Bars: their superposition, and how often they come."""

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.data.tasks import bars


class BarsTest(parameterized.TestCase):

  def test_templates_are_rows_and_columns(self):
    found = bars.templates(3).reshape(6, 3, 3)
    for i in range(3):
      np.testing.assert_array_equal(np.argwhere(found[i].any(1)), [[i]])
      np.testing.assert_array_equal(np.argwhere(found[3 + i].any(0)), [[i]])
    self.assertEqual(found.sum(), 18)

  def test_a_pixel_is_on_where_any_bar_is_and_never_twice(self):
    draw = lambda key: bars.draw(key, 4, 0.4)
    images = jax.vmap(draw)(jax.random.split(jax.random.key(0), 200))
    pixels = np.asarray(images.pixels).reshape(-1, 4, 4)
    rows, columns = np.split(np.asarray(images.present), 2, 1)
    np.testing.assert_array_equal(
        pixels == 1, rows[:, :, None] | columns[:, None]
    )
    self.assertEqual({*np.unique(pixels)}, {0, 1})

  def test_one_bar_comes_in_the_mean(self):
    draw = lambda key: bars.draw(key, 5).present
    present = jax.vmap(draw)(jax.random.split(jax.random.key(0), 4000))
    # Standard error 0.015.
    np.testing.assert_allclose(present.sum(1).mean(), 1, atol=0.05)

  def test_noise_flips_pixels_and_leaves_the_bars(self):
    def images(noise):
      keys = jax.random.split(jax.random.key(1), 400)
      return jax.vmap(lambda key: bars.draw(key, 5, noise=noise))(keys)

    noisy, clean, inverse = map(images, (0.2, 0.0, 1.0))
    np.testing.assert_array_equal(noisy.present, clean.present)
    flipped = np.asarray(noisy.pixels != clean.pixels)
    # Standard error 0.004.
    np.testing.assert_allclose(flipped.mean(), 0.2, atol=0.016)
    self.assertEqual({*np.unique(noisy.pixels)}, {0, 1})
    np.testing.assert_array_equal(inverse.pixels, 1 - clean.pixels)

  def test_single_names_the_bar_of_images_with_one(self):
    present = jnp.array([[0, 0, 0, 0], [0, 0, 1, 0], [1, 0, 1, 0]], bool)
    np.testing.assert_array_equal(bars.single(present), [-1, 2, -1])

  @parameterized.parameters((1, None, 'size .* got 1'), (5, 1.5, 'got 1.5'))
  def test_bad_values(self, size, probability, message):
    with self.assertRaisesRegex(ValueError, message):
      bars.draw(jax.random.key(0), size, probability)
    with self.assertRaisesRegex(ValueError, 'noise .* got -0.1'):
      bars.draw(jax.random.key(0), 3, noise=-0.1)


if __name__ == '__main__':
  absltest.main()
