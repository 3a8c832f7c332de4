"""Constants, parameters and state of IF_curr_exp."""

import dataclasses
import math
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons.core import dtypes
from nmlib.neurons.core import limits
from nmlib.neurons.spiking import surrogate as surrogate_lib


@dataclasses.dataclass(frozen=True)
class Config:
  """Hyperparameters; what they make of a step are initial parameters.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  num_units: limits.Count  # N
  dt: limits.Positive = 1.0  # ms
  tau_m: limits.Positive = 20.0  # ms
  cm: limits.Positive = 1.0  # nF
  v_rest: limits.Finite = -65.0  # mV
  v_reset: limits.Finite = -65.0  # mV
  v_thresh: limits.Finite = -50.0  # mV
  tau_refrac: limits.NonNegative = 0.1  # ms, rounded up to steps
  tau_syn_e: limits.Positive = 5.0  # ms
  tau_syn_i: limits.Positive = 5.0  # ms
  i_offset: limits.Finite = 0.0  # nA
  heterogeneous: bool = False  # parameters [N], not scalars
  detach_reset: bool = True  # no gradient through the reset
  surrogate: surrogate_lib.Surrogate = surrogate_lib.fast_sigmoid(1.0)
  param_dtype: dtypes.Floating = 'float32'  # of parameters and state

  def __post_init__(self):
    limits.check(self)
    if not self.v_thresh > self.v_reset:
      raise ValueError(
          f'if_curr_exp.Config.v_thresh must be above v_reset={self.v_reset},'
          f' got {self.v_thresh}.'
      )

  @property
  def refractory_steps(self) -> int:
    """Steps after a spike in which a membrane is held."""
    # An exact multiple of the step may come out a little above it.
    return math.ceil(self.tau_refrac / self.dt - 1e-9)


class Params(NamedTuple):
  """Each [] or [N]."""

  membrane_decay: jax.Array  # a step
  resistance: jax.Array  # MOhm
  threshold: jax.Array  # mV
  excitatory_decay: jax.Array  # a step
  inhibitory_decay: jax.Array  # a step
  excitatory_gain: jax.Array  # share of a weight that its step sees
  inhibitory_gain: jax.Array


class State(NamedTuple):
  voltage: jax.Array  # [N], mV
  excitation: jax.Array  # [N], nA
  inhibition: jax.Array  # [N], nA, positive
  countdown: jax.Array  # [N], steps in which the membrane is held, as float


def init(key: jax.Array, config: Config) -> Params:
  """Returns the parameters of the configured constants; nothing is random."""
  del key
  decays = [math.exp(-config.dt / t) for t in _synapses(config)]
  gains = [
      tau / config.dt * (1 - decay)
      for tau, decay in zip(_synapses(config), decays, strict=True)
  ]
  values = (
      math.exp(-config.dt / config.tau_m),
      config.tau_m / config.cm,
      config.v_thresh,
      *decays,
      *gains,
  )
  dtype = dtypes.named(config.param_dtype)
  shape = (config.num_units,) if config.heterogeneous else ()
  return Params(*(jnp.full(shape, value, dtype) for value in values))


def initial_state(config: Config) -> State:
  """Returns membranes at rest, ready to fire."""
  zeros = jnp.zeros(config.num_units, dtypes.named(config.param_dtype))
  return State(jnp.full_like(zeros, config.v_rest), zeros, zeros, zeros)


def _synapses(config: Config) -> tuple[float, float]:
  return config.tau_syn_e, config.tau_syn_i
