"""Leaky integrate-and-fire neurons driven by a current; decay 1: no leak.

Lapicque (1907); in discrete time as in Neftci, Mostafa & Zenke (2019). A layer
here has no synapses: its input is the current of each neuron.
"""

import dataclasses
import math
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons.core import leaky
from nmlib.neurons.core import scan
from nmlib.neurons.core import time_constants
from nmlib.neurons.spiking import firing
from nmlib.neurons.spiking import firing_unroll
from nmlib.neurons.spiking import surrogate as surrogate_lib
from nmlib.neurons.spiking.presets import surrogate_peers

GAINS = ('one', 'complement')


@dataclasses.dataclass(frozen=True)
class Config:
  """Hyperparameters; decay and threshold are initial values of parameters.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  num_units: int  # N
  decay: float = 0.9  # of the membrane, a step: beta
  threshold: float = 1.0
  # Of the current: 'one', or 'complement', 1 - decay, so that a constant
  # current is also the membrane it drives to.
  gain: str = 'one'
  resistance: float = 1.0  # R: the current is multiplied by it
  rest_voltage: float = 0.0  # the leak pulls towards it; also the first value
  heterogeneous: bool = False  # parameters [N], not scalars
  spread: float = 0.0  # relative spread of time constants, if heterogeneous
  logit_decay: bool = False  # the parameter is the logit of the decay
  rule: firing.Rule = firing.Rule()

  def __post_init__(self):
    firing.check('lif', self.num_units, self.threshold, self.rule)
    firing.check_decay('lif', 'decay', self.decay)
    if self.gain not in GAINS:
      raise ValueError(
          f'lif.Config.gain must be one of {GAINS}, got {self.gain!r}.'
      )
    if not 0 < self.resistance < math.inf:
      raise ValueError(
          'lif.Config.resistance must be positive and finite, got'
          f' {self.resistance}.'
      )
    if self.spread < 0 or (self.spread and not self.heterogeneous):
      raise ValueError(
          'lif.Config.spread must be 0, or positive with heterogeneous=True,'
          f' got {self.spread}.'
      )
    if (self.spread or self.logit_decay) and not 0 < self.decay < 1:
      raise ValueError(
          'lif.Config.decay must be inside (0, 1) where it has a spread or a'
          f' logit, got {self.decay}.'
      )


class Params(NamedTuple):
  decay: jax.Array  # [] or [N]; its logit if config.logit_decay
  threshold: jax.Array  # [] or [N]


class State(NamedTuple):
  voltage: jax.Array  # [N]


def init(key: jax.Array, config: Config) -> Params:
  """Returns the configured values; time constants sampled if they spread."""
  shape = (config.num_units,) if config.heterogeneous else ()
  decay = jnp.full(shape, config.decay, float)
  if config.spread:
    tau = float(time_constants.time_constant(config.decay))
    decay = time_constants.decay(
        time_constants.heterogeneous(key, tau, config.spread, shape)
    )
  if config.logit_decay:
    decay = time_constants.to_logit(decay)
  return Params(decay, jnp.full(shape, config.threshold, float))


def initial_state(config: Config) -> State:
  """Returns membranes at rest."""
  return State(jnp.full(config.num_units, config.rest_voltage, float))


def step(
    params: Params, state: State, x_t: jax.Array, config: Config
) -> tuple[State, jax.Array]:
  r"""Advances one step.

  .. math::
    u_t = v_{rest} + \beta (v_{t-1} - v_{rest}) + g R i_t, \quad
    s_t = H(u_t - \theta)

  followed or preceded by the reset that `config.rule` describes.

  Args:
    params: decay and threshold.
    state: membrane [N].
    x_t: current [N].
    config: static.

  Returns:
    The next state, and spikes [N].

  Raises:
    ValueError: if x_t has not N elements.
  """
  check_input('lif', x_t, config.num_units)
  return advance(params, state, x_t, config)


def advance(
    params: Params, state: State, x_t: jax.Array, config: Config
) -> tuple[State, jax.Array]:
  """As `step`, of neurons in an array of any shape; checks nothing."""
  voltage, out = firing.fire(
      state.voltage,
      lambda v: integrate(params, v, x_t, config),
      params.threshold,
      config.rule,
  )
  return State(voltage), firing.graded(out, config.rule)


def integrate(
    params: Params, voltage: jax.Array, x_t: jax.Array, config: Config
) -> jax.Array:
  """Returns the membrane [N] after leak and input, before any reset."""
  decay = params.decay
  if config.logit_decay:
    decay = time_constants.from_logit(decay)
  x_t = _drive(decay, x_t, config)
  return leaky.integrate(decay, voltage, x_t, config.rest_voltage)


def emitted(params: Params, state: State, config: Config) -> jax.Array:
  """Returns the spikes [N] of the membrane as it is, before any input."""
  return firing.graded(
      firing.spikes(state.voltage, params.threshold, config.rule),
      config.rule,
  )


def unroll(
    params: Params,
    state: State,
    xs: jax.Array,
    config: Config,
    *,
    chunk_size: int | None = None,
) -> tuple[State, jax.Array]:
  """Runs `step` over currents [T, N]; returns the last state, spikes [T, N]."""
  if firing_unroll.applies(config.rule):
    check_inputs('lif', xs, config.num_units)
    voltage, _, spikes = firing_unroll.run(
        state.voltage,
        (),
        xs,
        drive=lambda synapse, x_t: (synapse, x_t),
        integrate=lambda v, x_t: integrate(params, v, x_t, config),
        threshold=params.threshold,
        rule=config.rule,
        chunk_size=chunk_size,
    )
    return State(voltage), spikes
  return scan.scan(
      lambda s, x: step(params, s, x, config), state, xs, chunk_size=chunk_size
  )


def unroll_parallel(
    params: Params, state: State, xs: jax.Array, config: Config
) -> tuple[State, jax.Array]:
  """As `unroll`, all steps at once, for a neuron that never resets.

  The membrane is a linear recurrence: an associative scan, of depth log T.

  Raises:
    ValueError: unless config.rule.reset is 'none'.
  """
  decay = params.decay
  if config.logit_decay:
    decay = time_constants.from_logit(decay)
  decay = jnp.broadcast_to(decay, (config.num_units,))
  drive = jnp.broadcast_to(xs, (len(xs), config.num_units))
  drive = _drive(decay[None], drive, config)
  rest = config.rest_voltage
  voltages = rest + leaky.trace(drive, decay, state.voltage - rest)
  out = firing.fire_parallel(
      state.voltage, voltages, params.threshold, config.rule
  )
  return State(voltages[-1]), out


def _drive(decay, current, config):
  gain = 1 - decay if config.gain == 'complement' else 1.0
  if config.resistance != 1:
    gain = gain * config.resistance
  return current if isinstance(gain, float) and gain == 1 else gain * current


def check_input(
    name: str, x_t: jax.Array | jax.ShapeDtypeStruct, num_units: int
) -> None:
  """Raises ValueError unless the current is one step of N neurons."""
  if x_t.ndim != 1 or x_t.shape[-1] not in (1, num_units):
    raise ValueError(
        f'{name}.step takes the current of {num_units} neurons at one step,'
        f' got shape {x_t.shape}; time comes first, and batches are vmapped.'
    )


def check_inputs(name: str, xs: jax.Array, num_units: int) -> None:
  """Raises ValueError unless the currents are [T, N]."""
  step = jax.ShapeDtypeStruct(xs.shape[1:], xs.dtype)
  check_input(name, step, num_units)


def snntorch(
    num_units: int,
    *,
    beta: float = 0.9,
    threshold: float = 1.0,
    reset_mechanism: str = 'subtract',
    reset_delay: bool = True,
    inhibition: bool = False,
    graded_spikes_factor: float = 1.0,
    surrogate: surrogate_lib.Surrogate | None = None,
    heterogeneous: bool = False,
) -> Config:
  """Returns the conventions of snnTorch's Leaky.

  Its recurrent neuron, RLeaky, wipes the input of a step that resets to zero:
  use `recurrent.snntorch`. With inhibition its spikes are not graded.
  """
  rule = firing.Rule(
      surrogate=surrogate or surrogate_peers.snntorch_atan(),
      reset=reset_mechanism,
      reset_time='delayed' if reset_delay else 'delayed_and_immediate',
      reset_target='before_leak' if reset_mechanism == 'zero' else 'after_leak',
      inhibition=inhibition,
      graded_spikes=1.0 if inhibition else graded_spikes_factor,
  )
  return Config(
      num_units,
      beta,
      threshold,
      heterogeneous=heterogeneous,
      rule=rule,
  )


def spikingjelly(
    num_units: int,
    *,
    tau: float = 2.0,
    decay_input: bool = True,
    v_threshold: float = 1.0,
    v_reset: float | None = 0.0,
    detach_reset: bool = False,
    surrogate: surrogate_lib.Surrogate | None = None,
    parametric: bool = False,
) -> Config:
  """Returns the conventions of SpikingJelly's LIFNode.

  Args:
    num_units: N.
    tau: time constant in steps; infinity: IFNode.
    decay_input: whether the current is divided by tau.
    v_threshold: threshold.
    v_reset: rest and reset of a hard reset; None: subtract.
    detach_reset: no gradient through the reset.
    surrogate: sigmoid(4) by default, as in the peer.
    parametric: ParametricLIFNode: `params.decay` is its -w.
  """
  if not tau > 1:
    raise ValueError(f'lif.spikingjelly: tau must exceed 1, got {tau}.')
  return Config(
      num_units,
      1 - 1 / tau,
      v_threshold,
      gain='complement' if decay_input else 'one',
      rest_voltage=v_reset or 0.0,
      logit_decay=parametric,
      rule=_spikingjelly_rule(v_reset, detach_reset, surrogate),
  )


def spikingjelly_if(
    num_units: int,
    *,
    v_threshold: float = 1.0,
    v_reset: float | None = 0.0,
    detach_reset: bool = False,
    surrogate: surrogate_lib.Surrogate | None = None,
) -> Config:
  """Returns the conventions of SpikingJelly's IFNode: no leak."""
  return Config(
      num_units,
      1.0,
      v_threshold,
      rest_voltage=v_reset or 0.0,
      rule=_spikingjelly_rule(v_reset, detach_reset, surrogate),
  )


def _spikingjelly_rule(v_reset, detach_reset, surrogate):
  return firing.Rule(
      surrogate=surrogate or surrogate_peers.spikingjelly_sigmoid(),
      reset='subtract' if v_reset is None else 'zero',
      reset_voltage=v_reset or 0.0,
      detach_reset=detach_reset,
      at_threshold=True,
  )


def spyx(
    num_units: int,
    *,
    beta: float = 0.9,
    threshold: float = 1.0,
    surrogate: surrogate_lib.Surrogate | None = None,
    reset: bool = True,
) -> Config:
  """Returns the conventions of Spyx's LIF (beta 1: IF; no reset: PSU_LIF)."""
  rule = firing.Rule(
      surrogate=surrogate or surrogate_peers.spyx_superspike(),
      reset='subtract' if reset else 'none',
      reset_time='delayed' if reset else 'immediate',
      emission='before' if reset else 'after',
      detach_reset=False,
  )
  return Config(num_units, beta, threshold, rule=rule)
