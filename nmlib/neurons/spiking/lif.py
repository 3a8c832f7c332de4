"""Leaky integrate-and-fire neurons driven by a current; decay 1: no leak.

Lapicque (1907); in discrete time as in Neftci, Mostafa & Zenke (2019). A layer
here has no synapses: its input is the current of each neuron.
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


@dataclasses.dataclass(frozen=True)
class Config:
  """Hyperparameters; decay and threshold are initial values of parameters.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  num_units: limits.Count  # N
  decay: limits.UnitInterval = 0.9  # of the membrane, a step: beta
  threshold: limits.Finite = 1.0
  # Of the current: 'one', or 'complement', 1 - decay, so that a constant
  # current is also the membrane it drives to.
  gain: Literal['one', 'complement'] = 'one'
  resistance: limits.Positive = 1.0  # R: the current is multiplied by it
  rest_voltage: limits.Finite = 0.0  # the leak pulls towards it
  initial_voltage: limits.Finite | None = None  # None: the rest
  heterogeneous: bool = False  # parameters [N], not scalars
  # Relative spread of time constants, if heterogeneous.
  spread: limits.NonNegative = 0.0
  logit_decay: bool = False  # the parameter is the logit of the decay
  clamp_decays: bool = False  # a learned decay acts as the nearest in [0, 1]
  rule: firing.Rule = firing.Rule()
  param_dtype: dtypes.Floating = 'float32'  # of parameters and state

  def __post_init__(self):
    limits.check(self)
    firing.check_threshold(self, self.rule)
    if self.spread and not self.heterogeneous:
      raise ValueError(
          'lif.Config.spread must be 0 unless heterogeneous is True, got'
          f' {self.spread}.'
      )
    if (self.spread or self.logit_decay) and not 0 < self.decay < 1:
      raise ValueError(
          'lif.Config.decay must be in (0, 1) where it has a spread or a'
          f' logit, got {self.decay}.'
      )


class Params(NamedTuple):
  decay: jax.Array  # [] or [N]; its logit if config.logit_decay
  threshold: jax.Array  # [] or [N]


class State(NamedTuple):
  voltage: jax.Array  # [N]


def init(key: jax.Array, config: Config) -> Params:
  """Returns the configured values; time constants sampled if they spread."""
  dtype = dtypes.named(config.param_dtype)
  shape = (config.num_units,) if config.heterogeneous else ()
  decay = jnp.full(shape, config.decay, dtype)
  if config.spread:
    tau = time_constants.time_constant(config.decay)
    decay = time_constants.decay(
        time_constants.heterogeneous(key, tau, config.spread, shape, dtype)
    )
  if config.logit_decay:
    decay = time_constants.to_logit(decay)
  return Params(decay, jnp.full(shape, config.threshold, dtype))


def initial_state(config: Config) -> State:
  """Returns membranes at their initial voltage."""
  start = config.initial_voltage
  if start is None:
    start = config.rest_voltage
  dtype = dtypes.named(config.param_dtype)
  return State(jnp.full(config.num_units, start, dtype))


def step(
    params: Params, state: State, x_t: jax.Array, config: Config
) -> tuple[State, jax.Array]:
  r"""Advances one step.

  .. math::
    u_t = v_{rest} + \beta (v_{t-1} - v_{rest}) + g R i_t, \quad
    s_t = H(u_t - \theta)

  followed or preceded by the reset that `config.rule` describes.

  Args:
    params: decay and threshold.
    state: membrane [N].
    x_t: current [N].
    config: static.

  Returns:
    The next state, and spikes [N].

  Raises:
    ValueError: if x_t is not [N].
  """
  checks.shape('currents', x_t, num_units=config.num_units)
  params, x_t = dtypes.cast((params, x_t), state.voltage.dtype)
  return advance(params, state, x_t, config)


def advance(
    params: Params, state: State, x_t: jax.Array, config: Config
) -> tuple[State, jax.Array]:
  """As `step`, of neurons of any shape; checks and casts nothing."""
  voltage, out = firing.fire(
      state.voltage,
      lambda v: integrate(params, v, x_t, config),
      params.threshold,
      config.rule,
  )
  return State(voltage), firing.graded(out, config.rule)


def integrate(
    params: Params, voltage: jax.Array, x_t: jax.Array, config: Config
) -> jax.Array:
  """Returns the membrane [N] after leak and input, before any reset."""
  decay = _decay(params, config)
  x_t = _drive(decay, x_t, config)
  return leaky.integrate(decay, voltage, x_t, config.rest_voltage)


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
  """Runs `step` over currents [T, N]; returns the last state, spikes [T, N]."""
  checks.shape('currents', xs, 'T', num_units=config.num_units)
  params, xs = dtypes.cast((params, xs), state.voltage.dtype)
  if firing_unroll.applies(config.rule):
    voltage, _, spikes = firing_unroll.run(
        state.voltage,
        (),
        xs,
        drive=lambda synapse, x_t: (synapse, x_t),
        integrate=lambda v, x_t: integrate(params, v, x_t, config),
        threshold=params.threshold,
        rule=config.rule,
        chunk_size=chunk_size,
    )
    return State(voltage), spikes
  return scan.scan(
      lambda s, x: advance(params, s, x, config),
      state,
      xs,
      chunk_size=chunk_size,
  )


def unroll_parallel(
    params: Params, state: State, xs: jax.Array, config: Config
) -> tuple[State, jax.Array]:
  """As `unroll`, all steps at once, for a neuron that never resets.

  The membrane is a linear recurrence: an associative scan, of depth log T.

  Raises:
    ValueError: unless config.rule.reset is 'none', or if xs is not [T, N].
  """
  checks.shape('currents', xs, 'T', num_units=config.num_units)
  params, xs = dtypes.cast((params, xs), state.voltage.dtype)
  decay = jnp.broadcast_to(_decay(params, config), (config.num_units,))
  drive = _drive(decay[None], xs, config)
  rest = config.rest_voltage
  voltages = rest + leaky.trace(drive, decay, state.voltage - rest)
  out = firing.fire_parallel(
      state.voltage, voltages, params.threshold, config.rule
  )
  return State(voltages[-1] if len(xs) else state.voltage), out


def _decay(params, config):
  """Returns the decay as it acts, of a parameter as it is learned."""
  if config.logit_decay:
    return time_constants.from_logit(params.decay)
  if config.clamp_decays:
    return time_constants.clamp(params.decay)
  return params.decay


def _drive(decay, current, config):
  gain = 1 - decay if config.gain == 'complement' else 1.0
  if config.resistance != 1:
    gain = gain * config.resistance
  return current if isinstance(gain, float) and gain == 1 else gain * current
