"""Adaptive LIF: each spike raises the threshold, or draws a current.

Bellec et al. (2018), "Long short-term memory and learning-to-learn in networks
of spiking neurons", is the adaptive threshold.
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
from nmlib.neurons.spiking import current_lif
from nmlib.neurons.spiking import firing


@dataclasses.dataclass(frozen=True)
class Config:
  """Hyperparameters; the first five are initial values of parameters.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  num_units: limits.Count  # N
  membrane_decay: limits.UnitInterval = 0.9  # beta, a step
  synapse_decay: limits.UnitInterval = 0.0  # alpha, a step; 0: no current
  adaptation_decay: limits.UnitInterval = 0.99  # rho, a step
  # What a spike adds to the adaptation.
  adaptation_strength: limits.Finite = 1.8
  threshold: limits.Finite = 1.0
  # A current is taken from the input.
  adapts: Literal['threshold', 'current'] = 'threshold'
  # 'complement': a spike adds 1 - rho times the strength.
  jump: Literal['one', 'complement'] = 'one'
  # Which adaptation a spike is compared with: 'stored', of the step before
  # (Bellec et al.), or 'decayed', rho times that (Norse).
  adaptation_phase: Literal['stored', 'decayed'] = 'stored'
  detach_adaptation: bool = False  # no gradient from spike to adaptation
  current_order: current_lif.Order = 'decay_then_add'  # as in `current_lif`
  gain: Literal['one', 'complement'] = 'one'  # of the current
  rest_voltage: limits.Finite = 0.0  # the leak pulls towards it
  initial_voltage: limits.Finite = 0.0
  clamp_decays: bool = False  # learned decays act as the nearest in [0, 1]
  rule: firing.Rule = firing.Rule()
  param_dtype: dtypes.Floating = 'float32'  # of parameters and state

  def __post_init__(self):
    limits.check(self)
    firing.check_threshold(self, self.rule)


class Params(NamedTuple):
  membrane_decay: jax.Array  # []
  synapse_decay: jax.Array  # []
  adaptation_decay: jax.Array  # []
  adaptation_strength: jax.Array  # []
  threshold: jax.Array  # []; each may also be [N]


class State(NamedTuple):
  voltage: jax.Array  # [N]
  current: jax.Array  # [N]
  adaptation: jax.Array  # [N]; 0 at rest, on top of the threshold


def init(key: jax.Array, config: Config) -> Params:
  """Returns the configured values; nothing is random."""
  del key
  dtype = dtypes.named(config.param_dtype)
  return Params(
      *(jnp.asarray(getattr(config, f), dtype) for f in Params._fields)
  )


def initial_state(config: Config) -> State:
  """Returns membranes at their initial voltage, without current, adaptation."""
  zeros = jnp.zeros(config.num_units, dtypes.named(config.param_dtype))
  return State(jnp.full_like(zeros, config.initial_voltage), zeros, zeros)


def step(
    params: Params, state: State, x_t: jax.Array, config: Config
) -> tuple[State, jax.Array]:
  r"""Advances one step.

  .. math::
    A_t = \theta + a_t, \quad s_t = H(v_t - A_t), \quad
    a_{t+1} = \rho a_t + \beta_a s_t

  Args:
    params: decays, strength and threshold.
    state: membrane, current and adaptation [N].
    x_t: input [N].
    config: static.

  Returns:
    The next state, and spikes [N].

  Raises:
    ValueError: if x_t is not [N].
  """
  checks.shape('inputs', x_t, num_units=config.num_units)
  params, x_t = dtypes.cast((params, x_t), state.voltage.dtype)
  if config.clamp_decays:
    params = params._replace(
        membrane_decay=time_constants.clamp(params.membrane_decay),
        synapse_decay=time_constants.clamp(params.synapse_decay),
        adaptation_decay=time_constants.clamp(params.adaptation_decay),
    )
  seen, current = current_lif.synapse(
      params.synapse_decay, state.current, x_t, config.current_order
  )
  if config.adapts == 'current':
    seen = seen - state.adaptation
  if config.gain == 'complement':
    seen = (1 - params.membrane_decay) * seen
  decayed = params.adaptation_decay * state.adaptation
  voltage, out = firing.fire(
      state.voltage,
      lambda v: leaky.integrate(
          params.membrane_decay, v, seen, config.rest_voltage
      ),
      _threshold(params, state.adaptation, config),
      config.rule,
  )
  jump = params.adaptation_strength
  if config.jump == 'complement':
    jump = jump * (1 - params.adaptation_decay)
  cause = jax.lax.stop_gradient(out) if config.detach_adaptation else out
  return (
      State(voltage, current, decayed + jump * cause),
      firing.graded(out, config.rule),
  )


def _threshold(params, adaptation, config):
  if config.adapts == 'current':
    return params.threshold
  if config.adaptation_phase == 'decayed':
    adaptation = params.adaptation_decay * adaptation
  return params.threshold + adaptation


def emitted(params: Params, state: State, config: Config) -> jax.Array:
  """Returns the spikes [N] of the membrane as it is, before any input."""
  threshold = _threshold(params, state.adaptation, config)
  out = firing.spikes(state.voltage, threshold, config.rule)
  return firing.graded(out, config.rule)


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
  xs = dtypes.cast(xs, state.voltage.dtype)
  return scan.scan(
      lambda s, x: step(params, s, x, config), state, xs, chunk_size=chunk_size
  )
