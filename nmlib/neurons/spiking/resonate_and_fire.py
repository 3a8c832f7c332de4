"""Resonate-and-fire: a membrane that oscillates, and prefers its own rhythm.

Izhikevich (2001), "Resonate-and-fire neurons", with exact steps of the complex
membrane z, whose imaginary part is compared with the threshold.
"""

import dataclasses
import math
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons.core import leaky
from nmlib.neurons.core import scan
from nmlib.neurons.spiking import firing
from nmlib.neurons.spiking import lif
from nmlib.neurons.spiking import surrogate as surrogate_lib

RESETS = ('threshold', 'zero', 'none')


@dataclasses.dataclass(frozen=True)
class Config:
  """Hyperparameters; tau, frequency and threshold begin parameters.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  num_units: int  # N
  tau: float = 20.0  # ms, of the decay
  frequency: float = 0.05  # cycles a ms
  highest_frequency: float | None = None  # spreads them evenly; None: all alike
  dt: float = 1.0  # ms
  threshold: float = 1.0
  # 'threshold': z = i theta, as in the paper; 'zero': z = 0.
  reset: str = 'threshold'
  detach_reset: bool = True  # no gradient through the reset
  surrogate: surrogate_lib.Surrogate = surrogate_lib.fast_sigmoid(25.0)

  def __post_init__(self):
    rule = firing.Rule(reset='none')
    firing.check('resonate_and_fire', self.num_units, self.threshold, rule)
    for field in ('tau', 'dt'):
      if not 0 < getattr(self, field) < math.inf:
        _fail(field, 'positive and finite', getattr(self, field))
    for field in ('frequency', 'highest_frequency'):
      value = getattr(self, field)
      # Beyond half a cycle a step, steps show a slower rhythm.
      if value is not None and not 0 <= value * self.dt <= 0.5:
        _fail(field, f'from 0 to 1 / (2 dt) = {0.5 / self.dt:g}', value)
    if self.reset not in RESETS:
      _fail('reset', f'one of {RESETS}', self.reset)


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
  last = config.highest_frequency
  return Params(
      jnp.full(config.num_units, config.tau, float),
      jnp.linspace(
          config.frequency,
          config.frequency if last is None else last,
          config.num_units,
          dtype=float,
      ),
      jnp.asarray(config.threshold, float),
  )


def initial_state(config: Config) -> State:
  """Returns membranes at rest."""
  return State(jnp.zeros(config.num_units), jnp.zeros(config.num_units))


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
    ValueError: if x_t has not N elements.
  """
  lif.check_input('resonate_and_fire', x_t, config.num_units)
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
  return scan.scan(
      lambda s, x: step(params, s, x, config), state, xs, chunk_size=chunk_size
  )


def unroll_parallel(
    params: Params, state: State, xs: jax.Array, config: Config
) -> tuple[State, jax.Array]:
  """As `unroll`, all steps at once, for neurons that never reset.

  Raises:
    ValueError: unless config.reset is 'none'.
  """
  if config.reset != 'none':
    raise ValueError(
        'time runs in parallel only for neurons that do not reset:'
        " resonate_and_fire.Config.reset must be 'none', got"
        f' {config.reset!r}; use unroll.'
    )
  shrink, angle = _turn(params, config)
  turn = shrink * jax.lax.complex(jnp.cos(angle), jnp.sin(angle))
  start = jax.lax.complex(state.real, state.voltage)
  inputs = jnp.broadcast_to(xs, (len(xs), config.num_units))
  zs = leaky.trace(inputs.astype(turn.dtype), turn, start)
  out = surrogate_lib.spike(zs.imag - params.threshold, config.surrogate)
  return State(zs[-1].real, zs[-1].imag), out


def _turn(params, config):
  """Returns what a step multiplies magnitudes by, and adds to phases [N]."""
  angle = 2 * math.pi * params.frequency * config.dt
  return jnp.exp(-config.dt / params.tau), angle


def _fail(field, allowed, value):
  raise ValueError(
      f'resonate_and_fire.Config.{field} must be {allowed}, got {value!r}.'
  )
