"""Transient states of a sequence of winners."""

import numpy as np
import pytest

from nmlib.analysis import transients


@pytest.mark.parametrize(
    'winners, states, steps',
    [
        ([-1, 2, 2, -1, 2, -1, 0, 0, 2], [2, 0, 2], [3, 2, 1]),
        ([0], [0], [1]),
        ([-1, -1], [], []),
        ([], [], []),
    ],
)
def test_runs_are_joined_over_gaps(winners, states, steps):
  found = transients.states(np.array(winners, int))
  np.testing.assert_array_equal(found[0], states)
  np.testing.assert_array_equal(found[1], steps)


def test_bad_shape():
  with pytest.raises(ValueError, match=r'must be \[T\], got shape \[2, 3\]'):
    transients.states(np.zeros((2, 3), int))


def test_summary_counts_and_measures():
  found = transients.summary([-1, 2, 2, -1, 2, -1, 0, 0, 2])
  assert found == (3, 2, 2.0, 6 / 9)
  nothing = transients.summary([-1, -1])
  assert nothing[:2] == (0, 0) and nothing.share == 0
  assert np.isnan(nothing.mean_steps)
  with pytest.raises(ValueError, match='at least one step'):
    transients.summary(np.zeros(0, int))
