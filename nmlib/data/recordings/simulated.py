"""Recordings of simulated neurons: random spikes in, voltage and spikes out.

The neurons are those of `nmlib.neurons.biophysical`; rates of their excitatory
inputs change together on a branch, every `redraw_every` ms.
"""

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.biophysical import cable
from nmlib.neurons.biophysical import pyramidal
from nmlib.neurons.core import limits


@dataclasses.dataclass(frozen=True)
class Cable(cable.Config):
  """A neuron of compartments, its inputs, and what is recorded of it."""

  rate: limits.NonNegative = 0.004  # excitatory, a synapse and ms
  rate_spread: limits.NonNegative = 1.2  # of its logarithm, by branch
  inhibitory_rate: limits.NonNegative = 0.010
  redraw_every: limits.Count = 25  # ms between changes of the rates
  voltage_ceiling: limits.Finite = -55.0  # recorded voltages are cut there
  voltage_zero: limits.Finite = -67.7  # and counted from there, as NeuronIO's


@dataclasses.dataclass(frozen=True)
class Pyramidal(pyramidal.Config):
  """A reduced neuron and its inputs, as in `Cable`."""

  rate: limits.NonNegative = 0.012
  rate_spread: limits.NonNegative = 0.9
  inhibitory_rate: limits.NonNegative = 0.010
  redraw_every: limits.Count = 25


Config = Cable | Pyramidal
Params = cable.Params | pyramidal.Params


class Recording(NamedTuple):
  inputs: jax.Array  # [T, D], +1 an excitatory, -1 an inhibitory spike
  voltage: jax.Array  # [T], mV above rest, cut where a spike begins
  spikes: jax.Array  # [T], 0. or 1.


def init(key: jax.Array, config: Config) -> Params:
  """Draws a neuron."""
  if isinstance(config, Cable):
    return cable.init(key, config)
  return pyramidal.init(key, config)


def simulate(
    key: jax.Array, params: Params, length: int, config: Config
) -> Recording:
  """Simulates `length` ms of a neuron under random input."""
  spikes = input_spikes(key, length, config)  # [T, K, E + I]
  if isinstance(config, Cable):
    start = cable.initial_state(config)
    _, out = cable.unroll(cable.Params(*params), start, spikes, config)
    voltage = jnp.minimum(out.voltage, config.voltage_ceiling)
    voltage = voltage - config.voltage_zero
  else:
    start = pyramidal.initial_state(config)
    _, out = pyramidal.unroll(pyramidal.Params(*params), start, spikes, config)
    voltage = out.voltage
  sign = jnp.where(jnp.arange(spikes.shape[2]) < config.excitatory, 1.0, -1.0)
  inputs = (spikes * sign[None, None]).reshape(length, -1)
  return Recording(inputs, voltage, out.spikes)


def record(
    seed: int, params: Params, trials: int, length: int, config: Config
) -> Recording:
  """Simulates trials, as NumPy arrays with `trials` in front, inputs int8.

  Args:
    seed: of the inputs; other seeds are other trials.
    params: of the neuron.
    trials: how many.
    length: of each, ms.
    config: of the neuron.
  """
  keys = jax.random.split(jax.random.key(seed), trials)
  one = lambda key: simulate(key, params, length, config)
  many = lambda keys: jax.lax.map(one, keys, batch_size=min(64, trials))
  found = jax.tree.map(np.asarray, jax.jit(many)(keys))
  return found._replace(inputs=found.inputs.astype(np.int8))


def window(
    key: jax.Array, recordings: Recording, length: int, earliest: int
) -> Recording:
  """Draws a part of one of some recordings, float32.

  Args:
    key: random key.
    recordings: [trials, T, ...].
    length: of the part, ms.
    earliest: ms at which it may begin.
  """
  trials, duration = recordings.voltage.shape
  which, when = jax.random.split(key)
  trial = jax.random.randint(which, (), 0, trials)
  start = jax.random.randint(when, (), earliest, duration - length + 1)
  part = lambda leaf: jax.lax.dynamic_slice_in_dim(leaf[trial], start, length)
  return jax.tree.map(lambda x: part(x).astype(jnp.float32), recordings)


def lesson(recording: Recording, scale: float) -> dict[str, jax.Array]:
  """Returns a recording as a network learns it, its voltage in `scale` mV."""
  voltage = recording.voltage / scale
  return recording._replace(voltage=voltage)._asdict()


def input_spikes(key: jax.Array, length: int, config: Config) -> jax.Array:
  """Draws spikes [T, K, E + I]; the rates of a branch change together.

  Args:
    key: random key.
    length: T, ms.
    config: of the neuron.
  """
  branch_key, trial_key, spike_key = jax.random.split(key, 3)
  blocks = -(-length // config.redraw_every)
  z = jax.random.normal(branch_key, (blocks, config.num_branches))
  rate = config.rate * jnp.exp(config.rate_spread * z)
  rate = jnp.repeat(rate, config.redraw_every, axis=0)[:length, :, None]
  inhibitory = config.inhibitory_rate * jnp.exp(
      0.5 * jax.random.normal(trial_key)
  )
  rates = jnp.concatenate(
      [
          jnp.broadcast_to(rate, (*rate.shape[:2], config.excitatory)),
          jnp.full((*rate.shape[:2], config.inhibitory), inhibitory),
      ],
      axis=2,
  )
  uniform = jax.random.uniform(spike_key, rates.shape)
  return (uniform < rates).astype(jnp.float32)
