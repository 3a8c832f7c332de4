"""The authors' stored runs on NeuronIO, as the paper's tables order them."""

from absl.testing import absltest
import numpy as np

from nmlib.data.recordings import neuronio_runs


class NeuronioRunsTest(absltest.TestCase):

  def test_runs_are_those_of_their_sizes(self):
    first = neuronio_runs.by_memory_units(1)
    rerun = neuronio_runs.by_memory_units(3)
    self.assertEqual(first[20], (0.9922, 0.638, 0.957))
    self.assertEqual(first[1], (0.9437, 1.332, 0.811))
    self.assertEqual(rerun[2][:2], (0.9509, 1.038))
    self.assertEqual(rerun[100][:2], (0.9939, 0.593))
    self.assertEqual(first.keys() - rerun.keys(), {1})
    with self.assertRaisesRegex(ValueError, 'version must be 1 or 3'):
      neuronio_runs.by_memory_units(2)

  def test_error_and_explained_variance_are_of_one_voltage(self):
    # RMSE^2 = (1 - explained variance) * variance, which is one of the files';
    # what is left is due to the digits that are stored.
    for run in neuronio_runs.by_memory_units(1).values():
      left = 1 - run.explained_variance
      deviation = run.rmse / left**0.5
      rounding = 0.00025 / left + 0.0005 / run.rmse
      np.testing.assert_allclose(deviation, 3.068, rtol=rounding)

  def test_what_was_not_stored_is_nan(self):
    runs = neuronio_runs.by_memory_units(3).values()
    self.assertTrue(all(np.isnan(run.explained_variance) for run in runs))


if __name__ == '__main__':
  absltest.main()
