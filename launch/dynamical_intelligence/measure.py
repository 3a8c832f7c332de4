"""What needs no training: synchrony, capacity, sequences, gating."""

import jax
import jax.numpy as jnp
import numpy as np

from launch.dynamical_intelligence.config import Config
from nmlib.networks.oscillatory import gated_streams
from nmlib.neurons.oscillators import kuramoto
from nmlib.neurons.oscillators import lotka_volterra
from nmlib.neurons.oscillators import theta_gamma


def order(config: Config) -> dict[str, jax.Array]:
  """Returns `R` [couplings, S]."""
  model = kuramoto.Config(config.num_units, width=config.width, dt=0.05)
  params = kuramoto.init(jax.random.key(0), model)
  steps = round(config.duration / model.dt)

  def one(coupling, key):
    start = kuramoto.random_state(key, model)
    own = params._replace(coupling=coupling)
    return kuramoto.mean_order(own, start, steps, model)

  every = jax.jit(jax.vmap(jax.vmap(one, (None, 0)), (0, None)))
  keys = jax.random.split(jax.random.key(0), config.num_seeds)
  return {'R': every(jnp.array(config.couplings), keys)}


def capacity(config: Config) -> dict[str, jax.Array]:
  """Returns items held and gamma gaps of each buffer, and a raster.

  `items` [buffers, K, S]: distinct ones a cycle; `gap` [buffers, S], s, where
  all are loaded; `raster` [T, N] of four items in the last buffer but one.
  """
  number = config.items
  model = theta_gamma.Config(number)
  cycle = 1 / model.theta_frequency
  steps = round((config.cycles + 1) * cycle / model.dt)

  def one(constants, loaded, key):
    params = theta_gamma.init(key, model)._replace(
        inhibition=constants[0], adp_amplitude=constants[1]
    )
    items = jax.random.permutation(key, number)
    xs = theta_gamma.load(items, steps, cycle / (number + 1), model, loaded)
    start = theta_gamma.initial_state(model)
    _, spikes = theta_gamma.unroll(params, start, xs, model)
    late = theta_gamma.contents(spikes, model)[config.cycles // 2 :]
    held = (late > 0).sum(-1).mean()
    return spikes, held, theta_gamma.gamma_gap(spikes, model)

  every = jax.vmap(jax.vmap(one, (None, None, 0)), (None, 0, None))
  keys = jax.random.split(jax.random.key(0), config.num_seeds)
  spikes, items, gaps = jax.jit(jax.vmap(every, (0, None, None)))(
      jnp.array(config.buffers), jnp.arange(1, number + 1), keys
  )
  shown = spikes[-2:][0, min(number, 4) - 1, 0]
  return {'items': items, 'gap': gaps[:, -1], 'raster': shown}


def sequences(config: Config) -> dict[str, np.ndarray]:
  """Returns `exact` [S], shares of followers, and numbers of `winners` [S]."""
  model = config.sequence
  params = lotka_volterra.init(jax.random.key(0), model)
  start = lotka_volterra.initial_state(model)
  xs = jnp.zeros((round(config.sequence_time / model.dt), model.num_units))
  run = jax.jit(lambda p: lotka_volterra.unroll(p, start, xs, model)[1])
  found = []
  for seed in range(config.num_seeds):
    cycle = np.random.default_rng(seed).permutation(model.num_units)
    matrix = lotka_volterra.heteroclinic_matrix(cycle, model.low, model.high)
    activity = np.asarray(run(params._replace(inhibition=jnp.asarray(matrix))))
    found.append(lotka_volterra.follows(activity, cycle))
  return {
      'exact': np.array([each.mean() for each in found]),
      'winners': np.array([1 + len(each) for each in found]),
  }


def gating(config: Config) -> dict[str, np.ndarray]:
  """Returns `gated_streams.correlations` [S], and seed 0 around its 2nd cue."""
  model = config.streams

  def one(key):
    found = gated_streams.trial(key, model)
    return gated_streams.correlations(found, model), found

  keys = jax.random.split(jax.random.key(0), config.num_seeds)
  found, trials = jax.jit(jax.vmap(one))(keys)
  cue = model.steps(model.settle + model.listen)
  window = slice(cue - model.steps(8), cue + model.steps(8))
  shown = {k: getattr(trials, k)[0, window] for k in ('streams', 'read')}
  return found | shown
