"""Windows around events."""

import numpy as np
import pytest

from nmlib.analysis import around_events


def test_windows_are_whole_and_aligned():
  values = np.stack([np.arange(10), 10 * np.arange(10)])
  found = around_events.windows(values, [1, 2, 7, 8], 2, 3)
  np.testing.assert_array_equal(found[0], [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]])
  np.testing.assert_array_equal(found[1], 10 * found[0])
  assert around_events.windows(values, [], 1, 1).shape == (2, 0, 2)


def test_bad_window():
  with pytest.raises(ValueError, match='must not be negative, got -1 and 2'):
    around_events.windows([1.0], [0], -1, 2)


def test_what_is_lost():
  steady, dip = [0.8] * 6, [0.7, 0.9, 0.3, 0.5, 0.7, 0.8]
  found = around_events.lost([steady, dip], 2)
  np.testing.assert_allclose(found, [0, 0.5 + 0.3 + 0.1], atol=1e-12)
  for before in (0, 6):
    with pytest.raises(ValueError, match=rf'in \[1, 5\] .* got {before}'):
      around_events.lost(dip, before)
