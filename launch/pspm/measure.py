"""What the networks of `launch.pspm` do, beside the target."""

import functools

import jax
import jax.numpy as jnp
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
  target = np.asarray(trials.target)
  found = {f'target/{k}': v for k, v in _statistics(target, target).items()}
  found['target/raster'] = _excerpt(target)
  found['target/sizes'] = avalanches.avalanches(target[0]).sizes
  excitatory = np.flatnonzero(trials.signs[0] > 0)
  found['target/weights'] = _some(trials.reference[0], excitatory)
  one = functools.partial(_simulated, learner=learner)
  each = jax.jit(lambda *a: jax.lax.map(lambda pair: one(*pair), a))
  for name, matrices in weights.items():
    spikes, measured = each(jnp.asarray(matrices), trials)
    spikes = np.asarray(spikes)
    rows = measured | _statistics(spikes, target)
    found |= {f'{name}/{k}': np.asarray(v) for k, v in rows.items()}
    found[f'{name}/raster'] = _excerpt(spikes)
    found[f'{name}/sizes'] = avalanches.avalanches(spikes[0]).sizes
    found[f'{name}/weights'] = _some(np.asarray(matrices[0]), excitatory)
  return found


def _simulated(weights, trial, learner):
  """Returns spikes, distances to the target's, and agreement of weights."""
  spikes = spike_learner.simulate(weights, trial.drive, learner)
  apart = distances.smoothed(spikes, trial.target, distances.gaussian_kernel())
  excitatory = jnp.broadcast_to(trial.signs[None] > 0, weights.shape)
  centred = lambda w: w - jnp.mean(w, where=excitatory)
  a, b = centred(weights), centred(trial.reference)
  product = lambda x, y: jnp.sum(x * y, where=excitatory)
  size = jnp.linalg.norm(trial.reference)
  return spikes, {
      'per_neuron': jnp.sum(apart.per_neuron),
      'aggregate': apart.aggregate,
      'correlation': product(a, b) / jnp.sqrt(product(a, a) * product(b, b)),
      'weight_distance': jnp.linalg.norm(weights - trial.reference) / size,
      'broken': jnp.sum(weights * trial.signs[None] < 0),
  }


def _statistics(spikes, target) -> dict[str, np.ndarray]:
  """Returns counts, intervals and avalanches of every seed, [S] each."""
  rows = []
  for ours, theirs in zip(spikes, target, strict=True):
    counts = ours.sum(0)
    sizes = [avalanches.avalanches(one).sizes for one in (ours, theirs)]
    rows.append(
        {
            'spikes': counts.sum(),
            'count_deviation': counts.std(),
            'intervals': intervals.histogram_distance(ours, theirs),
            'avalanches': avalanches.distribution_distance(*sizes),
            'branching': avalanches.branching_ratio(ours),
        }
    )
  return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def _excerpt(spikes):
  neurons, steps = _SHOWN
  return spikes[0, -steps:, :neurons].astype(np.int8)


def _some(weights, columns):
  """Returns some of the weights of these columns, always the same ones."""
  flat = weights[:, columns].ravel()
  rng = np.random.default_rng(0)
  return flat[rng.choice(flat.size, min(_POINTS, flat.size), replace=False)]
