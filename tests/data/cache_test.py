"""A cache is used for what it was made for, or not at all."""

import pathlib

from absl.testing import absltest
import numpy as np

from nmlib.data import cache


class CacheTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.folder = pathlib.Path(self.create_tempdir().full_path) / 'a' / 'b'
    self.made = 0

  def _get(self, **settings):
    def make():
      self.made += 1
      return {'x': np.arange(3), 'y': np.ones((2, 2), np.float32)}

    return cache.load_or_make(str(self.folder), settings, make)

  def test_makes_once(self):
    first, second = self._get(n=3, t=(1, 2)), self._get(n=3, t=(1, 2))
    self.assertEqual(self.made, 1)
    for name in ('x', 'y'):
      np.testing.assert_array_equal(first[name], second[name])
    self.assertLen(list(self.folder.parent.iterdir()), 1)  # nothing left over

  def test_other_settings_are_named(self):
    self._get(n=3)
    with self.assertRaisesRegex(ValueError, r'other settings \(n\)'):
      self._get(n=4)

  def test_damage_is_named(self):
    self._get(n=3)
    arrays = self.folder / 'arrays.npz'
    data = bytearray(arrays.read_bytes())
    data[60] ^= 1
    arrays.write_bytes(data)
    with self.assertRaisesRegex(ValueError, 'arrays.npz is damaged'):
      self._get(n=3)
    (self.folder / 'manifest.json').write_text('{')
    with self.assertRaisesRegex(ValueError, 'manifest.json is damaged'):
      self._get(n=3)
    arrays.unlink()
    with self.assertRaisesRegex(ValueError, 'is no whole cache'):
      self._get(n=3)

  def test_a_failure_leaves_nothing(self):
    def fail():
      raise RuntimeError('no')

    with self.assertRaises(RuntimeError):
      cache.load_or_make(str(self.folder), {}, fail)
    self.assertFalse(self.folder.exists())


if __name__ == '__main__':
  absltest.main()
