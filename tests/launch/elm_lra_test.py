"""ELM on long sequences, as a user starts it."""

from absl.testing import absltest
from absl.testing import parameterized
import numpy as np
import pytest

from launch import elm_lra
from launch import elm_lra_tasks
from nmlib.data.tasks import long_range_files
from tests.launch import launcher


class ElmLraTest(launcher.LauncherTest):
  LAUNCHER = 'launch.elm_lra'

  def test_smoke_writes_a_whole_report(self):
    code, out, err = self.run_launcher('--preset=smoke')
    self.assertEqual(code, 0, err)
    self.assertIn('Report:', out)
    record = self.report()
    for model in ('elm', 'lstm'):
      for task in ('listops', 'pathfinder'):
        self.assertIn(f'{task}, {model}: ', record['notes']['Accuracy'])
    # Four steps teach nothing.
    learns = [c for c in record['claims'] if 'listops: ELM learns' in c['text']]
    self.assertLen(learns, 1)
    self.assertFalse(learns[0]['holds'])

  @pytest.mark.slow
  def test_small_learns_from_generated_data(self):
    code, _, err = self.run_launcher('--preset=small')
    self.assertEqual(code, 0, err)
    record = self.report()
    for claim in record['claims']:
      if 'lstm' not in claim['text']:  # above which it is not, at this size
        self.assertTrue(claim['holds'], claim)

  def test_files_of_ones_own(self):
    listops = 'Source\tTarget\n[MAX 2 ( [MIN 4 7 ] ) ]\t4\n3\t3\n'
    path = self.folder / 'train.tsv'
    path.write_text(listops)
    rows = long_range_files.listops_tsv(str(path), 12)
    np.testing.assert_array_equal(rows.lengths, [7, 1])
    np.testing.assert_array_equal(rows.labels, [4, 3])
    (self.folder / 'test.tsv').write_text('Source\tTarget\n5\t5\n')
    config = elm_lra.Config(tasks=('listops',), path=str(self.folder))
    self.assertEqual(elm_lra_tasks.load('listops', config).num_classes, 6)
    path.write_text('label\ttext\n1\tgood\n0\tré\n')
    rows = long_range_files.text_tsv(str(path), 3)
    np.testing.assert_array_equal(rows.inputs[1], [115, 196, 170])
    images = self.folder / 'train.npz'
    np.savez(images, images=np.full((2, 4, 4), 255, np.uint8), labels=[0, 1])
    pixels, _ = long_range_files.images_npz(str(images))
    self.assertEqual(pixels.max(), 1)

  def test_pairs_of_papers_train(self):
    for part in ('train', 'test'):
      lines = ['1.0\ta\tb\tsame\tsame', '0.0\ta\tc\tsame\tquite another']
      (self.folder / f'{part}.tsv').write_text('\n'.join(lines * 2) + '\n')
    rows = long_range_files.retrieval_tsv(str(self.folder / 'test.tsv'), 6)
    self.assertEqual(rows.inputs.shape, (4, 2, 6))
    np.testing.assert_array_equal(rows.lengths[1], [4, 6])
    np.testing.assert_array_equal(rows.labels, [1, 0, 1, 0])
    code, out, err = self.run_launcher(
        '--preset=smoke',
        '--config.tasks=retrieval',
        '--config.models=elm',
        '--config.text_length=6',
        f'--config.path={self.folder}',
    )
    self.assertEqual(code, 0, err)
    self.assertIn('retrieval, elm: ', out)
    (self.folder / 'train.tsv').write_text('2\ta\n')
    with self.assertRaisesRegex(ValueError, 'line 1 must have a label 0 or 1'):
      long_range_files.retrieval_tsv(str(self.folder / 'train.tsv'), 6)
    with self.assertRaisesRegex(ValueError, 'retrieval needs --config.path'):
      elm_lra_tasks.load('retrieval', elm_lra.Config(tasks=('retrieval',)))

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

  @parameterized.parameters(
      ({'tasks': ('sudoku',)}, 'config.tasks must be some of'),
      ({'models': ()}, 'config.models must be some of'),
      ({'path': 'here'}, 'files of one task, but config.tasks names'),
      ({'pixels_a_step': 0}, 'config.pixels_a_step must be at least 1, got 0'),
  )
  def test_bad_config(self, changes, message):
    with self.assertRaisesRegex(ValueError, message):
      elm_lra.Config(**changes)

  def test_pixels_must_divide(self):
    config = elm_lra.Config(pixels_a_step=7, train_rows=2, test_rows=2)
    with self.assertRaisesRegex(ValueError, 'must divide 256 pixels, got 7'):
      elm_lra_tasks.load('pathfinder', config)


if __name__ == '__main__':
  absltest.main()
