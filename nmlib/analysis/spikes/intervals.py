"""Intervals between the spikes of a neuron, and how their histograms differ."""

import numpy as np

from nmlib.neurons.core import checks


def intervals(spikes: np.ndarray) -> np.ndarray:
  """Returns the steps between successive spikes of each neuron, [I], int.

  Args:
    spikes: [T, N], nonzero where a neuron fires.

  Raises:
    ValueError: if spikes are not [T, N].
  """
  spikes = np.asarray(spikes)
  checks.shape('spikes', spikes, 'T', 'N')
  units, steps = np.nonzero(spikes.T)  # neuron by neuron
  return np.diff(steps)[np.diff(units) == 0]


def histogram_distance(
    spikes: np.ndarray, target: np.ndarray, num_bins: int | None = None
) -> float:
  """Returns the Euclidean distance of the histograms of intervals.

  Bins are shared: from 1 to the longest interval of the target, beyond which
  nothing counts (Bagley et al., arXiv 1810.03199, their code).

  Args:
    spikes: [T, N].
    target: [T, N], with at least one interval.
    num_bins: by default the larger number of intervals over 80, at least 1.

  Raises:
    ValueError: if the target has no interval, trains are not [T, N], or
      num_bins is not at least 1.
  """
  if num_bins is not None:
    checks.count('num_bins', num_bins)
  checks.shape('spikes', spikes, 'T', N=np.shape(target)[-1])
  ours, theirs = intervals(spikes), intervals(target)
  if not theirs.size:
    raise ValueError(
        'histogram_distance needs a target with an interval, got'
        f' {np.count_nonzero(target)} spikes of {target.shape[1]} neurons.'
    )
  num_bins = num_bins or max(max(ours.size, theirs.size) // 80, 1)
  edges = np.linspace(1, max(theirs.max(), 2), num_bins + 1)
  counts = [np.histogram(one, edges)[0] for one in (ours, theirs)]
  return float(np.linalg.norm(counts[0] - counts[1]))
