"""A reduced pyramidal neuron: the mechanisms, without cables or channels.

Branches with AMPA, NMDA and GABA traces, a regenerative NMDA current a
branch, and a soma that spikes and adapts. It has what a point neuron is too
simple for, at a cost of microseconds a step: it stands in for detailed models,
it is not one.
"""

import dataclasses
import math
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons.core import checks
from nmlib.neurons.core import dtypes
from nmlib.neurons.core import limits


@dataclasses.dataclass(frozen=True)
class Config:
  """Times in ms, a step is 1 ms, voltages in mV above rest."""

  num_branches: limits.Count = 8  # K
  excitatory: limits.Count = 8  # E, synapses a branch
  inhibitory: limits.Count = 8  # I
  membrane_tau: limits.Positive = 15.0
  threshold: limits.Finite = 12.0
  reset: limits.Finite = -3.0
  adaptation_tau: limits.Positive = 120.0
  strength_spread: limits.NonNegative = 0.4  # of log-normal synapses
  param_dtype: dtypes.Floating = 'float32'  # of parameters and state

  __post_init__ = limits.check

  @property
  def num_inputs(self) -> int:
    """D = K (E + I), branch by branch, excitatory synapses first."""
    return self.num_branches * (self.excitatory + self.inhibitory)


class Params(NamedTuple):
  strength: jax.Array  # [K, E + I], of the synapses


class State(NamedTuple):
  ampa: jax.Array  # [K]
  nmda: jax.Array  # [K]
  gaba: jax.Array  # [K]
  voltage: jax.Array  # [], after a reset
  adaptation: jax.Array  # []


class Output(NamedTuple):
  voltage: jax.Array  # [], at most the threshold, before a reset
  spikes: jax.Array  # [], 0. or 1.


def init(key: jax.Array, config: Config) -> Params:
  """Draws strengths of median 1, log-normal."""
  shape = (config.num_branches, config.excitatory + config.inhibitory)
  normal = jax.random.normal(key, shape, dtypes.named(config.param_dtype))
  return Params(jnp.exp(config.strength_spread * normal))


def initial_state(config: Config) -> State:
  """Returns the neuron at rest."""
  dtype = dtypes.named(config.param_dtype)
  rest, none = jnp.zeros(config.num_branches, dtype), jnp.zeros((), dtype)
  return State(rest, rest, rest, none, none)


def step(
    params: Params, state: State, x_t: jax.Array, config: Config
) -> tuple[State, Output]:
  """Advances 1 ms.

  Args:
    params: of the synapses.
    state: before.
    x_t: spikes [K, E + I], 0. or 1.
    config: static.

  Returns:
    The state after, and the soma's voltage and spike.
  """
  checks.shape(
      'x_t',
      x_t,
      num_branches=config.num_branches,
      synapses=config.excitatory + config.inhibitory,
  )
  params, x_t = dtypes.cast((params, x_t), state.voltage.dtype)
  weighted = x_t * params.strength
  excite = weighted[:, : config.excitatory].sum(-1)
  inhibit = weighted[:, config.excitatory :].sum(-1)
  ampa = math.exp(-1 / 3) * state.ampa + excite
  nmda = math.exp(-1 / 45) * state.nmda + 0.35 * excite
  gaba = math.exp(-1 / 8) * state.gaba + inhibit
  gate = jax.nn.sigmoid((ampa + 0.5 * nmda - 0.4 * gaba - 2.2) / 0.25)
  drive = jnp.sum(0.55 * ampa + 0.9 * nmda * gate - 0.45 * gaba)
  drive = drive - 1.2 * state.adaptation
  voltage = state.voltage + (2.2 * drive - state.voltage) / config.membrane_tau
  fired = (voltage >= config.threshold).astype(voltage.dtype)
  seen = jnp.minimum(voltage, config.threshold)
  voltage = jnp.where(fired > 0, config.reset, voltage)
  decay = math.exp(-1 / config.adaptation_tau)
  adaptation = decay * state.adaptation + 0.9 * fired
  return State(ampa, nmda, gaba, voltage, adaptation), Output(seen, fired)


def unroll(
    params: Params, state: State, xs: jax.Array, config: Config
) -> tuple[State, Output]:
  """Runs over spikes [T, K, E + I]; the output has T in front."""
  return jax.lax.scan(lambda s, x: step(params, s, x, config), state, xs)
