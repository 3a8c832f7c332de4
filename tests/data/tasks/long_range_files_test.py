"""Long-range tasks, from files of one's own or generated."""

import pathlib

from absl.testing import absltest
from absl.testing import parameterized
import numpy as np

from nmlib.data.tasks import listops
from nmlib.data.tasks import long_range
from nmlib.data.tasks import long_range_files
from nmlib.data.tasks import pathfinder

_ROWS = {'train': 6, 'test': 3}


class LongRangeFilesTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.folder = pathlib.Path(self.create_tempdir().full_path)

  def test_files_of_ones_own(self):
    listops = 'Source\tTarget\n[MAX 2 ( [MIN 4 7 ] ) ]\t4\n3\t3\n'
    path = self.folder / 'train.tsv'
    path.write_text(listops)
    rows = long_range_files.listops_tsv(str(path), 12)
    np.testing.assert_array_equal(rows.lengths, [7, 1])
    np.testing.assert_array_equal(rows.labels, [4, 3])
    (self.folder / 'test.tsv').write_text('Source\tTarget\n5\t5\n')
    task = long_range.load('listops', str(self.folder), rows={})
    self.assertEqual(task.num_classes, 6)
    path.write_text('label\ttext\n1\tgood\n0\tré\n')
    rows = long_range_files.text_tsv(str(path), 3)
    np.testing.assert_array_equal(rows.inputs[1], [115, 196, 170])
    images = self.folder / 'train.npz'
    np.savez(images, images=np.full((2, 4, 4), 255, np.uint8), labels=[0, 1])
    pixels, _ = long_range_files.images_npz(str(images))
    self.assertEqual(pixels.max(), 1)

  def test_pairs_of_papers(self):
    path = self.folder / 'test.tsv'
    lines = ['1.0\ta\tb\tsame\tsame', '0.0\ta\tc\tsame\tquite another']
    path.write_text('\n'.join(lines * 2) + '\n')
    rows = long_range_files.retrieval_tsv(str(path), 6)
    self.assertEqual(rows.inputs.shape, (4, 2, 6))
    np.testing.assert_array_equal(rows.lengths[1], [4, 6])
    np.testing.assert_array_equal(rows.labels, [1, 0, 1, 0])
    path.write_text('2\ta\n')
    with self.assertRaisesRegex(ValueError, 'line 1 must have a label 0 or 1'):
      long_range_files.retrieval_tsv(str(path), 6)

  def test_shapes_are_told_from_the_rows(self):
    part = lambda labels, *shape: long_range_files.Sequences(
        np.zeros((len(labels), *shape)), np.ones(len(labels)), np.array(labels)
    )
    for shape, num_tokens, expected in (
        ((9,), 5, (False, 9, 1)),
        ((9, 4), 0, (False, 9, 4)),
        ((2, 9), 5, (True, 9, 1)),
    ):
      learn, test = part([0], *shape), part([2, 1, 2, 2], *shape)
      task = long_range.Task(learn, test, num_tokens, 3)
      self.assertEqual((task.pair, task.num_steps, task.num_features), expected)
      self.assertEqual(task.majority, 0.75)

  @parameterized.parameters(
      ('Source\tTarget\n[MAX 2 3 ]\t2\n', "target is '2' but .* comes to 3"),
      ('Source\tTarget\n[MAX 2 3\t3\n', 'line 2: .* is no whole expression'),
      ('a\tb\n1\t2\n', r"must have columns \('Source', 'Target'\)"),
      ('Source\tTarget\n[MAX 1 2 3 4 5 ]\t5\n', '7 tokens, more than length=6'),
  )
  def test_damaged_files(self, text, message):
    path = self.folder / 'damaged.tsv'
    path.write_text(text)
    with self.assertRaisesRegex(ValueError, message):
      long_range_files.listops_tsv(str(path), 6)

  def test_other_bad_files(self):
    with self.assertRaisesRegex(FileNotFoundError, 'no such file'):
      long_range_files.images_npz(str(self.folder / 'none.npz'))
    path = self.folder / 'x.npz'
    np.savez(path, images=np.zeros((2, 4)), labels=np.zeros(2))
    with self.assertRaisesRegex(ValueError, r'images \[N, H, W\] and labels'):
      long_range_files.images_npz(str(path))
    path = self.folder / 'x.tsv'
    path.write_text('label\ttext\ngood\tx\n')
    with self.assertRaisesRegex(ValueError, "whole number, got 'good'"):
      long_range_files.text_tsv(str(path), 9)


class LongRangeTest(absltest.TestCase):

  def test_generated_tasks_survive_storing(self):
    for name, features, classes in (('listops', 0, 10), ('pathfinder', 16, 2)):
      task = long_range.load(
          name,
          rows=_ROWS,
          pixels_a_step=16,
          expressions=listops.Config(3, 4, 4, 40, 0.6),
          scenes=pathfinder.Config(size=16, dashes=3, distractors=0),
      )
      self.assertLen(task.train.labels, 6)
      self.assertLen(task.test.labels, 3)
      self.assertEqual(bool(task.num_tokens), not features)
      self.assertLessEqual(task.num_classes, classes)
      if features:
        self.assertEqual(task.test.inputs.shape, (3, 16, features))
      again = long_range.from_arrays(long_range.to_arrays(task))
      self.assertEqual(again[2:], task[2:])
      for part, same in zip(task[:2], again[:2], strict=True):
        for field, other in zip(part, same, strict=True):
          np.testing.assert_array_equal(field, other)

  def test_pixels_come_row_by_row(self):
    images = np.arange(32, dtype=np.float32).reshape(2, 4, 4)
    rows = long_range.steps_of(images, np.array([0, 1]), 2)
    np.testing.assert_array_equal(rows.inputs[1, 0], [16, 17])
    np.testing.assert_array_equal(rows.lengths, [8, 8])
    with self.assertRaisesRegex(ValueError, 'must divide 16 pixels, got 7'):
      long_range.steps_of(images, np.array([0, 1]), 7)

  def test_what_is_not_there_is_refused(self):
    with self.assertRaisesRegex(ValueError, 'retrieval needs path'):
      long_range.load('retrieval', rows=_ROWS)
    with self.assertRaisesRegex(ValueError, "one of .*, got 'sudoku'"):
      long_range.load('sudoku', rows=_ROWS)


if __name__ == '__main__':
  absltest.main()
