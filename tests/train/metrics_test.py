"""The table of a stage's scalars."""

import pathlib
import time
from unittest import mock

from absl.testing import absltest
import numpy as np

from nmlib.train import metrics


class TableTest(absltest.TestCase):

  def test_resuming_cuts_later_and_unfinished_lines_only(self):
    folder = pathlib.Path(self.create_tempdir().full_path)
    name = 'loss of "2AF", rank 1'  # commas and quotes need quoting
    table = metrics.Table(folder, 'train', (0, 1), 0)
    for step in (10, 20, 30):
      table.write(step, {name: np.array([step, step + 0.5])})
    table.flush()
    table.close()
    with (folder / 'train.csv').open('a') as file:
      file.write('20,lo')  # killed in the middle of a line
    table = metrics.Table(folder, 'train', (0, 1), 20)
    history = table.history()
    table.close()
    steps, values = history[name]
    np.testing.assert_array_equal(steps, [10, 20])
    np.testing.assert_array_equal(values, [[10, 10.5], [20, 20.5]])
    self.assertEqual(list(history), [name])

  def test_a_metric_that_is_no_number_is_named(self):
    table = metrics.Table(pathlib.Path('unused'), 'train', (0, 1), 0)
    with self.assertRaisesRegex(ValueError, r"'rate' must .* got .*\[2, 3\]"):
      table.write(0, {'rate': np.ones((2, 3))})

  def test_nothing_is_written_before_the_first_flush(self):
    folder = pathlib.Path(self.create_tempdir().full_path) / 'metrics'
    table = metrics.Table(folder, 'train', (0,), 0)
    table.write(0, {'loss': np.ones(1)})
    table.close()  # the stage was refused
    self.assertFalse(folder.exists())

  def test_once_begun_it_is_written_every_few_seconds_and_at_the_end(self):
    path = pathlib.Path(self.create_tempdir().full_path) / 'train.csv'
    table = metrics.Table(path.parent, 'train', (0,), 0)
    table.flush()
    table.write(1, {'loss': np.ones(1)})
    self.assertNotIn('loss', path.read_text())
    now = time.monotonic()
    with mock.patch.object(time, 'monotonic', lambda: now + 60):
      table.write(2, {'loss': np.ones(1)})
    self.assertEqual(path.read_text().count('loss'), 2)
    table.write(3, {'loss': np.ones(1)})
    table.close()
    self.assertEqual(path.read_text().count('loss'), 3)


if __name__ == '__main__':
  absltest.main()
