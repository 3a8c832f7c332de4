r"""PyNN's IF_curr_exp: a current-based LIF with two exponential synapses.

.. math::
  \tau_m v' = v_{rest} - v + R (g_e - g_i + i_{offset}), \quad
  \tau_s g_s' = -g_s, \quad R = \tau_m / c_m

as sPyNNaker steps it: exactly, with the current of a step constant in it. The
weight of a spike enters as its mean over the step that it arrives in, and a
membrane AT its threshold spikes. Fields bear PyNN's names and defaults.

`current_lif` has one synapse, so no excitation and inhibition that decay
differently, and no constant current.
"""

import dataclasses
import math
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


def step(
    params: Params, state: State, x_t: jax.Array, config: Config
) -> tuple[State, jax.Array]:
  """Advances dt.

  Args:
    params: of the membrane and its synapses.
    state: membrane, currents and countdown [N].
    x_t: [2, N], nA: summed weights of the excitatory spikes that arrive in
      this step, and of the inhibitory ones, both positive.
    config: static.

  Returns:
    The next state, and spikes [N].

  Raises:
    ValueError: if x_t is not [2, N].
  """
  checks.shape('inputs', x_t, synapses=2, num_units=config.num_units)
  params, x_t = dtypes.cast((params, x_t), state.voltage.dtype)
  excitation = state.excitation + params.excitatory_gain * x_t[0]
  inhibition = state.inhibition + params.inhibitory_gain * x_t[1]
  current = excitation - inhibition + config.i_offset
  target = current * params.resistance + config.v_rest
  moved = target - params.membrane_decay * (target - state.voltage)
  held = state.countdown > 0
  voltage = jnp.where(held, state.voltage, moved)
  ready = jnp.where(held, 0, jnp.ones_like(voltage))
  spikes = ready * surrogate_lib.spike(
      voltage - params.threshold, config.surrogate, at_threshold=True
  )
  fired = jax.lax.stop_gradient(spikes)
  signal = fired if config.detach_reset else spikes
  left = jnp.maximum(state.countdown - 1, 0)
  return (
      State(
          (1 - signal) * voltage + signal * config.v_reset,
          excitation * params.excitatory_decay,
          inhibition * params.inhibitory_decay,
          left + fired * config.refractory_steps,
      ),
      spikes,
  )


def unroll(
    params: Params,
    state: State,
    xs: jax.Array,
    config: Config,
    *,
    chunk_size: int | None = None,
) -> tuple[State, jax.Array]:
  """Runs `step` over inputs [T, 2, N]; returns last state, spikes [T, N]."""
  checks.shape('inputs', xs, 'T', synapses=2, num_units=config.num_units)
  xs = dtypes.cast(xs, state.voltage.dtype)
  return scan.scan(
      lambda s, x: step(params, s, x, config), state, xs, chunk_size=chunk_size
  )


def _synapses(config: Config) -> tuple[float, float]:
  return config.tau_syn_e, config.tau_syn_i
