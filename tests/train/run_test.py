"""What a run stores is found again, by itself or by other runs."""

import pathlib

from absl.testing import absltest
from etils import epath
import numpy as np

from nmlib.train.run import Run


class ResultTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.folder = pathlib.Path(self.create_tempdir().full_path)
    self.shared = self.folder / 'a' / 'shared'
    self.made = 0

  def _get(self, run: str, made_from=None):
    def make():
      self.made += 1
      return {'x': np.arange(3), 'y': np.ones((2, 2), np.float32)}

    return Run(epath.Path(self.folder / run)).result(
        'r', make, shared=str(self.shared), made_from=made_from
    )

  def test_runs_share_what_is_made_from_the_same(self):
    first, second = self._get('one', {'n': 3}), self._get('two', {'n': 3})
    self.assertEqual(self.made, 1)
    for name in ('x', 'y'):
      np.testing.assert_array_equal(first[name], second[name])
    self.assertFalse((self.folder / 'one').exists())

  def test_other_settings_are_another_result(self):
    self._get('one', {'n': 3})
    self._get('one', {'n': 4})
    self._get('one', {'n': 3})
    self.assertEqual(self.made, 2)
    self.assertLen(list(self.shared.iterdir()), 2)

  def test_damage_is_named(self):
    self._get('one')
    (path,) = self.shared.iterdir()
    whole = path.read_bytes()
    flipped = bytearray(whole)
    flipped[whole.index(np.arange(3).tobytes())] ^= 1
    for data in (bytes(flipped), whole[:60], b'no archive'):
      path.write_bytes(data)
      with self.assertRaisesRegex(ValueError, r'npz is damaged .*; remove it'):
        self._get('one')

  def test_failure_leaves_nothing(self):
    def fail():
      raise RuntimeError('no')

    with self.assertRaises(RuntimeError):
      Run(epath.Path(self.folder)).result('r', fail, shared=str(self.shared))
    self.assertFalse(self.shared.exists())


if __name__ == '__main__':
  absltest.main()
