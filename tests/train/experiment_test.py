"""A run belongs to the files that it read, not to their path alone."""

import dataclasses
import json
import os
import pathlib
import shutil
from unittest import mock

from absl.testing import absltest
from absl.testing import parameterized
from etils import epath
import numpy as np

from nmlib import train
from nmlib.neurons.core import limits
from nmlib.train import experiment
from nmlib.train import run as run_lib


@dataclasses.dataclass(frozen=True)
class Config:
  images: limits.Path = ''
  name: str = 'images'  # the same word, but no path

  __post_init__ = limits.check


def _report(config, run):
  run.claim()
  run.result('seen', lambda: {'x': np.ones(2)})
  claim = train.higher('more', {'a': np.ones(2)}, 0.0, source='us', by='seed')
  return train.Report([claim], {'images': config.images})


def _stopped(config, run):
  run.claim()
  run.result('seen', lambda: {'x': np.ones(2)})
  raise KeyboardInterrupt


class GivenFilesTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.folder = pathlib.Path(self.create_tempdir().full_path)
    self.images = self.folder / 'images'
    (self.images / 'a').mkdir(parents=True)
    for name in ('a/1.png', 'a/2.png', 'b.png'):
      (self.images / name).write_bytes(name.encode() * 9)
    self.workdir = self.folder / 'run'

  def _run(self, script=_report, **fields):
    config = Config(**{'images': str(self.images)} | fields)
    return experiment.run_experiment(
        script,
        config,
        name='e',
        preset='p',
        run=run_lib.Run(epath.Path(self.workdir)),
    )

  def _add(self):
    (self.images / 'c.png').write_bytes(b'new')

  def _rename(self):
    (self.images / 'b.png').rename(self.images / 'c.png')

  def _change(self):  # as many bytes, and not a second later
    file = self.images / 'a/1.png'
    times = file.stat().st_atime_ns, file.stat().st_mtime_ns
    file.write_bytes(file.read_bytes()[::-1])
    os.utime(file, ns=times)

  @parameterized.product(
      script=(_report, _stopped), change=('_add', '_rename', '_change')
  )
  def test_other_files_are_refused(self, script, change):
    if script is _stopped:
      with self.assertRaises(KeyboardInterrupt):
        self._run(_stopped)
    else:
      self._run()
    getattr(self, change)()
    with self.assertRaisesRegex(
        ValueError,
        'other files from config.images=.*images: then 3 files of 171 bytes,'
        ' now . files of 17. bytes.*Put back .* or pass --overwrite',
    ):
      self._run()

  def test_the_same_files_are_the_same_run(self):
    first = self._run()
    shutil.copytree(self.images, self.folder / 'copy')
    shutil.rmtree(self.images)
    (self.folder / 'copy').rename(self.images)  # with other times
    for file in self.images.rglob('*.png'):
      os.utime(file, (1, 1))
    (self.images / '.DS_Store').write_bytes(b'a viewer was here')
    self.assertEqual(self._run(), first)
    shutil.rmtree(self.images)  # a finished run needs them no more
    self.assertEqual(self._run(), first)

  def test_a_run_of_before_files_counted_goes_on(self):
    first = self._run()
    record = self.workdir / 'config.json'
    stored = json.loads(record.read_text())
    del stored['files']
    record.write_text(json.dumps(stored))
    self._add()
    self.assertEqual(self._run(), first)

  def test_without_a_path_nothing_is_added(self):
    self._run(images='', name=str(self.images))
    stored = json.loads((self.workdir / 'config.json').read_text())
    self.assertEqual(stored.keys(), {'experiment', 'preset', 'config'})

  def test_its_own_workdir_does_not_count(self):
    given = lambda: experiment.given_files(
        Config(str(self.folder)), self.workdir
    )
    before = given()
    self._run(images=str(self.folder))
    self.assertEqual(given(), before)

  def test_one_file_may_move_but_not_change(self):
    given = lambda name: experiment.given_files(
        Config(str(self.images / name)), self.workdir
    )['images']
    before = given('b.png')
    self.assertEqual(before['count'], 1)
    self._rename()
    self.assertEqual(given('c.png'), before)
    (self.images / 'c.png').write_bytes(b'b.pnG' * 9)
    self.assertNotEqual(given('c.png'), before)

  def test_pieces_of_a_large_file_are_looked_at(self):
    file = self.images / 'b.png'
    given = lambda: experiment.given_files(Config(str(file)), self.workdir)
    with (
        mock.patch.object(experiment, '_WHOLE', 100),
        mock.patch.object(experiment, '_PIECE', 4),
    ):
      file.write_bytes(bytes(10_000))
      before = given()
      for place in (0, 9_999):  # both ends
        changed = bytearray(10_000)
        changed[place] = 1
        file.write_bytes(changed)
        self.assertNotEqual(given(), before)

  def test_of_many_files_names_and_sizes_count(self):
    with mock.patch.object(experiment, '_FEW', 2):
      self._run()
      self._change()
      self._run()
      self._rename()
      with self.assertRaisesRegex(ValueError, 'other files from config.images'):
        self._run()


if __name__ == '__main__':
  absltest.main()
