"""Images of a user's file: what is refused."""

from absl.testing import parameterized
import numpy as np

from nmlib.data.images import image_file


class ImageFileTest(parameterized.TestCase):

  def test_bad_images(self):
    path = self.create_tempfile('images.npy').full_path
    with self.assertRaisesRegex(
        FileNotFoundError, 'no such file; give an .npy'
    ):
      image_file.read(f'{path}.not', 1, 8)
    for images, message in (
        (np.zeros((2, 8, 8)), 'at least 3 images'),
        (np.zeros((3, 8, 9)), r'got float64\[3, 8, 9\]'),
        (np.zeros((3, 4, 4)), 'at least 8 pixels'),
        (np.full((3, 8, 8), np.nan), 'not finite'),
    ):
      np.save(path, images)
      with self.assertRaisesRegex(ValueError, message):
        image_file.read(path, 3, 8)
    with open(path, 'rb+') as file:
      file.truncate(100)
    with self.assertRaisesRegex(ValueError, 'not a whole .npy'):
      image_file.read(path, 3, 8)
