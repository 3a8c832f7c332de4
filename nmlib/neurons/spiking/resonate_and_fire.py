"""Resonate-and-fire: a membrane that oscillates, and prefers its own rhythm.

Izhikevich (2001), "Resonate-and-fire neurons", with exact steps of the complex
membrane z, whose imaginary part is compared with the threshold.
"""

import dataclasses
import math
from typing import Literal
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons.core import checks
from nmlib.neurons.core import dtypes
from nmlib.neurons.core import leaky
from nmlib.neurons.core import limits
from nmlib.neurons.core import scan
from nmlib.neurons.spiking import surrogate as surrogate_lib


@dataclasses.dataclass(frozen=True)
class Config:
  """Hyperparameters; tau, frequency and threshold begin parameters.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  num_units: limits.Count  # N
  tau: limits.Positive = 20.0  # ms, of the decay
  frequency: limits.NonNegative = 0.05  # cycles a ms
  # Spreads them evenly up to this; None: all alike.
  highest_frequency: limits.NonNegative | None = None
  dt: limits.Positive = 1.0  # ms
  threshold: limits.Finite = 1.0
  # 'threshold': z = i theta, as in the paper; 'zero': z = 0.
  reset: Literal['threshold', 'zero', 'none'] = 'threshold'
  detach_reset: bool = True  # no gradient through the reset
  surrogate: surrogate_lib.Surrogate = surrogate_lib.fast_sigmoid(25.0)
  param_dtype: dtypes.Floating = 'float32'  # of parameters and state

  def __post_init__(self):
    limits.check(self)
    for field in ('frequency', 'highest_frequency'):
      # Beyond half a cycle a step, steps show a slower rhythm.
      if (getattr(self, field) or 0) * self.dt > 0.5:
        raise ValueError(
            f'resonate_and_fire.Config.{field} must be at most 1 / (2 dt) ='
            f' {0.5 / self.dt:g}, got {getattr(self, field)}.'
        )


class Params(NamedTuple):
  tau: jax.Array  # [N], ms
  frequency: jax.Array  # [N], cycles a ms
  threshold: jax.Array  # []


class State(NamedTuple):
  real: jax.Array  # [N], current-like
  voltage: jax.Array  # [N], the imaginary part


def init(key: jax.Array, config: Config) -> Params:
  """Returns the configured values; nothing is random."""
  del key
  dtype = dtypes.named(config.param_dtype)
  last = config.highest_frequency
  return Params(
      jnp.full(config.num_units, config.tau, dtype),
      jnp.linspace(
          config.frequency,
          config.frequency if last is None else last,
          config.num_units,
          dtype=dtype,
      ),
      jnp.asarray(config.threshold, dtype),
  )


def initial_state(config: Config) -> State:
  """Returns membranes at rest."""
  zeros = jnp.zeros(config.num_units, dtypes.named(config.param_dtype))
  return State(zeros, zeros)


def step(
    params: Params, state: State, x_t: jax.Array, config: Config
) -> tuple[State, jax.Array]:
  r"""Advances dt.

  .. math::
    z_t = e^{(-1/\tau + 2 \pi i f) dt} z_{t-1} + x_t, \quad
    s_t = H(\mathrm{Im}\, z_t - \theta)

  Args:
    params: of the oscillation, and the threshold.
    state: the two parts of the membrane [N].
    x_t: input [N].
    config: static.

  Returns:
    The next state, and spikes [N].

  Raises:
    ValueError: if x_t is not [N].
  """
  checks.shape('inputs', x_t, num_units=config.num_units)
  params, x_t = dtypes.cast((params, x_t), state.voltage.dtype)
  shrink, angle = _turn(params, config)
  cosine, sine = shrink * jnp.cos(angle), shrink * jnp.sin(angle)
  real = cosine * state.real - sine * state.voltage + x_t
  voltage = sine * state.real + cosine * state.voltage
  out = surrogate_lib.spike(voltage - params.threshold, config.surrogate)
  if config.reset == 'none':
    return State(real, voltage), out
  signal = jax.lax.stop_gradient(out) if config.detach_reset else out
  target = params.threshold if config.reset == 'threshold' else 0.0
  return (
      State((1 - signal) * real, (1 - signal) * voltage + signal * target),
      out,
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
  xs = dtypes.cast(xs, state.voltage.dtype)
  return scan.scan(
      lambda s, x: step(params, s, x, config), state, xs, chunk_size=chunk_size
  )


def unroll_parallel(
    params: Params, state: State, xs: jax.Array, config: Config
) -> tuple[State, jax.Array]:
  """As `unroll`, all steps at once, for neurons that never reset.

  Raises:
    ValueError: unless config.reset is 'none', or if xs is not [T, N].
  """
  if config.reset != 'none':
    raise ValueError(
        'time runs in parallel only for neurons that do not reset:'
        " resonate_and_fire.Config.reset must be 'none', got"
        f' {config.reset!r}; use unroll.'
    )
  checks.shape('inputs', xs, 'T', num_units=config.num_units)
  params, xs = dtypes.cast((params, xs), state.voltage.dtype)
  shrink, angle = _turn(params, config)
  turn = shrink * jax.lax.complex(jnp.cos(angle), jnp.sin(angle))
  start = jax.lax.complex(state.real, state.voltage)
  zs = leaky.trace(xs.astype(turn.dtype), turn, start)
  out = surrogate_lib.spike(zs.imag - params.threshold, config.surrogate)
  last = zs[-1] if len(xs) else start
  return State(last.real, last.imag), out


def _turn(params, config):
  """Returns what a step multiplies magnitudes by, and adds to phases [N]."""
  angle = 2 * math.pi * params.frequency * config.dt
  return jnp.exp(-config.dt / params.tau), angle
