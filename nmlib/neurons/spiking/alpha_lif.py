"""LIF with an alpha-shaped response: the difference of two exponentials.

snnTorch's Alpha, whose reset-by-subtraction acts on the two currents.
"""

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons.core import scan
from nmlib.neurons.spiking import firing
from nmlib.neurons.spiking import lif
from nmlib.neurons.spiking import surrogate as surrogate_lib
from nmlib.neurons.spiking.presets import surrogate_peers


@dataclasses.dataclass(frozen=True)
class Config:
  """Hyperparameters; decays and threshold are initial values of parameters.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  num_units: int  # N
  excitatory_decay: float = 0.9  # alpha, a step
  inhibitory_decay: float = 0.8  # beta, a step; below alpha
  threshold: float = 1.0
  reset: str = 'subtract'
  surrogate: surrogate_lib.Surrogate = surrogate_peers.snntorch_atan()
  inhibition: bool = False

  def __post_init__(self):
    firing.check('alpha_lif', self.num_units, self.threshold, self.rule)
    if not 0 < self.inhibitory_decay < self.excitatory_decay < 1:
      raise ValueError(
          'alpha_lif.Config needs 0 < inhibitory_decay < excitatory_decay < 1,'
          f' got {self.inhibitory_decay} and {self.excitatory_decay}.'
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
  return Params(
      *(jnp.asarray(getattr(config, name), float) for name in Params._fields)
  )


def initial_state(config: Config) -> State:
  """Returns membranes at rest, without currents."""
  return State(*(jnp.zeros(config.num_units) for _ in State._fields))


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
    ValueError: if x_t has not N elements.
  """
  lif.check_input('alpha_lif', x_t, config.num_units)
  alpha, beta = params.excitatory_decay, params.inhibitory_decay
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
  return scan.scan(
      lambda s, x: step(params, s, x, config), state, xs, chunk_size=chunk_size
  )


def snntorch(
    num_units: int,
    *,
    alpha: float = 0.9,
    beta: float = 0.8,
    threshold: float = 1.0,
    reset_mechanism: str = 'subtract',
    inhibition: bool = False,
    surrogate: surrogate_lib.Surrogate | None = None,
) -> Config:
  """Returns the conventions of snnTorch's Alpha."""
  return Config(
      num_units,
      alpha,
      beta,
      threshold,
      reset_mechanism,
      surrogate or surrogate_peers.snntorch_atan(),
      inhibition,
  )
