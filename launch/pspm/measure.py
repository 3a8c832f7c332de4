"""What the networks of `launch.pspm` do, beside the target."""

import functools
from typing import Any

import jax
import numpy as np

from nmlib.analysis.spikes import avalanches
from nmlib.analysis.spikes import distances
from nmlib.analysis.spikes import intervals
from nmlib.networks.spiking import spike_learner

_SHOWN = 40, 500  # neurons and steps of the rasters
_POINTS = 2000  # weights of a figure


def networks(weights, trials, learner) -> dict[str, np.ndarray]:
  """Returns measures [S] of each network, and what figures show of seed 0.

  Args:
    weights: [S, N, N] by the network's name.
    trials: of every seed.
    learner: how to simulate.
  """
  simulate = jax.jit(functools.partial(spike_learner.simulate, config=learner))
  found = {}
  for name, matrices in {'target': trials.reference, **weights}.items():
    rows = []
    for seed, matrix in enumerate(np.asarray(matrices)):
      trial = jax.tree.map(lambda a, i=seed: a[i], trials)
      spikes = trial.target
      if name != 'target':
        spikes = np.asarray(simulate(matrix, trial.drive))
      rows.append(_measures(spikes, matrix, trial))
      if seed == 0:
        found |= {f'{name}/{k}': v for k, v in _shown(spikes, matrix).items()}
    for key in rows[0]:
      found[f'{name}/{key}'] = np.array([row[key] for row in rows])
  return found


@jax.jit
def _apart(spikes, target):
  return distances.smoothed(spikes, target, distances.gaussian_kernel())


def _measures(spikes, weights, trial) -> dict[str, Any]:
  """Returns distances from the target, counts, and how weights agree."""
  apart = _apart(spikes, trial.target)
  sizes = [avalanches.avalanches(s).sizes for s in (spikes, trial.target)]
  excitatory = [
      w[:, trial.signs > 0].ravel() for w in (weights, trial.reference)
  ]
  error = np.linalg.norm(weights - trial.reference)
  return {
      'per_neuron': float(apart.per_neuron.sum()),
      'aggregate': float(apart.aggregate),
      'spikes': spikes.sum(),
      'count_deviation': spikes.sum(0).std(),
      'intervals': intervals.histogram_distance(spikes, trial.target),
      'avalanches': avalanches.distribution_distance(*sizes),
      'branching': avalanches.branching_ratio(spikes),
      'correlation': np.corrcoef(*excitatory)[0, 1],
      'weight_distance': error / np.linalg.norm(trial.reference),
  }


def _shown(spikes, weights) -> dict[str, np.ndarray]:
  """Returns some neurons, steps and weights, always the same ones."""
  neurons, steps = _SHOWN
  count = min(_POINTS, weights.size)
  some = np.random.default_rng(0).choice(weights.size, count, replace=False)
  return {
      'raster': spikes[-steps:, :neurons].astype(np.int8),
      'sizes': avalanches.avalanches(spikes).sizes,
      'weights': weights.ravel()[some],
  }
