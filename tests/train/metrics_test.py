"""The table of a stage's scalars."""

import pathlib

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


if __name__ == '__main__':
  absltest.main()
