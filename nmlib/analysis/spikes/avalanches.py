"""Avalanches: runs of activity between silences (Beggs & Plenz 2003)."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from nmlib.neurons.core import checks


class Avalanches(NamedTuple):
  """One entry an avalanche, in time."""

  sizes: np.ndarray  # [A], spikes
  durations: np.ndarray  # [A], bins


def avalanches(spikes: np.ndarray, bin_steps: int = 1) -> Avalanches:
  """Returns the maximal runs of bins with at least one spike.

  Runs at the start and at the end of the recording count as they are.

  Args:
    spikes: [T, N], nonzero where a neuron fires.
    bin_steps: steps a bin; steps that fill none at the end are left out.

  Raises:
    ValueError: if spikes are not [T, N], or a bin is not at least 1 step, or
      longer than the recording.
  """
  counts = _counts(spikes)
  checks.count('bin_steps', bin_steps)
  if not 1 <= bin_steps <= max(counts.size, 1):
    raise ValueError(
        f'bin_steps must be in [1, T={counts.size}], got {bin_steps}.'
    )
  whole = counts.size // bin_steps * bin_steps
  counts = counts[:whole].reshape(-1, bin_steps).sum(1)
  active = np.concatenate([[0], counts > 0, [0]]).astype(int)
  starts, ends = (np.flatnonzero(np.diff(active) == s) for s in (1, -1))
  total = np.append(0, np.cumsum(counts))
  return Avalanches(total[ends] - total[starts], ends - starts)


def branching_ratio(spikes: np.ndarray) -> float:
  """Returns how many spikes follow one in the next step, in the mean.

  The mean over active steps of the ratio of the next step's count to theirs;
  NaN if there is none.

  Args:
    spikes: [T, N].

  Raises:
    ValueError: if spikes are not [T, N].
  """
  counts = _counts(spikes)
  before, after = counts[:-1], counts[1:]
  active = before > 0
  if not active.any():
    return float('nan')
  return float(np.mean(after[active] / before[active]))


def distribution_distance(ours: npt.ArrayLike, theirs: npt.ArrayLike) -> float:
  """Returns the largest gap of two cumulative distributions, in [0, 1].

  Kolmogorov and Smirnov's statistic, of sizes or durations.

  Raises:
    ValueError: if one of them is empty, or has NaN.
  """
  a, b = np.sort(np.ravel(ours)), np.sort(np.ravel(theirs))
  if not a.size or not b.size or np.isnan([a[-1], b[-1]]).any():
    raise ValueError(
        'distribution_distance needs values on both sides, none of them NaN,'
        f' got {a.size} and {b.size}, the largest {a[-1:]} and {b[-1:]}.'
    )
  at = np.concatenate([a, b])
  share = lambda x: np.searchsorted(x, at, side='right') / x.size
  return float(np.max(np.abs(share(a) - share(b))))


def _counts(spikes: npt.ArrayLike) -> np.ndarray:
  """Returns the spikes of each step [T]."""
  spikes = np.asarray(spikes)
  checks.shape('spikes', spikes, 'T', 'N')
  return np.count_nonzero(spikes, axis=1)
