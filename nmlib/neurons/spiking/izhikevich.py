"""Izhikevich's simple model: cortical firing patterns from four numbers.

Izhikevich (2003), "Simple model of spiking neurons", equations (1) to (3).
"""

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons.core import checks
from nmlib.neurons.core import dtypes
from nmlib.neurons.core import limits
from nmlib.neurons.core import scan
from nmlib.neurons.spiking import firing
from nmlib.neurons.spiking import surrogate as surrogate_lib

# a, b, c, d of figure 2 of the paper.
PATTERNS = {
    'regular_spiking': (0.02, 0.2, -65.0, 8.0),
    'intrinsically_bursting': (0.02, 0.2, -55.0, 4.0),
    'chattering': (0.02, 0.2, -50.0, 2.0),
    'fast_spiking': (0.1, 0.2, -65.0, 2.0),
    'thalamo_cortical': (0.02, 0.25, -65.0, 0.05),
    'resonator': (0.1, 0.26, -65.0, 2.0),
    'low_threshold_spiking': (0.02, 0.25, -65.0, 2.0),
}


@dataclasses.dataclass(frozen=True)
class Config:
  """Hyperparameters; a to d are initial values of parameters.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  num_units: limits.Count  # N
  a: limits.Finite = 0.02  # rate of recovery, 1/ms
  b: limits.Finite = 0.2  # recovery's pull by the membrane
  c: limits.Finite = -65.0  # reset, mV
  d: limits.Finite = 8.0  # jump of recovery
  dt: limits.Positive = 1.0  # ms
  threshold: limits.Finite = 30.0  # mV, the peak of a spike
  initial_voltage: limits.Finite = -65.0  # mV
  # None: b times the initial voltage.
  initial_recovery: limits.Finite | None = None
  # v' = quadratic v^2 + linear v + constant - u + I.
  quadratic: limits.Finite = 0.04
  linear: limits.Finite = 5.0
  constant: limits.Finite = 140.0
  # The original script: two membrane updates of dt / 2, then recovery from the
  # new membrane. False: one Euler step of both (Norse).
  half_steps: bool = False
  detach_reset: bool = True
  surrogate: surrogate_lib.Surrogate = surrogate_lib.fast_sigmoid(1.0)
  param_dtype: dtypes.Floating = 'float32'  # of parameters and state

  def __post_init__(self):
    limits.check(self)
    rule = firing.Rule(reset='zero', reset_voltage=self.c)
    firing.check_threshold(self, rule)


class Params(NamedTuple):
  a: jax.Array  # [] or [N]
  b: jax.Array  # [] or [N]
  c: jax.Array  # [] or [N]
  d: jax.Array  # [] or [N]


class State(NamedTuple):
  voltage: jax.Array  # [N], mV
  recovery: jax.Array  # [N]


def init(key: jax.Array, config: Config) -> Params:
  """Returns the configured values; nothing is random."""
  del key
  dtype = dtypes.named(config.param_dtype)
  return Params(*(jnp.asarray(getattr(config, n), dtype) for n in 'abcd'))


def initial_state(config: Config) -> State:
  """Returns the initial membrane, and its recovery."""
  recovery = config.initial_recovery
  if recovery is None:
    recovery = config.b * config.initial_voltage
  dtype = dtypes.named(config.param_dtype)
  full = lambda value: jnp.full(config.num_units, value, dtype)
  return State(full(config.initial_voltage), full(recovery))


def step(
    params: Params, state: State, x_t: jax.Array, config: Config
) -> tuple[State, jax.Array]:
  r"""Advances dt.

  .. math::
    v' = 0.04 v^2 + 5 v + 140 - u + I, \quad u' = a (b v - u)

  and where v exceeds 30 mV: v = c, u = u + d.

  Args:
    params: a, b, c and d.
    state: membrane and recovery [N].
    x_t: current [N].
    config: static.

  Returns:
    The next state, and spikes [N].

  Raises:
    ValueError: if x_t is not [N].
  """
  checks.shape('currents', x_t, num_units=config.num_units)
  params, x_t = dtypes.cast((params, x_t), state.voltage.dtype)
  v, u = state
  slope = lambda v: (
      config.quadratic * jnp.square(v)
      + config.linear * v
      + config.constant
      - u
      + x_t
  )
  if config.half_steps:
    new = v + config.dt / 2 * slope(v)
    new = new + config.dt / 2 * slope(new)
    seen = new
  else:
    new, seen = v + config.dt * slope(v), v
  recovery = u + config.dt * params.a * (params.b * seen - u)
  out = surrogate_lib.spike(new - config.threshold, config.surrogate)
  signal = jax.lax.stop_gradient(out) if config.detach_reset else out
  # A choice, not a product: a membrane that shot up must not make 0 * inf.
  fired = signal > 0
  reset = jnp.where(fired, params.c, new)
  if not config.detach_reset:
    reset = (1 - signal) * new + signal * params.c
  return State(reset, recovery + signal * params.d), out


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
  xs = dtypes.cast(xs, state.voltage.dtype)
  return scan.scan(
      lambda s, x: step(params, s, x, config), state, xs, chunk_size=chunk_size
  )
