"""What the networks of `launch.pspm` do, beside the target."""

import functools

import jax
import numpy as np

from nmlib.analysis.spikes import avalanches
from nmlib.analysis.spikes import prediction
from nmlib.analysis.spikes import resemblance
from nmlib.networks.spiking import spike_learner

_SHOWN = 40, 500  # neurons and steps of the rasters
_POINTS = 2000  # weights of a figure


def networks(weights, trials, learner) -> dict[str, np.ndarray]:
  """Returns measures [S] of each network, and what figures show of seed 0.

  Of weights [S, N, N] by the network's name, which `learner` simulates.
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
      rows.append(
          resemblance.of_spikes(spikes, trial.target)
          | resemblance.of_weights(matrix, trial.reference, trial.signs)
      )
      if seed == 0:
        found |= {f'{name}/{k}': v for k, v in _shown(spikes, matrix).items()}
    found |= {f'{name}/{k}': v for k, v in prediction.stacked(rows).items()}
  return found


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
