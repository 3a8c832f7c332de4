# pyrefly: ignore-errors
# Wrong types are what is tested.
"""Spikes of any dtype and shape: the same numbers, or a sentence."""

import numpy as np
import pytest

from nmlib.analysis.spikes import avalanches
from nmlib.analysis.spikes import distances
from nmlib.analysis.spikes import intervals
from nmlib.analysis.spikes import pairing

_SPIKES = np.array([[1, 0], [0, 0], [0, 1]])
_TARGET = np.array([[0, 0], [1, 0], [0, 1]])


@pytest.mark.parametrize('dtype', [bool, int, np.int8, np.uint8, np.float32])
def test_distances_of_any_dtype(dtype):
  spikes, target = _SPIKES.astype(dtype), _TARGET.astype(dtype)
  # Trains filtered from 0 and from 1 on: they differ by 1, then by 1 - d less.
  decay = np.exp(-1 / 3)
  expected = (1 - decay**2) / 2 + (1 - decay) ** 2 / 2
  found = distances.van_rossum(spikes, target, tau=3.0)
  np.testing.assert_allclose(found, expected, rtol=1e-6)
  # (1, 2, 0, 0) less (0, 1, 2, 0): squares 1, 1, 4, 0.
  smooth = distances.smoothed(spikes, target, np.array([1.0, 2.0]))
  np.testing.assert_allclose(smooth.per_neuron, [6 / 4, 0])
  np.testing.assert_allclose(smooth.aggregate, 6 / 4 / 2)


def test_distance_of_no_time_is_0():
  nothing = np.zeros((0, 2))
  assert distances.van_rossum(nothing, nothing, tau=3.0) == 0
  with pytest.raises(ValueError, match='none empty, got .0, 2.'):
    distances.smoothed(nothing, nothing, np.ones(2))


@pytest.mark.parametrize('dtype', [np.int8, np.int64, np.uint8, np.uint32])
def test_pairs_of_any_whole_dtype(dtype):
  times, others = np.array([3, 90], dtype), np.array([5, 120], dtype)
  found = pairing.pair(times, others, 4)
  np.testing.assert_array_equal(found.partner, [0, -1])
  np.testing.assert_array_equal(found.other_partner, [0, -1])
  assert found.cost == 2 + 5 + 5


def test_pairs_of_no_spikes():
  none, some = np.zeros(0, np.int32), np.array([3, 7], np.int32)
  found = pairing.pair(none, some, 4)
  assert found.partner.shape == (0,)
  np.testing.assert_array_equal(found.other_partner, [-1, -1])
  assert found.cost == 10
  assert pairing.pair(some, none, 4).cost == 10
  assert pairing.pair(none, none, 4).cost == 0


@pytest.mark.parametrize(
    'call, message',
    [
        (
            lambda: avalanches.avalanches(_SPIKES[:, 0]),
            r'spikes must be \[T, N',
        ),
        (lambda: avalanches.branching_ratio(_SPIKES[0]), r'must be \[T, N'),
        (lambda: intervals.intervals(_SPIKES[0]), r'must be \[T, N'),
        (
            lambda: intervals.histogram_distance(_SPIKES, _TARGET, -1),
            'num_bins must be at least 1, got -1',
        ),
        (
            lambda: intervals.histogram_distance(_SPIKES[:, :1], _TARGET, 2),
            r'spikes must be \[T, N=',
        ),
        (lambda: avalanches.avalanches(_SPIKES, 1.5), 'number, got 1.5'),
        (
            lambda: avalanches.distribution_distance([1.0], [2.0, np.nan]),
            'none of them NaN, got 1 and 2',
        ),
        (
            lambda: distances.victor_purpura(np.array([2, 1]), [1.0], 1.0),
            'times must be finite and ascend',
        ),
        (
            lambda: distances.victor_purpura([1.0], np.array([np.nan]), 1.0),
            'others must be finite and ascend',
        ),
        (
            lambda: distances.victor_purpura([1.0], [2.0], -1.0),
            'cost must be at least 0, got -1.0',
        ),
        (
            lambda: pairing.pair(np.array([5, 1]), np.array([1]), 2),
            r'times must ascend from 0 on.*\[5, 1\]',
        ),
        (
            lambda: pairing.pair(np.array([1]), np.array([-1, 4]), 2),
            r'others must ascend from 0 on.*\[-1, 4\]',
        ),
        (lambda: pairing.spike_times(_SPIKES[0], 2), r'must be \[T, N'),
        (
            lambda: pairing.pair(np.array([1]), np.array([2]), 2**31 - 1),
            'max_distance must be in .0, 429496728. for lists of 1 and 1',
        ),
    ],
)
def test_bad_input(call, message):
  with pytest.raises(ValueError, match=message):
    call()
