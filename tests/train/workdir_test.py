"""A workdir belongs to one run."""

import json
import pathlib

from absl.testing import absltest
from absl.testing import parameterized
import numpy as np

from nmlib.train import workdir
from nmlib.train.run import Run

_IDENTITY = {
    'experiment': 'e',
    'preset': 'p',
    'config': {'a': 1, 'b': {'c': 2}},
}


class WorkdirTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.path = pathlib.Path(self.create_tempdir().full_path)

  def test_claim_twice_is_the_same_run(self):
    workdir.claim(self.path, _IDENTITY)
    workdir.claim(self.path, _IDENTITY)
    stored = json.loads((self.path / 'config.json').read_text())
    self.assertEqual(stored, _IDENTITY)

  @parameterized.parameters(
      ({'config': {'a': 3, 'b': {'c': 2}}}, 'config.a is 1 there and 3 here'),
      ({'config': {'a': 1, 'b': {'c': 4}}}, 'config.b.c is 2 there and 4'),
      ({'config': {'a': 1}}, r"config.b is .* there and '\(absent\)' here"),
      ({'preset': 'q'}, "preset is 'p' there and 'q' here"),
  )
  def test_difference_is_named(self, change, message):
    workdir.claim(self.path, _IDENTITY)
    (self.path / 'metrics').mkdir()
    with self.assertRaisesRegex(ValueError, message):
      workdir.claim(self.path, {**_IDENTITY, **change})

  def test_run_that_left_no_result_gives_way(self):
    workdir.claim(self.path, _IDENTITY)
    (self.path / 'error.txt').write_text('no such text')
    workdir.claim(self.path, {**_IDENTITY, 'preset': 'q'})
    stored = json.loads((self.path / 'config.json').read_text())
    self.assertEqual(stored['preset'], 'q')

  def test_foreign_results_are_not_taken_over(self):
    (self.path / 'checkpoints').mkdir()
    with self.assertRaisesRegex(ValueError, 'checkpoints but no config.json'):
      workdir.claim(self.path, _IDENTITY)

  def test_damaged_config_is_named(self):
    (self.path / 'config.json').write_text('{')
    (self.path / 'results').mkdir()
    with self.assertRaisesRegex(ValueError, 'not valid JSON.*--overwrite'):
      workdir.claim(self.path, _IDENTITY)

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
    workdir.claim(self.path, _IDENTITY)
    (self.path / 'metrics').mkdir()
    (self.path / 'notes.txt').write_text('mine')
    workdir.clear(self.path)
    self.assertEqual([p.name for p in self.path.iterdir()], ['notes.txt'])

  def test_result_is_computed_once(self):
    calls = []

    def compute():
      calls.append(1)
      return {'x': np.arange(3), 'y': 2.5}

    first = Run(self.path).result('r', compute)
    second = Run(self.path).result('r', compute)
    self.assertLen(calls, 1)
    np.testing.assert_array_equal(first['x'], second['x'])
    self.assertEqual(float(second['y']), 2.5)


if __name__ == '__main__':
  absltest.main()
