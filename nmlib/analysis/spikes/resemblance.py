"""How much a network that learned to fire resembles the one it learned from.

The measures of Bagley et al. (arXiv 1810.03199), each of its own module.
"""

import jax
import numpy as np
import numpy.typing as npt

from nmlib.analysis.spikes import avalanches
from nmlib.analysis.spikes import distances
from nmlib.analysis.spikes import intervals


def of_spikes(spikes: np.ndarray, target: np.ndarray) -> dict[str, float]:
  """Returns what trains [T, N] have in common with the target's [T, N].

  `per_neuron` (D_P) and `aggregate` (D_A): squared distances of smoothed
  trains; `intervals`: l2 distance of their histograms; `avalanches`: Kolmogorov
  and Smirnov's, of their sizes. Of the trains alone: `spikes`, their number;
  `count_deviation`, its standard deviation over neurons; `branching`, the
  ratio.

  Args:
    spikes: 0 or 1.
    target: likewise, with at least one interval between spikes of a neuron.

  Raises:
    ValueError: if shapes differ, or either is silent.
  """
  spikes, target = np.asarray(spikes), np.asarray(target)
  apart = _smoothed(spikes, target)
  sizes = [avalanches.avalanches(one).sizes for one in (spikes, target)]
  return {
      'per_neuron': float(apart.per_neuron.sum()),
      'aggregate': float(apart.aggregate),
      'spikes': float(spikes.sum()),
      'count_deviation': float(spikes.sum(0).std()),
      'intervals': intervals.histogram_distance(spikes, target),
      'avalanches': avalanches.distribution_distance(*sizes),
      'branching': avalanches.branching_ratio(spikes),
  }


def of_weights(
    weights: npt.ArrayLike, reference: npt.ArrayLike, signs: npt.ArrayLike
) -> dict[str, float]:
  """Returns how weights [N, N] agree with those of a reference [N, N].

  `correlation`: Pearson's, of excitatory weights; `weight_distance`: the norm
  of the difference of all, of that of the reference.

  Args:
    weights: to row from column.
    reference: likewise.
    signs: [N] of the columns, positive: excitatory.
  """
  weights, reference = np.asarray(weights), np.asarray(reference)
  excitatory = np.asarray(signs) > 0
  pairs = weights[:, excitatory].ravel(), reference[:, excitatory].ravel()
  error = np.linalg.norm(weights - reference) / np.linalg.norm(reference)
  return {
      'correlation': float(np.corrcoef(*pairs)[0, 1]),
      'weight_distance': float(error),
  }


@jax.jit
def _smoothed(spikes, target):
  return distances.smoothed(spikes, target, distances.gaussian_kernel())
