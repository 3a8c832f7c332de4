"""Spike response model SRM0: responses to input, and to the last own spike.

Gerstner and Kistler (2002), "Spiking Neuron Models", section 4.2.3. The
membrane is a sum of kernels; as these are exponentials, three numbers a neuron
carry all of the past.
"""

import dataclasses
import math
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons.core import scan
from nmlib.neurons.spiking import firing
from nmlib.neurons.spiking import lif
from nmlib.neurons.spiking import surrogate as surrogate_lib


@dataclasses.dataclass(frozen=True)
class Config:
  """Hyperparameters; all but N begin parameters.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  num_units: int  # N
  membrane_decay: float = 0.9  # a step
  synapse_decay: float = 0.7  # a step; below the membrane's
  recovery_decay: float = 0.8  # a step
  recovery: float = 1.0  # taken from the membrane after a spike
  threshold: float = 1.0
  detach_recovery: bool = True  # no gradient from a spike to its recovery
  surrogate: surrogate_lib.Surrogate = surrogate_lib.fast_sigmoid(25.0)

  def __post_init__(self):
    rule = firing.Rule(reset='none')
    firing.check('spike_response', self.num_units, self.threshold, rule)
    for field in ('membrane_decay', 'synapse_decay', 'recovery_decay'):
      firing.check_decay('spike_response', field, getattr(self, field))
    if not self.synapse_decay < self.membrane_decay:
      raise ValueError(
          'spike_response.Config.synapse_decay must be below membrane_decay='
          f'{self.membrane_decay}, got {self.synapse_decay}.'
      )
    if not 0 <= self.recovery < math.inf:
      raise ValueError(
          'spike_response.Config.recovery must be at least 0 and finite, got'
          f' {self.recovery}.'
      )


class Params(NamedTuple):
  membrane_decay: jax.Array  # []; each may also be [N]
  synapse_decay: jax.Array  # []
  recovery_decay: jax.Array  # []
  recovery: jax.Array  # []
  threshold: jax.Array  # []


class State(NamedTuple):
  slow: jax.Array  # [N], inputs filtered by the membrane's decay
  fast: jax.Array  # [N], by the synapse's
  recovery: jax.Array  # [N], of the last spike

  @property
  def voltage(self) -> jax.Array:
    """Membrane [N]."""
    return self.slow - self.fast - self.recovery


def init(key: jax.Array, config: Config) -> Params:
  """Returns the configured values; nothing is random."""
  del key
  return Params(
      *(jnp.asarray(getattr(config, name), float) for name in Params._fields)
  )


def initial_state(config: Config) -> State:
  """Returns neurons without a past."""
  return State(*(jnp.zeros(config.num_units) for _ in State._fields))


def step(
    params: Params, state: State, x_t: jax.Array, config: Config
) -> tuple[State, jax.Array]:
  r"""Advances one step.

  .. math::
    v_t = \sum_{r \ge 0} (\alpha_m^r - \alpha_s^r) x_{t-r}
      - \eta_0 \alpha_\eta^{t - \hat t - 1}, \quad s_t = H(v_t - \theta)

  where t hat < t is the neuron's last spike: its recovery replaces that of the
  spike before, and takes nothing from the responses to inputs.

  Args:
    params: decays, recovery and threshold.
    state: filtered inputs and recovery [N].
    x_t: weighted input spikes [N].
    config: static.

  Returns:
    The next state, and spikes [N].

  Raises:
    ValueError: if x_t has not N elements.
  """
  lif.check_input('spike_response', x_t, config.num_units)
  slow = params.membrane_decay * state.slow + x_t
  fast = params.synapse_decay * state.fast + x_t
  voltage = slow - fast - state.recovery
  out = surrogate_lib.spike(voltage - params.threshold, config.surrogate)
  signal = jax.lax.stop_gradient(out) if config.detach_recovery else out
  recovery = (
      1 - signal
  ) * params.recovery_decay * state.recovery + signal * params.recovery
  return State(slow, fast, recovery), out


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
