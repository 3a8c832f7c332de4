"""A workdir belongs to one run."""

import errno
import json
import os
import time
from unittest import mock

from absl.testing import absltest
from absl.testing import parameterized
from etils import epath
import numpy as np

from nmlib.train import run as run_lib
from nmlib.train import workdir

_IDENTITY = {
    'experiment': 'e',
    'preset': 'p',
    'config': {'a': 1, 'b': {'c': 2}},
}


class WorkdirTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.path = epath.Path(self.create_tempdir().full_path)

  def _take(self, identity=_IDENTITY):
    """Takes the folder as `run_experiment` does, and leaves a result."""
    workdir.check(self.path, identity)
    run_lib.Folder(self.path, identity).take()
    workdir.write_atomic(self.path / 'results/r.npz', b'')

  def test_taken_twice_is_the_same_run(self):
    self._take()
    self._take()
    stored = json.loads((self.path / 'config.json').read_text())
    self.assertEqual(stored, _IDENTITY)

  @parameterized.parameters(
      ({'config': {'a': 3, 'b': {'c': 2}}}, 'config.a is 1 there and 3 here'),
      ({'config': {'a': 1, 'b': {'c': 4}}}, 'config.b.c is 2 there and 4'),
      ({'config': {'a': 1}}, r"config.b is .* there and '\(absent\)' here"),
      ({'preset': 'q'}, "preset is 'p' there and 'q' here"),
  )
  def test_difference_is_named(self, change, message):
    self._take()
    with self.assertRaisesRegex(ValueError, message):
      workdir.check(self.path, {**_IDENTITY, **change})

  def test_run_that_left_no_result_gives_way(self):
    run_lib.Folder(self.path, _IDENTITY).take()
    (self.path / 'error.txt').write_text('no such text')
    (self.path / 'checkpoints/train').mkdir(parents=True)  # empty
    self._take({**_IDENTITY, 'preset': 'q'})
    stored = json.loads((self.path / 'config.json').read_text())
    self.assertEqual(stored['preset'], 'q')

  def test_foreign_results_are_not_taken_over(self):
    workdir.write_atomic(self.path / 'checkpoints/train/1/d', b'')
    with self.assertRaisesRegex(ValueError, 'checkpoints but no config.json'):
      workdir.check(self.path, _IDENTITY)

  def test_damaged_config_is_named(self):
    self._take()
    (self.path / 'config.json').write_text('{')
    with self.assertRaisesRegex(ValueError, 'not valid JSON.*--overwrite'):
      workdir.check(self.path, _IDENTITY)

  def test_lock_excludes_and_is_released(self):
    with workdir.lock(self.path):
      with self.assertRaisesRegex(ValueError, 'in use by process'):
        with workdir.lock(self.path):
          pass
    with workdir.lock(self.path):
      pass

  def test_folder_that_cannot_be_made(self):
    (self.path / 'file').write_text('')
    with self.assertRaisesRegex(OSError, 'choose a folder that can be written'):
      with workdir.lock(self.path / 'file' / 'run'):
        pass

  def test_clear_leaves_what_is_not_ours(self):
    self._take()
    (self.path / 'notes.txt').write_text('mine')
    workdir.clear(self.path)
    self.assertEqual([p.name for p in self.path.iterdir()], ['notes.txt'])

  def test_result_is_computed_once(self):
    calls = []

    def compute():
      calls.append(1)
      return {'x': np.arange(3), 'y': 2.5}

    first = run_lib.Run(self.path).result('r', compute)
    second = run_lib.Run(self.path).result('r', compute)
    self.assertLen(calls, 1)
    np.testing.assert_array_equal(first['x'], second['x'])
    self.assertEqual(float(second['y']), 2.5)

  def test_quick_results_wait_until_the_folder_is_taken(self):
    folder = run_lib.Folder(self.path, _IDENTITY)
    run = run_lib.Run(self.path, folder=folder)
    run.result('quick', lambda: {'x': np.ones(2)})
    self.assertEmpty(list(self.path.iterdir()))  # a refusal leaves nothing
    run.claim()
    names = sorted(p.name for p in self.path.iterdir())
    self.assertEqual(names, ['config.json', 'results'])
    run.result('later', lambda: {'x': np.ones(2)})
    self.assertTrue((self.path / 'results/later.npz').exists())

  def test_a_minute_of_computing_takes_the_folder(self):
    folder = run_lib.Folder(self.path, _IDENTITY)
    run = run_lib.Run(self.path, folder=folder)
    with mock.patch.object(
        time, 'monotonic', lambda now=time.monotonic(): now + 61
    ):
      run.result('long', lambda: {'x': np.ones(2)})
    self.assertTrue((self.path / 'config.json').exists())
    self.assertTrue((self.path / 'results/long.npz').exists())

  def test_full_disk_is_one_sentence_and_keeps_the_old_file(self):
    path = self.path / 'report.json'
    workdir.write_atomic(path, 'old')
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with mock.patch.object(os, 'fsync', side_effect=full):
      with self.assertRaisesRegex(OSError, 'disk is full: .*report.json.*room'):
        workdir.write_atomic(path, 'new')
    self.assertEqual(path.read_text(), 'old')

  def test_what_cannot_be_written_is_named(self):
    (self.path / 'file').write_text('')
    with self.assertRaisesRegex(OSError, 'file/r.json cannot be written: File'):
      workdir.write_atomic(self.path / 'file' / 'r.json', 'x')

  @parameterized.parameters(
      ('http://host/x', 'must be a local folder or gs://bucket/folder'),
      ('gs://bucket/x', 'needs the package gcsfs'),
  )
  def test_unreachable_places_are_refused(self, text, message):
    missing = ImportError('Please install gcsfs')
    with mock.patch.object(
        type(epath.Path('gs://b')), 'exists', side_effect=missing
    ):
      with self.assertRaisesRegex(ValueError, message):
        workdir.parse(text)

  def test_a_local_workdir_becomes_absolute(self):
    self.assertEqual(str(workdir.parse('runs/a')), os.path.abspath('runs/a'))


if __name__ == '__main__':
  absltest.main()
