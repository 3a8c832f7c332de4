"""A folder of pictures: sizes, order, damage."""

import numpy as np
from PIL import Image
import pytest

from nmlib.data.images import image_folder


def _save(path, array):
  path.parent.mkdir(parents=True, exist_ok=True)
  Image.fromarray(array).save(path)


def test_reads_centre_squares_in_order_and_names_what_is_damaged(tmp_path):
  wide = np.zeros((8, 20, 3), np.uint8)
  wide[:, 6:14] = (10, 200, 30)
  _save(tmp_path / 'b' / 'wide.png', wide)
  _save(tmp_path / 'a' / 'grey.png', np.full((12, 9), 77, np.uint8))
  _save(tmp_path / 'top.bmp', np.full((4, 4, 3), 5, np.uint8))
  whole = (tmp_path / 'b' / 'wide.png').read_bytes()
  (tmp_path / 'b' / 'cut.png').write_bytes(whole[: len(whole) // 2])
  (tmp_path / 'b' / 'text.jpg').write_text('no picture')
  (tmp_path / 'notes.txt').write_text('skipped silently')
  found = image_folder.read(tmp_path, 8)
  assert found.names == ('a/grey.png', 'b/wide.png', 'top.bmp')
  assert found.folders == ('a', 'b', '')
  assert set(found.skipped) == {'b/cut.png', 'b/text.jpg'}
  assert found.left_out.startswith('2 damaged files are skipped: b/cut.png (')
  assert found._replace(skipped={}).left_out == 'none is skipped'
  assert found.images.shape == (3, 8, 8, 3) and found.images.dtype == np.uint8
  np.testing.assert_array_equal(found.images[0], 77)
  np.testing.assert_array_equal(found.images[1, 4, 4], (10, 200, 30))
  np.testing.assert_array_equal(found.images[2], 5)


def test_a_few_are_of_every_folder_in_turn(tmp_path):
  names = 'a/1.png', 'a/2.png', 'a/3.png', 'b/inner/1.png', 'b/2.png', '1.png'
  for name in names:
    _save(tmp_path / name, np.zeros((4, 4), np.uint8))
  read = lambda count: image_folder.read(tmp_path, 4, count).names
  assert read(3) == ('1.png', 'a/1.png', 'b/2.png')
  assert read(5) == ('1.png', 'a/1.png', 'a/2.png', 'b/2.png', 'b/inner/1.png')
  assert len(read(9)) == 6


def test_nothing_to_read_is_refused(tmp_path):
  with pytest.raises(FileNotFoundError, match='no such folder'):
    image_folder.read(tmp_path / 'none', 8)
  (tmp_path / 'x.png').write_text('damaged')
  with pytest.raises(ValueError, match='no picture .* damaged: x.png'):
    image_folder.read(tmp_path, 8)


def test_classes_are_the_folders_numbers():
  found = image_folder.classes(['7', '012', '0'], 13)
  np.testing.assert_array_equal(found, [7, 12, 0])
  with pytest.raises(ValueError, match="below 12, got the folder '12'"):
    image_folder.classes(['3', '12'], 12)
  with pytest.raises(ValueError, match="got the folder 'cats'"):
    image_folder.classes(['cats'], 12)
  with pytest.raises(ValueError, match='some lie in none'):
    image_folder.classes(['3', ''], 12)


def test_pictures_are_as_a_viewer_shows_them(tmp_path):
  half = np.zeros((4, 4, 3), np.uint8)
  half[:2] = 250  # the upper half is bright
  turned = Image.Exif()
  turned[0x0112] = 6  # the camera was held on its side: turn by 90 degrees
  Image.fromarray(half).save(tmp_path / 'a.png', exif=turned)
  clear = np.zeros((4, 4, 4), np.uint8)  # all transparent, black below
  Image.fromarray(clear).save(tmp_path / 'b.png')
  deep = np.full((4, 4), 300, np.uint16)
  Image.fromarray(deep).save(tmp_path / 'c.png')
  found = image_folder.read(tmp_path, 4)
  assert found.names == ('a.png', 'b.png')
  np.testing.assert_array_equal(found.images[0][:, 2:], 250)
  np.testing.assert_array_equal(found.images[0][:, :2], 0)
  np.testing.assert_array_equal(found.images[1], 255)
  assert 'not of 8 bits' in found.skipped['c.png']
  for wanted, message in ((dict(size=0), 'size'), (dict(count=0), 'count')):
    with pytest.raises(ValueError, match=f'{message} must be at least 1'):
      image_folder.read(tmp_path, **dict(size=4) | wanted)
