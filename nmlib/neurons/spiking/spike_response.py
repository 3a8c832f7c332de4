"""Spike response model SRM0: responses to input, and to the last own spike.

Gerstner and Kistler (2002), "Spiking Neuron Models", section 4.2.3. The
membrane is a sum of kernels; as these are exponentials, three numbers a neuron
carry all of the past.
"""

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons.core import checks
from nmlib.neurons.core import dtypes
from nmlib.neurons.core import limits
from nmlib.neurons.core import scan
from nmlib.neurons.spiking import surrogate as surrogate_lib


@dataclasses.dataclass(frozen=True)
class Config:
  """Hyperparameters; all but N begin parameters.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  num_units: limits.Count  # N
  membrane_decay: limits.UnitInterval = 0.9  # a step
  synapse_decay: limits.UnitInterval = 0.7  # a step; below the membrane's
  recovery_decay: limits.UnitInterval = 0.8  # a step
  recovery: limits.NonNegative = 1.0  # taken from the membrane after a spike
  threshold: limits.Finite = 1.0
  detach_recovery: bool = True  # no gradient from a spike to its recovery
  surrogate: surrogate_lib.Surrogate = surrogate_lib.fast_sigmoid(25.0)
  param_dtype: dtypes.Floating = 'float32'  # of parameters and state

  def __post_init__(self):
    limits.check(self)
    if not self.synapse_decay < self.membrane_decay:
      raise ValueError(
          'spike_response.Config.synapse_decay must be below membrane_decay='
          f'{self.membrane_decay}, got {self.synapse_decay}.'
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
  dtype = dtypes.named(config.param_dtype)
  return Params(
      *(jnp.asarray(getattr(config, f), dtype) for f in Params._fields)
  )


def initial_state(config: Config) -> State:
  """Returns neurons without a past."""
  zeros = jnp.zeros(config.num_units, dtypes.named(config.param_dtype))
  return State(zeros, zeros, zeros)


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
    ValueError: if x_t is not [N].
  """
  checks.shape('inputs', x_t, num_units=config.num_units)
  params, x_t = dtypes.cast((params, x_t), state.slow.dtype)
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
  checks.shape('inputs', xs, 'T', num_units=config.num_units)
  xs = dtypes.cast(xs, state.slow.dtype)
  return scan.scan(
      lambda s, x: step(params, s, x, config), state, xs, chunk_size=chunk_size
  )
