"""Digits and their rotation."""

import pathlib
from unittest import mock

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nmlib.data import tfds
from nmlib.data.images import digits
from nmlib.data.images import rotation


def _write_idx(path: pathlib.Path, data: np.ndarray):
  header = bytes([0, 0, 8, data.ndim]) + np.array(data.shape, '>i4').tobytes()
  path.write_bytes(header + data.astype(np.uint8).tobytes())


class DigitsTest(parameterized.TestCase):

  def test_fashion_is_asked_of_tfds_by_its_name(self):
    rows = [{'image': np.full((28, 28, 1), 51, np.uint8), 'label': 3}]
    with mock.patch.object(tfds, 'data_source', return_value=rows) as asked:
      parts = digits.mnist('', 0, name='fashion_mnist')
    self.assertEqual(
        [call.args for call in asked.call_args_list],
        [('fashion_mnist', 'train'), ('fashion_mnist', 'test')],
    )
    np.testing.assert_allclose(parts.train.images, 0.2, rtol=1e-6)
    self.assertEqual(parts.test.labels.tolist(), [3])

  def test_embedded_digits_are_whole_and_disjoint(self):
    parts = digits.small(1000, 200)
    sizes = [len(part.labels) for part in parts]
    self.assertSequenceEqual(sizes, (1000, 200, 597))
    labels = np.concatenate([part.labels for part in parts])
    # Known from the data set's description.
    counts = (178, 182, 177, 183, 181, 182, 181, 179, 174, 180)
    np.testing.assert_array_equal(np.bincount(labels), counts)
    images = np.concatenate([part.images for part in parts])
    self.assertEqual(images.shape, (1797, 8, 8))
    self.assertEqual(images.min(), 0)
    self.assertEqual(images.max(), 1)
    self.assertLen({image.tobytes() for image in images}, 1797)

  def test_validation_is_learned_too_where_nothing_is_chosen(self):
    parts = digits.small(30, 20)
    both = digits.validation_learned(parts)
    np.testing.assert_array_equal(both.train.images[:30], parts.train.images)
    np.testing.assert_array_equal(
        both.train.labels[30:], parts.validation.labels
    )
    np.testing.assert_array_equal(
        both.validation.images, parts.validation.images
    )
    self.assertLen(both.train.images, 50)

  def test_mnist_from_idx_files(self):
    folder = pathlib.Path(self.create_tempdir().full_path)
    with self.assertRaisesRegex(ValueError, 'has neither train-images'):
      digits.mnist(str(folder))
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (7, 28, 28))
    for part, n in (('train', 7), ('t10k', 3)):
      _write_idx(folder / f'{part}-images-idx3-ubyte', images[:n])
      _write_idx(folder / f'{part}-labels-idx1-ubyte', np.arange(n))
    parts = digits.mnist(str(folder), num_validation=2)
    np.testing.assert_array_equal(parts.validation.labels, [5, 6])
    np.testing.assert_allclose(parts.test.images, images[:3] / 255, rtol=1e-6)
    with self.assertRaisesRegex(ValueError, 'num_validation must be in'):
      digits.mnist(str(folder), num_validation=7)
    file = folder / 'train-labels-idx1-ubyte'
    file.write_bytes(file.read_bytes()[:-1])
    with self.assertRaisesRegex(ValueError, 'is cut short: 6 of 7'):
      digits.mnist(str(folder), num_validation=2)
    file.write_bytes(b'text')
    with self.assertRaisesRegex(ValueError, 'is not an IDX file'):
      digits.mnist(str(folder), num_validation=2)

  def test_unknown_source_and_size(self):
    with self.assertRaisesRegex(ValueError, "source must be 'digits' or"):
      digits.load('letters')
    with self.assertRaisesRegex(ValueError, 'must leave some of 1797'):
      digits.small(1700, 97)


class RotationTest(parameterized.TestCase):

  @parameterized.parameters(0, 1, 2, 3, 4, -1)
  def test_quarter_turns_are_exact(self, turns):
    images = jax.random.uniform(jax.random.key(0), (2, 8, 8))
    rotated = rotation.rotate_bilinear(images, 90.0 * turns)
    np.testing.assert_array_equal(rotated, jnp.rot90(images, turns, (1, 2)))

  def test_there_and_back_keeps_a_smooth_image(self):
    grid = jnp.arange(28) - 13.5
    image = jnp.exp(-((grid[:, None] - 3) ** 2 + (grid[None] + 2) ** 2) / 20)
    back = rotation.rotate_bilinear(
        rotation.rotate_bilinear(image, 45.0), -45.0
    )
    correlation = np.corrcoef(np.ravel(image), np.ravel(back))[0, 1]
    self.assertGreater(correlation, 0.95)

  def test_several_angles_are_in_front(self):
    images = jax.random.uniform(jax.random.key(1), (2, 5, 5))
    turned = rotation.at_angles(images, (0, 90, -30))
    self.assertEqual(turned.shape, (3, 2, 5, 5))
    np.testing.assert_array_equal(turned[0], images)
    np.testing.assert_array_equal(turned[1], jnp.rot90(images, axes=(1, 2)))
    np.testing.assert_array_equal(
        turned[2], rotation.rotate_bilinear(images, -30)
    )

  def test_agrees_with_scipy(self):
    ndimage = pytest.importorskip('scipy.ndimage')
    image = np.asarray(jax.random.uniform(jax.random.key(1), (9, 9)))
    padded = np.pad(image, 4)
    ours = rotation.rotate_bilinear(jnp.asarray(padded), 33.0)
    theirs = ndimage.rotate(padded, 33.0, order=1, reshape=False)
    # Away from the edge, where fill rules differ; float32 against float64.
    np.testing.assert_allclose(ours[3:-3, 3:-3], theirs[3:-3, 3:-3], atol=1e-5)


if __name__ == '__main__':
  absltest.main()
