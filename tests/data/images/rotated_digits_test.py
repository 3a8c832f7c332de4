"""Digits in several modes."""

from absl.testing import absltest
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.data.images import digits
from nmlib.data.images import rotated_digits


class RotatedDigitsTest(absltest.TestCase):

  def test_modes_are_the_same_images_turned(self):
    parts = digits.small(40, 20)
    split = rotated_digits.make(parts, (0.0, 90.0, 45.0))
    self.assertEqual(split.train.images.shape, (3, 40, 8, 8))
    np.testing.assert_array_equal(split.train.images[0], parts.train.images)
    np.testing.assert_array_equal(
        split.test.images[1], np.rot90(parts.test.images, axes=(1, 2))
    )
    np.testing.assert_array_equal(
        split.validation.labels, parts.validation.labels
    )
    flat = rotated_digits.make(parts, (0.0, 90.0, 45.0), flat=True)
    np.testing.assert_array_equal(
        flat.train.images, split.train.images.reshape(3, 40, 64)
    )

  def test_sample_shows_each_mode_that_is_asked(self):
    part = rotated_digits.make(digits.small(40, 20), (0.0, 90.0)).train
    modes = jnp.arange(200) % 2
    batch = rotated_digits.sample(jax.random.key(0), part, modes)
    np.testing.assert_array_equal(batch.modes, modes)
    known = [
        {
            np.asarray(x).tobytes(): int(y)
            for x, y in zip(i, part.labels, strict=True)
        }
        for i in part.images
    ]
    for image, label, mode in zip(*batch, strict=True):
      self.assertEqual(known[int(mode)][np.asarray(image).tobytes()], label)
    self.assertGreater(len({np.asarray(x).tobytes() for x in batch.images}), 60)


if __name__ == '__main__':
  absltest.main()
