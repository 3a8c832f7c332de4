"""Leaky integrator: a membrane that never fires, a network's readout."""

import dataclasses
from typing import Literal
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons.core import checks
from nmlib.neurons.core import dtypes
from nmlib.neurons.core import leaky
from nmlib.neurons.core import limits
from nmlib.neurons.core import scan
from nmlib.neurons.core import time_constants
from nmlib.neurons.spiking import current_lif


@dataclasses.dataclass(frozen=True)
class Config:
  """Hyperparameters; decays are initial values of parameters.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  num_units: limits.Count  # N
  membrane_decay: limits.UnitInterval = 0.9  # a step
  synapse_decay: limits.UnitInterval = 0.0  # a step; 0: no synaptic current
  current_order: current_lif.Order = 'decay_then_add'  # as in `current_lif`
  gain: Literal['one', 'complement'] = 'one'  # of the current
  rest_voltage: limits.Finite = 0.0
  clamp_decays: bool = False  # learned decays act as the nearest in [0, 1]
  param_dtype: dtypes.Floating = 'float32'  # of parameters and state

  __post_init__ = limits.check


class Params(NamedTuple):
  membrane_decay: jax.Array  # []
  synapse_decay: jax.Array  # []


class State(NamedTuple):
  voltage: jax.Array  # [N]
  current: jax.Array  # [N]


def init(key: jax.Array, config: Config) -> Params:
  """Returns the configured values; nothing is random."""
  del key
  dtype = dtypes.named(config.param_dtype)
  return Params(
      *(jnp.asarray(getattr(config, f), dtype) for f in Params._fields)
  )


def initial_state(config: Config) -> State:
  """Returns membranes at rest, without current."""
  zeros = jnp.zeros(config.num_units, dtypes.named(config.param_dtype))
  return State(jnp.full_like(zeros, config.rest_voltage), zeros)


def step(
    params: Params, state: State, x_t: jax.Array, config: Config
) -> tuple[State, jax.Array]:
  """Advances one step: v = beta v + g I; returns the state and v [N].

  Raises:
    ValueError: if x_t is not [N].
  """
  checks.shape('inputs', x_t, num_units=config.num_units)
  params, x_t = _ready(params, x_t, state, config)
  return _step(params, state, x_t, config)


def _step(params, state, x_t, config):
  seen, current = current_lif.synapse(
      params.synapse_decay, state.current, x_t, config.current_order
  )
  if config.gain == 'complement':
    seen = (1 - params.membrane_decay) * seen
  voltage = leaky.integrate(
      params.membrane_decay, state.voltage, seen, config.rest_voltage
  )
  return State(voltage, current), voltage


def unroll(
    params: Params,
    state: State,
    xs: jax.Array,
    config: Config,
    *,
    chunk_size: int | None = None,
) -> tuple[State, jax.Array]:
  """Runs `step` over inputs [T, N]; returns the last state, v [T, N]."""
  checks.shape('inputs', xs, 'T', num_units=config.num_units)
  params, xs = _ready(params, xs, state, config)
  return scan.scan(
      lambda s, x: _step(params, s, x, config),
      state,
      xs,
      chunk_size=chunk_size,
  )


def unroll_parallel(
    params: Params, state: State, xs: jax.Array, config: Config
) -> tuple[State, jax.Array]:
  """As `unroll`, all steps at once: two associative scans, of depth log T."""
  checks.shape('inputs', xs, 'T', num_units=config.num_units)
  params, xs = _ready(params, xs, state, config)
  wide = lambda a: jnp.broadcast_to(a, (config.num_units,))
  seen, current = current_lif.synapse_parallel(
      wide(params.synapse_decay), state.current, xs, config.current_order
  )
  if config.gain == 'complement':
    seen = (1 - params.membrane_decay) * seen
  rest = config.rest_voltage
  voltages = rest + leaky.trace(
      seen, wide(params.membrane_decay), state.voltage - rest
  )
  last = voltages[-1] if len(xs) else state.voltage
  return State(last, current), voltages


def _ready(params, inputs, state, config):
  """Returns parameters as they act, and inputs, in the dtype of the state."""
  params, inputs = dtypes.cast((params, inputs), state.voltage.dtype)
  if config.clamp_decays:
    params = Params(*map(time_constants.clamp, params))
  return params, inputs
