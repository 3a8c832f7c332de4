"""`run.json` counts the seconds of every start, and nothing else changes."""

import json
import pathlib
import time
from typing import Any
from unittest import mock

from absl.testing import absltest
from absl.testing import parameterized

from nmlib.train import cost
from nmlib.train import experiment
from nmlib.train import run as run_lib
from nmlib.train.hosts import interrupt
from tests.train import toy

_REST = '"platform": "cpu", "kind": "cpu", "count": 1, "cpus": 2'


def _stored(folder: pathlib.Path) -> dict[str, Any]:
  record = cost.load(folder)
  assert record is not None
  return record


class _Time:
  """A clock that a test moves."""

  def __init__(self):
    self.now = 100.0

  def __call__(self):
    return self.now


class CostTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.folder = pathlib.Path(self.create_tempdir().full_path)
    self.time = self.enter_context(
        mock.patch.object(time, 'monotonic', _Time())
    )

  def test_starts_add_up(self):
    for seconds in (5.0, 2.5):
      clock = cost.Clock(self.folder)
      self.time.now += seconds
      clock.save()
    record = _stored(self.folder)
    self.assertEqual(record['seconds'], 7.5)
    self.assertEqual(record['platform'], 'cpu')
    self.assertEqual(record['count'], 8)
    self.assertGreater(record['cpus'], 0)
    self.assertEqual(record['versions'].keys(), {'python', 'jax', 'nmlib'})

  @parameterized.parameters('no json', '[]', '{}', '{"seconds": 5}')
  def test_what_is_no_record_counts_as_none(self, text):
    (self.folder / 'run.json').write_text(text)
    self.assertIsNone(cost.load(self.folder))
    clock = cost.Clock(self.folder)
    self.time.now += 1.0
    clock.save()
    self.assertEqual(_stored(self.folder)['seconds'], 1.0)

  @parameterized.parameters('"5"', 'NaN', 'true', '-1', '5')
  def test_seconds_are_a_number(self, seconds):
    text = f'{{"seconds": {seconds}, {_REST}}}'
    (self.folder / 'run.json').write_text(text)
    self.assertEqual(cost.load(self.folder) is not None, seconds == '5')

  def test_record_that_cannot_be_written_ends_no_run(self):
    (self.folder / 'run.json').mkdir()
    cost.Clock(self.folder).save()
    self.assertIsNone(cost.load(self.folder))

  def test_refused_start_leaves_none(self):
    folder = run_lib.Folder(self.folder, {'config': {}})
    folder.spent()
    self.assertEmpty(list(self.folder.iterdir()))
    folder.take()
    folder.spent()
    self.assertIsNotNone(cost.load(self.folder))


class ResumedTest(absltest.TestCase):
  """A run stopped on the way, and the same run in one go."""

  def _start(self, folder, watch=None, took=7.0):
    """Runs the toy, which seems to take so many seconds."""
    spent = _Time()
    run = run_lib.Run(folder, watch=watch or interrupt.Watch())

    def slow(config, run):
      spent.now += took
      return toy.experiment(config, run)

    with mock.patch.object(cost.time, 'monotonic', spent):
      return experiment.run_experiment(
          slow, toy.Config(num_steps=20), name='toy', preset='small', run=run
      )

  def test_both_parts_count_and_the_report_is_the_same(self):
    whole, parts = (
        pathlib.Path(self.create_tempdir().full_path) for _ in range(2)
    )
    self._start(whole, took=9.0)
    with self.assertRaises(interrupt.Interrupted):
      self._start(parts, watch=mock.Mock(return_value=True), took=5.0)
    self.assertEqual(_stored(parts)['seconds'], 5.0)
    self.assertFalse((parts / 'report.json').exists())
    self._start(parts, took=3.0)
    self.assertEqual(_stored(parts)['seconds'], 8.0)
    self.assertEqual(_stored(whole)['seconds'], 9.0)
    self.assertEqual(
        (parts / 'report.json').read_bytes(),
        (whole / 'report.json').read_bytes(),
    )
    before = (parts / 'run.json').read_bytes()
    self._start(parts, took=1.0)  # ended already: no work
    self.assertEqual((parts / 'run.json').read_bytes(), before)
    self.assertNotIn('seconds', json.loads((parts / 'report.json').read_text()))


if __name__ == '__main__':
  absltest.main()
