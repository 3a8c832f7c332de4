"""LIF with an alpha-shaped response: the difference of two exponentials.

snnTorch's Alpha, whose reset-by-subtraction acts on the two currents.
"""

import dataclasses
from typing import Literal
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons.core import checks
from nmlib.neurons.core import dtypes
from nmlib.neurons.core import limits
from nmlib.neurons.core import scan
from nmlib.neurons.core import time_constants
from nmlib.neurons.spiking import firing
from nmlib.neurons.spiking import surrogate as surrogate_lib


@dataclasses.dataclass(frozen=True)
class Config:
  """Hyperparameters; decays and threshold are initial values of parameters.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  num_units: limits.Count  # N
  excitatory_decay: limits.OpenUnitInterval = 0.9  # alpha, a step
  inhibitory_decay: limits.OpenUnitInterval = 0.8  # beta, a step
  threshold: limits.Finite = 1.0
  reset: Literal['subtract', 'zero', 'none'] = 'subtract'
  surrogate: surrogate_lib.Surrogate = surrogate_lib.arctan()
  inhibition: bool = False  # as in `firing.Rule`
  clamp_decays: bool = False  # learned decays act as the nearest in [0, 1]
  param_dtype: dtypes.Floating = 'float32'  # of parameters and state

  def __post_init__(self):
    limits.check(self)
    firing.check_threshold(self, self.rule)
    if not self.inhibitory_decay < self.excitatory_decay:
      raise ValueError(
          'alpha_lif.Config.inhibitory_decay must be below excitatory_decay='
          f'{self.excitatory_decay}, got {self.inhibitory_decay}.'
      )

  @property
  def rule(self) -> firing.Rule:
    """What makes a spike; the reset is this module's own."""
    return firing.Rule(
        surrogate=self.surrogate, reset=self.reset, inhibition=self.inhibition
    )


class Params(NamedTuple):
  excitatory_decay: jax.Array  # []
  inhibitory_decay: jax.Array  # []
  threshold: jax.Array  # []


class State(NamedTuple):
  voltage: jax.Array  # [N]
  excitatory: jax.Array  # [N]
  inhibitory: jax.Array  # [N]


def init(key: jax.Array, config: Config) -> Params:
  """Returns the configured values; nothing is random."""
  del key
  dtype = dtypes.named(config.param_dtype)
  return Params(
      *(jnp.asarray(getattr(config, f), dtype) for f in Params._fields)
  )


def initial_state(config: Config) -> State:
  """Returns membranes at rest, without currents."""
  zeros = jnp.zeros(config.num_units, dtypes.named(config.param_dtype))
  return State(zeros, zeros, zeros)


def step(
    params: Params, state: State, x_t: jax.Array, config: Config
) -> tuple[State, jax.Array]:
  r"""Advances one step.

  .. math::
    e_t = \alpha e_{t-1} + i_t, \quad h_t = \beta h_{t-1} - i_t, \quad
    v_t = c (e_t + h_t), \quad
    c = \frac{\ln\alpha}{\ln\beta - \ln\alpha} + 1

  with the reset delayed by one step and detached.

  Args:
    params: decays and threshold.
    state: membrane and currents [N].
    x_t: input [N].
    config: static.

  Returns:
    The next state, and spikes [N].

  Raises:
    ValueError: if x_t is not [N].
  """
  checks.shape('inputs', x_t, num_units=config.num_units)
  params, x_t = dtypes.cast((params, x_t), state.voltage.dtype)
  alpha, beta = params.excitatory_decay, params.inhibitory_decay
  if config.clamp_decays:
    alpha, beta = time_constants.clamp(alpha), time_constants.clamp(beta)
  rule = config.rule
  plain = dataclasses.replace(rule, inhibition=False)
  signal = jax.lax.stop_gradient(
      firing.spikes(state.voltage, params.threshold, plain)
  )
  excitatory = alpha * state.excitatory + x_t
  inhibitory = beta * state.inhibitory - x_t
  scale = jnp.log(alpha) / (jnp.log(beta) - jnp.log(alpha)) + 1
  voltage = scale * (excitatory + inhibitory)
  if config.reset == 'subtract':
    voltage = voltage + signal * state.inhibitory
    excitatory = excitatory - signal * params.threshold
    inhibitory = (1 - signal) * inhibitory
  elif config.reset == 'zero':
    keep = 1 - signal
    voltage, excitatory, inhibitory = (
        keep * voltage,
        keep * excitatory,
        keep * inhibitory,
    )
  out = firing.spikes(voltage, params.threshold, rule)
  return State(voltage, excitatory, inhibitory), out


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
