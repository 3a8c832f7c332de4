r"""Current-based LIF: input jumps a decaying synaptic current.

.. math::
  \tau_s I' = -I, \quad \tau_m v' = -v + I

Libraries differ in which current a step sees: `Config.current_order`.
"""

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
from nmlib.neurons.spiking import firing
from nmlib.neurons.spiking import firing_unroll

Order = Literal['decay_then_add', 'add_then_decay', 'previous']


@dataclasses.dataclass(frozen=True)
class Config:
  """Hyperparameters; decays and threshold are initial values of parameters.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  num_units: limits.Count  # N
  synapse_decay: limits.UnitInterval = 0.8  # alpha, a step
  membrane_decay: limits.UnitInterval = 0.9  # beta, a step
  threshold: limits.Finite = 1.0
  # 'decay_then_add': I = alpha I + x, and the membrane sees it.
  # 'add_then_decay': it sees I + x; alpha times that is kept.
  # 'previous': it sees the I of the step before.
  current_order: Order = 'decay_then_add'
  # Of the current: 'one'; 'complement', 1 - beta; 'exact', the integral of the
  # decaying current over the step (with 'add_then_decay').
  gain: Literal['one', 'complement', 'exact'] = 'one'
  rest_voltage: limits.Finite = 0.0  # the leak pulls towards it
  initial_voltage: limits.Finite = 0.0
  heterogeneous: bool = False  # parameters [N], not scalars
  clamp_decays: bool = False  # learned decays act as the nearest in [0, 1]
  rule: firing.Rule = firing.Rule()
  param_dtype: dtypes.Floating = 'float32'  # of parameters and state

  def __post_init__(self):
    limits.check(self)
    firing.check_threshold(self, self.rule)


class Params(NamedTuple):
  synapse_decay: jax.Array  # [] or [N]
  membrane_decay: jax.Array  # [] or [N]
  threshold: jax.Array  # [] or [N]


class State(NamedTuple):
  voltage: jax.Array  # [N]
  current: jax.Array  # [N]


def init(key: jax.Array, config: Config) -> Params:
  """Returns the configured values; nothing is random."""
  del key
  dtype = dtypes.named(config.param_dtype)
  shape = (config.num_units,) if config.heterogeneous else ()
  return Params(
      *(jnp.full(shape, getattr(config, f), dtype) for f in Params._fields)
  )


def initial_state(config: Config) -> State:
  """Returns membranes at their initial voltage, without current."""
  zeros = jnp.zeros(config.num_units, dtypes.named(config.param_dtype))
  return State(jnp.full_like(zeros, config.initial_voltage), zeros)


def step(
    params: Params, state: State, x_t: jax.Array, config: Config
) -> tuple[State, jax.Array]:
  r"""Advances one step: I_t, then v_t = beta v_{t-1} + g I, then the firing.

  Args:
    params: decays and threshold.
    state: membrane and current [N].
    x_t: what the spikes of this step add to the current [N].
    config: static.

  Returns:
    The next state, and spikes [N].

  Raises:
    ValueError: if x_t is not [N].
  """
  checks.shape('inputs', x_t, num_units=config.num_units)
  params, x_t = _ready(params, x_t, state, config)
  return _step(params, state, x_t, config)


def _step(params, state, x_t, config):
  current, drive = _drive(params, state.current, x_t, config)
  voltage, out = firing.fire(
      state.voltage,
      lambda v: _integrate(params, v, drive, config),
      params.threshold,
      config.rule,
  )
  return State(voltage, current), firing.graded(out, config.rule)


def synapse(
    decay: jax.Array | float, current: jax.Array, x_t: jax.Array, order: Order
) -> tuple[jax.Array, jax.Array]:
  """Returns the current that the membrane sees, and the one that is kept."""
  if order == 'add_then_decay':
    seen = current + x_t
    return seen, decay * seen
  kept = decay * current + x_t
  return (current if order == 'previous' else kept), kept


def emitted(params: Params, state: State, config: Config) -> jax.Array:
  """Returns the spikes [N] of the membrane as it is, before any input."""
  return firing.graded(
      firing.spikes(state.voltage, params.threshold, config.rule),
      config.rule,
  )


def unroll(
    params: Params,
    state: State,
    xs: jax.Array,
    config: Config,
    *,
    chunk_size: int | None = None,
) -> tuple[State, jax.Array]:
  """Runs `step` over inputs [T, N]; returns the last state, spikes [T, N]."""
  checks.shape('inputs', xs, 'T', num_units=config.num_units)
  params, xs = _ready(params, xs, state, config)
  if firing_unroll.applies(config.rule):
    voltage, current, spikes = firing_unroll.run(
        state.voltage,
        state.current,
        xs,
        drive=lambda current, x_t: _drive(params, current, x_t, config),
        integrate=lambda v, drive: _integrate(params, v, drive, config),
        threshold=params.threshold,
        rule=config.rule,
        chunk_size=chunk_size,
    )
    return State(voltage, current), spikes
  return scan.scan(
      lambda s, x: _step(params, s, x, config),
      state,
      xs,
      chunk_size=chunk_size,
  )


def unroll_parallel(
    params: Params, state: State, xs: jax.Array, config: Config
) -> tuple[State, jax.Array]:
  """As `unroll`, all steps at once, for a neuron that never resets.

  Current and membrane are linear recurrences: two associative scans.

  Raises:
    ValueError: unless config.rule.reset is 'none', or if xs is not [T, N].
  """
  checks.shape('inputs', xs, 'T', num_units=config.num_units)
  params, xs = _ready(params, xs, state, config)
  wide = lambda a: jnp.broadcast_to(a, (config.num_units,))
  seen, current = synapse_parallel(
      wide(params.synapse_decay), state.current, xs, config.current_order
  )
  drive = seen * wide(_gain(params, config))[None]
  rest = config.rest_voltage
  voltages = rest + leaky.trace(
      drive, wide(params.membrane_decay), state.voltage - rest
  )
  out = firing.fire_parallel(
      state.voltage, voltages, params.threshold, config.rule
  )
  return State(voltages[-1] if len(xs) else state.voltage, current), out


def synapse_parallel(
    decay: jax.Array, current: jax.Array, xs: jax.Array, order: Order
) -> tuple[jax.Array, jax.Array]:
  """As `synapse` over xs [T, N]; returns seen [T, N], kept at the end [N]."""
  added = decay[None] * xs if order == 'add_then_decay' else xs
  kept = leaky.trace(added, decay, current)
  kept = jnp.concatenate([current[None], kept])
  before = kept[:-1]
  seen = {
      'add_then_decay': before + xs,
      'decay_then_add': kept[1:],
      'previous': before,
  }[order]
  return seen, kept[-1]


def _ready(params, inputs, state, config):
  """Returns parameters as they act, and inputs, in the dtype of the state."""
  params, inputs = dtypes.cast((params, inputs), state.voltage.dtype)
  if config.clamp_decays:
    params = params._replace(
        synapse_decay=time_constants.clamp(params.synapse_decay),
        membrane_decay=time_constants.clamp(params.membrane_decay),
    )
  return params, inputs


def _drive(params, current, x_t, config):
  """Returns the current that is kept, and what it does to the membrane."""
  seen, current = synapse(
      params.synapse_decay, current, x_t, config.current_order
  )
  return current, seen * _gain(params, config)


def _integrate(params, voltage, drive, config):
  return leaky.integrate(
      params.membrane_decay, voltage, drive, config.rest_voltage
  )


def _gain(params, config):
  if config.gain == 'one':
    return 1.0
  beta = params.membrane_decay
  if config.gain == 'complement':
    return 1 - beta
  # tau_s / (tau_s - tau_m) (alpha - beta), and its limit at alpha = beta.
  log_alpha, log_beta = jnp.log(params.synapse_decay), jnp.log(beta)
  gap = log_alpha - log_beta
  near = jnp.abs(gap) < 1e-3
  ratio = jnp.where(
      near, 1 + gap / 2 + gap**2 / 6, jnp.expm1(gap) / jnp.where(near, 1, gap)
  )
  return -log_beta * beta * ratio
