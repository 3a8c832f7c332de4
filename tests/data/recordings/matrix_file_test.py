"""Matrices from users' files, and the sentences for files that hold none."""

import pathlib

from absl.testing import absltest
from absl.testing import parameterized
import numpy as np

from nmlib.data.recordings import matrix_file


class MatrixFileTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.folder = pathlib.Path(self.create_tempdir().full_path)
    self.matrix = np.random.default_rng(0).normal(size=(5, 5))

  def test_every_format_reads_back(self):
    np.savez(self.folder / 'w.npz', w=self.matrix, label=np.arange(3))
    np.save(self.folder / 'w.npy', self.matrix)
    np.savetxt(self.folder / 'w.csv', self.matrix, delimiter=',')
    for name in ('w.npz', 'w.npy', 'w.csv'):
      found = matrix_file.read(str(self.folder / name))
      # savetxt keeps 19 digits, so that even text is exact.
      np.testing.assert_array_equal(found, self.matrix)

  @parameterized.parameters(
      ('w.txt', b'1,2', "ends in '.txt'"),
      ('w.csv', b'a,b\nc,d\n', 'cannot be read as a matrix'),
      ('w.npy', b'', 'cannot be read as a matrix'),
      ('w.npz', b'no archive', 'cannot be read as a matrix'),
  )
  def test_bad_files(self, name, content, message):
    path = self.folder / name
    path.write_bytes(content)
    with self.assertRaisesRegex(ValueError, message):
      matrix_file.read(str(path))

  def test_connectivity_by_name(self):
    np.save(self.folder / 'w.npy', self.matrix)
    found = matrix_file.connectivity(str(self.folder / 'w.npy'))
    np.testing.assert_array_equal(found.pop('given'), self.matrix)
    self.assertEmpty(found)
    self.assertEmpty(matrix_file.connectivity(''))
    (worm,) = matrix_file.connectivity('celegans').values()
    self.assertEqual(worm.shape, (302, 302))
    self.assertLess(worm.min(), 0)

  def test_missing_file(self):
    with self.assertRaisesRegex(FileNotFoundError, 'no such file'):
      matrix_file.read(str(self.folder / 'none.csv'))

  def test_two_matrices_are_ambiguous(self):
    np.savez(self.folder / 'w.npz', a=self.matrix, b=self.matrix)
    with self.assertRaisesRegex(ValueError, 'exactly one numeric matrix'):
      matrix_file.read(str(self.folder / 'w.npz'))

  def test_pickled_objects_are_refused(self):
    np.save(self.folder / 'w.npy', np.array([[{}]], object))
    with self.assertRaisesRegex(ValueError, 'cannot be read as a matrix'):
      matrix_file.read(str(self.folder / 'w.npy'))


if __name__ == '__main__':
  absltest.main()
