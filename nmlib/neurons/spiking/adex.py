"""Integrate-and-fire with a nonlinear upstroke: EIF, AdEx, QIF.

Brette & Gerstner (2005), "Adaptive exponential integrate-and-fire model";
Fourcaud-Trocme et al. (2003) for the exponential; both are one Config. With
`upstroke='quadratic'` the neuron is the quadratic one of Latham et al. (2000).
"""

import dataclasses
import math
from typing import Literal
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons.core import checks
from nmlib.neurons.core import dtypes
from nmlib.neurons.core import limits
from nmlib.neurons.core import scan
from nmlib.neurons.spiking import current_lif
from nmlib.neurons.spiking import firing
from nmlib.neurons.spiking import surrogate as surrogate_lib


@dataclasses.dataclass(frozen=True)
class Config:
  """Hyperparameters: Brette & Gerstner's (2005), in pF, nS, mV, ms, pA.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  num_units: limits.Count  # N
  dt: limits.Positive = 0.1  # ms
  capacitance: limits.Positive = 281.0  # C, pF
  leak: limits.Positive = 30.0  # g_L, nS
  rest: limits.Finite = -70.6  # E_L, mV
  rheobase: limits.Finite = -50.4  # V_T, mV
  sharpness: limits.Positive = 2.0  # Delta_T, mV
  # a, nS; 0 with jump 0: no adaptation (EIF).
  subthreshold: limits.Finite = 4.0
  jump: limits.Finite = 80.5  # b, pA
  adaptation_tau: limits.Positive = 144.0  # tau_w, ms
  threshold: limits.Finite = 20.0  # mV, where a spike is cut off
  reset: limits.Finite = -70.6  # mV
  upstroke: Literal['exponential', 'quadratic', 'none'] = 'exponential'
  # The exponent ends where one step crosses the threshold whatever comes;
  # False: it does not end (other libraries), and may overflow.
  limited_exponent: bool = True
  # Of the current, a step; 0: no synaptic current.
  synapse_decay: limits.UnitInterval = 0.0
  initial_voltage: limits.Finite | None = None  # mV; None: the rest
  detach_reset: bool = True
  at_threshold: bool = False  # whether a membrane AT its threshold spikes
  surrogate: surrogate_lib.Surrogate = surrogate_lib.fast_sigmoid(1.0)
  # mV, of the surrogate; None: the sharpness.
  distance_unit: limits.Positive | None = None
  param_dtype: dtypes.Floating = 'float32'  # of parameters and state

  def __post_init__(self):
    limits.check(self)
    rule = firing.Rule(reset='zero', reset_voltage=self.reset)
    firing.check_threshold(self, rule)


class Params(NamedTuple):
  subthreshold: jax.Array  # [], nS
  jump: jax.Array  # [], pA
  adaptation_tau: jax.Array  # [], ms


class State(NamedTuple):
  voltage: jax.Array  # [N], mV
  adaptation: jax.Array  # [N], w, pA
  current: jax.Array  # [N], I, pA, what is left of it after the step


def init(key: jax.Array, config: Config) -> Params:
  """Returns the configured values; nothing is random."""
  del key
  dtype = dtypes.named(config.param_dtype)
  return Params(
      *(jnp.asarray(getattr(config, f), dtype) for f in Params._fields)
  )


def initial_state(config: Config) -> State:
  """Returns membranes at their start, without adaptation or current."""
  voltage = config.rest
  if config.initial_voltage is not None:
    voltage = config.initial_voltage
  zeros = jnp.zeros(config.num_units, dtypes.named(config.param_dtype))
  return State(jnp.full_like(zeros, voltage), zeros, zeros)


def step(
    params: Params, state: State, x_t: jax.Array, config: Config
) -> tuple[State, jax.Array]:
  r"""Advances dt by an Euler step.

  .. math::
    C v' = -g_L (v - E_L) + g_L \Delta_T e^{(v - V_T)/\Delta_T} - w + I, \quad
    \tau_w w' = a (v - E_L) - w

  and where v exceeds the threshold: v = reset, w = w + b. The exponent is cut
  off where the membrane reaches the threshold within one step
  (`Config.limited_exponent`).

  Args:
    params: of the adaptation.
    state: membrane, adaptation and current [N].
    x_t: current [N], pA; with a synaptic current, what is added to it.
    config: static.

  Returns:
    The next state, and spikes [N].

  Raises:
    ValueError: if x_t is not [N].
  """
  checks.shape('currents', x_t, num_units=config.num_units)
  params, x_t = dtypes.cast((params, x_t), state.voltage.dtype)
  v, w, current = state
  seen, current = current_lif.synapse(
      config.synapse_decay, current, x_t, 'add_then_decay'
  )
  slope = (_upstroke(v, config) - w + seen) / config.capacitance
  new = v + config.dt * slope
  pull = params.subthreshold * (v - config.rest) - w
  adaptation = w + config.dt / params.adaptation_tau * pull
  distance = (new - config.threshold) / (
      config.distance_unit or config.sharpness
  )
  out = surrogate_lib.spike(
      distance, config.surrogate, at_threshold=config.at_threshold
  )
  signal = jax.lax.stop_gradient(out) if config.detach_reset else out
  voltage = (1 - signal) * new + signal * config.reset
  return State(voltage, adaptation + signal * params.jump, current), out


def _upstroke(v, config):
  """Returns the current of leak and upstroke [N], pA."""
  if config.upstroke == 'quadratic':
    gap = config.rheobase - config.rest
    return config.leak * (v - config.rest) * (v - config.rheobase) / gap
  leak = -config.leak * (v - config.rest)
  if config.upstroke == 'none':
    return leak
  exponent = (v - config.rheobase) / config.sharpness
  if config.limited_exponent:
    # Past this exponent one step overshoots the threshold by far anyway.
    reach = 2 * (config.threshold - config.reset) * config.capacitance
    limit = math.log1p(reach / (config.leak * config.sharpness * config.dt))
    exponent = jnp.minimum(exponent, limit)
  return leak + config.leak * config.sharpness * jnp.exp(exponent)


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
