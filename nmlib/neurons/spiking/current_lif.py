"""Current-based LIF: input jumps a decaying synaptic current.

Continuous form: tau_s I' = -I, tau_m v' = -v + I. In discrete time libraries
differ in which current a step of the membrane sees: `Config.current_order`.
"""

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons.core import leaky
from nmlib.neurons.core import scan
from nmlib.neurons.core import time_constants
from nmlib.neurons.spiking import firing
from nmlib.neurons.spiking import firing_unroll
from nmlib.neurons.spiking import lif
from nmlib.neurons.spiking import surrogate as surrogate_lib
from nmlib.neurons.spiking.presets import surrogate_peers

ORDERS = ('decay_then_add', 'add_then_decay', 'previous')
GAINS = ('one', 'complement', 'exact')


@dataclasses.dataclass(frozen=True)
class Config:
  """Hyperparameters; decays and threshold are initial values of parameters.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  num_units: int  # N
  synapse_decay: float = 0.8  # alpha, a step
  membrane_decay: float = 0.9  # beta, a step
  threshold: float = 1.0
  # 'decay_then_add': I = alpha I + x, and the membrane sees it.
  # 'add_then_decay': it sees I + x; alpha times that is kept.
  # 'previous': it sees the I of the step before.
  current_order: str = 'decay_then_add'
  # Of the current: 'one'; 'complement', 1 - beta; 'exact', the integral of the
  # decaying current over the step (with 'add_then_decay').
  gain: str = 'one'
  rest_voltage: float = 0.0  # the leak pulls towards it
  initial_voltage: float = 0.0
  heterogeneous: bool = False  # parameters [N], not scalars
  rule: firing.Rule = firing.Rule()

  def __post_init__(self):
    firing.check('current_lif', self.num_units, self.threshold, self.rule)
    for field in ('synapse_decay', 'membrane_decay'):
      firing.check_decay('current_lif', field, getattr(self, field))
    for field, allowed in (('current_order', ORDERS), ('gain', GAINS)):
      if getattr(self, field) not in allowed:
        raise ValueError(
            f'current_lif.Config.{field} must be one of {allowed}, got'
            f' {getattr(self, field)!r}.'
        )


class Params(NamedTuple):
  synapse_decay: jax.Array  # [] or [N]
  membrane_decay: jax.Array  # [] or [N]
  threshold: jax.Array  # [] or [N]


class State(NamedTuple):
  voltage: jax.Array  # [N]
  current: jax.Array  # [N]


def init(key: jax.Array, config: Config) -> Params:
  """Returns the configured values; nothing is random."""
  del key
  shape = (config.num_units,) if config.heterogeneous else ()
  return Params(
      jnp.full(shape, config.synapse_decay, float),
      jnp.full(shape, config.membrane_decay, float),
      jnp.full(shape, config.threshold, float),
  )


def initial_state(config: Config) -> State:
  """Returns membranes at their initial voltage, without current."""
  return State(
      jnp.full(config.num_units, config.initial_voltage, float),
      jnp.zeros(config.num_units),
  )


def step(
    params: Params, state: State, x_t: jax.Array, config: Config
) -> tuple[State, jax.Array]:
  r"""Advances one step: I_t, then v_t = beta v_{t-1} + g I, then the firing.

  Args:
    params: decays and threshold.
    state: membrane and current [N].
    x_t: what the spikes of this step add to the current [N].
    config: static.

  Returns:
    The next state, and spikes [N].

  Raises:
    ValueError: if x_t has not N elements.
  """
  lif.check_input('current_lif', x_t, config.num_units)
  current, drive = _drive(params, state.current, x_t, config)
  voltage, out = firing.fire(
      state.voltage,
      lambda v: _integrate(params, v, drive, config),
      params.threshold,
      config.rule,
  )
  return State(voltage, current), firing.graded(out, config.rule)


def synapse(
    decay: jax.Array | float, current: jax.Array, x_t: jax.Array, order: str
) -> tuple[jax.Array, jax.Array]:
  """Returns the current that the membrane sees, and the one that is kept."""
  if order == 'add_then_decay':
    seen = current + x_t
    return seen, decay * seen
  kept = decay * current + x_t
  return (current if order == 'previous' else kept), kept


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
  """Runs `step` over inputs [T, N]; returns the last state, spikes [T, N]."""
  if firing_unroll.applies(config.rule):
    lif.check_inputs('current_lif', xs, config.num_units)
    voltage, current, spikes = firing_unroll.run(
        state.voltage,
        state.current,
        xs,
        drive=lambda current, x_t: _drive(params, current, x_t, config),
        integrate=lambda v, drive: _integrate(params, v, drive, config),
        threshold=params.threshold,
        rule=config.rule,
        chunk_size=chunk_size,
    )
    return State(voltage, current), spikes
  return scan.scan(
      lambda s, x: step(params, s, x, config), state, xs, chunk_size=chunk_size
  )


def unroll_parallel(
    params: Params, state: State, xs: jax.Array, config: Config
) -> tuple[State, jax.Array]:
  """As `unroll`, all steps at once, for a neuron that never resets.

  Current and membrane are linear recurrences: two associative scans.

  Raises:
    ValueError: unless config.rule.reset is 'none'.
  """
  wide = lambda a: jnp.broadcast_to(a, (config.num_units,))
  xs = jnp.broadcast_to(xs, (len(xs), config.num_units))
  seen, current = synapse_parallel(
      wide(params.synapse_decay), state.current, xs, config.current_order
  )
  drive = seen * wide(_gain(params, config))[None]
  rest = config.rest_voltage
  voltages = rest + leaky.trace(
      drive, wide(params.membrane_decay), state.voltage - rest
  )
  out = firing.fire_parallel(
      state.voltage, voltages, params.threshold, config.rule
  )
  return State(voltages[-1], current), out


def synapse_parallel(
    decay: jax.Array, current: jax.Array, xs: jax.Array, order: str
) -> tuple[jax.Array, jax.Array]:
  """As `synapse` over xs [T, N]; returns seen [T, N], kept at the end [N]."""
  added = decay[None] * xs if order == 'add_then_decay' else xs
  kept = leaky.trace(added, decay, current)
  before = jnp.concatenate([current[None], kept[:-1]])
  seen = {
      'add_then_decay': before + xs,
      'decay_then_add': kept,
      'previous': before,
  }[order]
  return seen, kept[-1]


def _drive(params, current, x_t, config):
  """Returns the current that is kept, and what it does to the membrane."""
  seen, current = synapse(
      params.synapse_decay, current, x_t, config.current_order
  )
  return current, seen * _gain(params, config)


def _integrate(params, voltage, drive, config):
  return leaky.integrate(
      params.membrane_decay, voltage, drive, config.rest_voltage
  )


def _gain(params, config):
  if config.gain == 'one':
    return 1.0
  beta = params.membrane_decay
  if config.gain == 'complement':
    return 1 - beta
  # tau_s / (tau_s - tau_m) (alpha - beta), and its limit at alpha = beta.
  log_alpha, log_beta = jnp.log(params.synapse_decay), jnp.log(beta)
  gap = log_alpha - log_beta
  near = jnp.abs(gap) < 1e-3
  ratio = jnp.where(
      near, 1 + gap / 2 + gap**2 / 6, jnp.expm1(gap) / jnp.where(near, 1, gap)
  )
  return -log_beta * beta * ratio


def snntorch(
    num_units: int,
    *,
    alpha: float = 0.8,
    beta: float = 0.9,
    threshold: float = 1.0,
    reset_mechanism: str = 'subtract',
    reset_delay: bool = True,
    inhibition: bool = False,
    graded_spikes_factor: float = 1.0,
    surrogate: surrogate_lib.Surrogate | None = None,
    heterogeneous: bool = False,
) -> Config:
  """Returns the conventions of snnTorch's Synaptic: zero wipes the input."""
  rule = firing.Rule(
      surrogate=surrogate or surrogate_peers.snntorch_atan(),
      reset=reset_mechanism,
      reset_time='delayed' if reset_delay else 'delayed_and_immediate',
      inhibition=inhibition,
      graded_spikes=1.0 if inhibition else graded_spikes_factor,
  )
  return Config(
      num_units,
      alpha,
      beta,
      threshold,
      heterogeneous=heterogeneous,
      rule=rule,
  )


def norse(
    num_units: int,
    *,
    tau_syn: float = 5e-3,
    tau_mem: float = 1e-2,
    dt: float = 1e-3,
    v_leak: float = 0.0,
    v_th: float = 1.0,
    v_reset: float = 0.0,
    detach_reset: bool = False,
    surrogate: surrogate_lib.Surrogate | None = None,
) -> Config:
  """Returns the conventions of Norse's LIF; times in seconds.

  Norse detaches the reset in the recurrent neuron only: pass
  detach_reset=True there.
  """
  time_constants.check(
      'current_lif.norse', dt=dt, tau_syn=tau_syn, tau_mem=tau_mem
  )
  rule = firing.Rule(
      surrogate=surrogate or surrogate_peers.norse_super(),
      reset='zero',
      reset_voltage=v_reset,
      detach_reset=detach_reset,
  )
  return Config(
      num_units,
      1 - dt / tau_syn,
      1 - dt / tau_mem,
      v_th,
      current_order='add_then_decay',
      gain='complement',
      rest_voltage=v_leak,
      rule=rule,
  )


def spyx(
    num_units: int,
    *,
    alpha: float = 0.6,
    beta: float = 0.85,
    threshold: float = 1.0,
    surrogate: surrogate_lib.Surrogate | None = None,
) -> Config:
  """Returns the conventions of Spyx's CuBaLIF: the reset leaks."""
  rule = firing.Rule(
      surrogate=surrogate or surrogate_peers.spyx_superspike(),
      reset_time='delayed',
      reset_target='before_leak',
      emission='before',
      detach_reset=False,
  )
  return Config(num_units, alpha, beta, threshold, rule=rule)
