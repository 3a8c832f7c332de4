"""A reduced pyramidal neuron, simulated: spikes in, voltage and spikes out.

Branches with AMPA, NMDA and GABA traces, a regenerative NMDA current a
branch, and a soma that spikes and adapts. It has the mechanisms for which a
point neuron is too simple, at a cost of microseconds a step, but no cable and
no ion channels: it stands in for detailed models, it is not one.
"""

import dataclasses
import math
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp


@dataclasses.dataclass(frozen=True)
class Config:
  """Times in ms, a step is 1 ms, voltages in mV above rest."""

  num_branches: int = 8  # K
  excitatory: int = 8  # E, synapses a branch
  inhibitory: int = 8  # I
  membrane_tau: float = 15.0
  threshold: float = 12.0
  reset: float = -3.0
  adaptation_tau: float = 120.0
  strength_spread: float = 0.4  # of log-normal synapses
  rate: float = 0.012  # excitatory, a synapse and ms
  rate_spread: float = 0.9  # of its logarithm, by branch
  inhibitory_rate: float = 0.010
  redraw_every: int = 25  # ms between changes of the rates

  @property
  def num_inputs(self) -> int:
    """D = K (E + I), branch by branch, excitatory synapses first."""
    return self.num_branches * (self.excitatory + self.inhibitory)


class Recording(NamedTuple):
  inputs: jax.Array  # [T, D], +1 an excitatory, -1 an inhibitory spike
  voltage: jax.Array  # [T], at most the threshold
  spikes: jax.Array  # [T], 0. or 1.


def strengths(key: jax.Array, config: Config) -> jax.Array:
  """Draws a neuron: strengths [K, E + I] of its synapses."""
  shape = (config.num_branches, config.excitatory + config.inhibitory)
  return jnp.exp(config.strength_spread * jax.random.normal(key, shape))


def simulate(
    key: jax.Array, strength: jax.Array, length: int, config: Config
) -> Recording:
  """Simulates `length` ms of the neuron under random input."""
  spikes = input_spikes(key, length, config)  # [T, K, E + I]
  weighted = spikes * strength[None]
  jumps = (
      weighted[..., : config.excitatory].sum(-1),
      weighted[..., config.excitatory :].sum(-1),
  )
  rest = jnp.zeros(config.num_branches)
  start = (rest, rest, rest, jnp.zeros(()), jnp.zeros(()))
  _, (voltage, fired) = jax.lax.scan(
      lambda state, jump: _step(state, jump, config), start, jumps
  )
  sign = jnp.where(jnp.arange(strength.shape[1]) < config.excitatory, 1.0, -1.0)
  inputs = (spikes * sign[None, None]).reshape(length, -1)
  return Recording(inputs, voltage, fired)


def _step(state, jump, config: Config):
  ampa, nmda, gaba, voltage, adaptation = state
  ampa = math.exp(-1 / 3) * ampa + jump[0]
  nmda = math.exp(-1 / 45) * nmda + 0.35 * jump[0]
  gaba = math.exp(-1 / 8) * gaba + jump[1]
  gate = jax.nn.sigmoid((ampa + 0.5 * nmda - 0.4 * gaba - 2.2) / 0.25)
  drive = jnp.sum(0.55 * ampa + 0.9 * nmda * gate - 0.45 * gaba)
  drive = drive - 1.2 * adaptation
  voltage += (2.2 * drive - voltage) / config.membrane_tau
  fired = (voltage >= config.threshold).astype(voltage.dtype)
  seen = jnp.minimum(voltage, config.threshold)
  voltage = jnp.where(fired > 0, config.reset, voltage)
  adaptation = math.exp(-1 / config.adaptation_tau) * adaptation + 0.9 * fired
  return (ampa, nmda, gaba, voltage, adaptation), (seen, fired)


def input_spikes(key: jax.Array, length: int, config: Any) -> jax.Array:
  """Draws spikes [T, K, E + I]; the rates of a branch change together.

  Args:
    key: random key.
    length: T, ms.
    config: of this or another neuron, with the fields of the inputs.
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
