"""Avalanches, intervals: counted by hand, and against loops."""

from absl.testing import absltest
import hypothesis
from hypothesis import strategies as st
import numpy as np

from nmlib.analysis.spikes import avalanches
from nmlib.analysis.spikes import intervals


def _raster(counts, units=5):
  spikes = np.zeros((len(counts), units))
  for t, count in enumerate(counts):
    spikes[t, :count] = 1
  return spikes


class AvalanchesTest(absltest.TestCase):

  def test_runs_of_active_bins(self):
    spikes = _raster([2, 0, 1, 3, 0, 0, 1])
    found = avalanches.avalanches(spikes)
    np.testing.assert_array_equal(found.sizes, [2, 4, 1])
    np.testing.assert_array_equal(found.durations, [1, 2, 1])
    wide = avalanches.avalanches(spikes, 2)  # bins 2, 4, 0; the last is cut
    np.testing.assert_array_equal(wide.sizes, [6])
    np.testing.assert_array_equal(wide.durations, [2])

  @hypothesis.given(st.lists(st.integers(0, 5), max_size=30))
  def test_sizes_add_up_to_all_spikes(self, counts):
    found = avalanches.avalanches(_raster(counts))
    self.assertEqual(found.sizes.sum(), sum(counts))
    self.assertEqual(found.durations.sum(), np.count_nonzero(counts))

  def test_branching_ratio_of_a_steady_growth(self):
    self.assertAlmostEqual(
        avalanches.branching_ratio(_raster([1, 2, 4, 0, 1, 2])), (2 + 2 + 2) / 4
    )
    self.assertTrue(np.isnan(avalanches.branching_ratio(_raster([0, 0]))))

  def test_distribution_distance(self):
    distance = avalanches.distribution_distance
    self.assertEqual(distance([1, 2, 3], [3, 1, 2]), 0)
    self.assertEqual(distance([1, 2], [3, 4]), 1)
    self.assertEqual(distance([1, 1, 5, 5], [1, 5, 5, 5]), 0.25)

  def test_bad_input(self):
    with self.assertRaisesRegex(ValueError, r'bin_steps must be in \[1, T=3\]'):
      avalanches.avalanches(_raster([1, 0, 1]), 4)
    with self.assertRaisesRegex(ValueError, 'values on both sides'):
      avalanches.distribution_distance([], [1])


class IntervalsTest(absltest.TestCase):

  def test_intervals_stay_within_neurons(self):
    spikes = np.zeros((20, 3))
    spikes[[2, 5, 15], 0] = 1
    spikes[[7], 1] = 1
    spikes[[0, 1], 2] = 1
    np.testing.assert_array_equal(intervals.intervals(spikes), [3, 10, 1])

  def test_histogram_distance_counts_what_moved_to_another_bin(self):
    target, moved = np.zeros((40, 1)), np.zeros((40, 1))
    target[[0, 10, 20, 30]] = 1  # three intervals of 10
    moved[[0, 10, 20, 22]] = 1  # one of them of 2
    distance = intervals.histogram_distance
    self.assertEqual(distance(target, target, 3), 0)
    self.assertAlmostEqual(distance(moved, target, 3), 2**0.5)
    self.assertEqual(distance(moved, target), 0)  # few intervals: one bin
    with self.assertRaisesRegex(ValueError, 'a target with an interval'):
      distance(moved, target * 0)


if __name__ == '__main__':
  absltest.main()
