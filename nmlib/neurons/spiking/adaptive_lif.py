"""Adaptive LIF: each spike raises the threshold, or draws a current.

Bellec et al. (2018), "Long short-term memory and learning-to-learn in networks
of spiking neurons", is the adaptive threshold.
"""

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons.core import leaky
from nmlib.neurons.core import scan
from nmlib.neurons.core import time_constants
from nmlib.neurons.spiking import current_lif
from nmlib.neurons.spiking import firing
from nmlib.neurons.spiking import lif
from nmlib.neurons.spiking import surrogate as surrogate_lib
from nmlib.neurons.spiking.presets import surrogate_peers

ADAPTS = ('threshold', 'current')
PHASES = ('stored', 'decayed')


@dataclasses.dataclass(frozen=True)
class Config:
  """Hyperparameters; the first five are initial values of parameters.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  num_units: int  # N
  membrane_decay: float = 0.9  # beta, a step
  synapse_decay: float = 0.0  # alpha, a step; 0: no synaptic current
  adaptation_decay: float = 0.99  # rho, a step
  adaptation_strength: float = 1.8  # added to the adaptation by a spike
  threshold: float = 1.0
  adapts: str = 'threshold'  # or 'current', taken from the input
  jump: str = 'one'  # or 'complement': the strength times 1 - rho
  # Which adaptation a spike is compared with: 'stored', of the step before
  # (Bellec et al.), or 'decayed', rho times that (Norse).
  adaptation_phase: str = 'stored'
  detach_adaptation: bool = False  # no gradient from spike to adaptation
  current_order: str = 'decay_then_add'  # as in `current_lif`
  gain: str = 'one'  # or 'complement', of the current
  rest_voltage: float = 0.0  # the leak pulls towards it
  initial_voltage: float = 0.0
  rule: firing.Rule = firing.Rule()

  def __post_init__(self):
    firing.check('adaptive_lif', self.num_units, self.threshold, self.rule)
    for field in ('membrane_decay', 'synapse_decay', 'adaptation_decay'):
      firing.check_decay('adaptive_lif', field, getattr(self, field))
    for field, allowed in (
        ('adapts', ADAPTS),
        ('jump', lif.GAINS),
        ('gain', lif.GAINS),
        ('adaptation_phase', PHASES),
        ('current_order', current_lif.ORDERS),
    ):
      if getattr(self, field) not in allowed:
        raise ValueError(
            f'adaptive_lif.Config.{field} must be one of {allowed}, got'
            f' {getattr(self, field)!r}.'
        )


class Params(NamedTuple):
  membrane_decay: jax.Array  # []
  synapse_decay: jax.Array  # []
  adaptation_decay: jax.Array  # []
  adaptation_strength: jax.Array  # []
  threshold: jax.Array  # []; each may also be [N]


class State(NamedTuple):
  voltage: jax.Array  # [N]
  current: jax.Array  # [N]
  adaptation: jax.Array  # [N]; 0 at rest, on top of the threshold


def init(key: jax.Array, config: Config) -> Params:
  """Returns the configured values; nothing is random."""
  del key
  return Params(
      *(jnp.asarray(getattr(config, name), float) for name in Params._fields)
  )


def initial_state(config: Config) -> State:
  """Returns membranes at their initial voltage, without current, adaptation."""
  zeros = jnp.zeros(config.num_units)
  return State(jnp.full_like(zeros, config.initial_voltage), zeros, zeros)


def step(
    params: Params, state: State, x_t: jax.Array, config: Config
) -> tuple[State, jax.Array]:
  r"""Advances one step.

  .. math::
    A_t = \theta + a_t, \quad s_t = H(v_t - A_t), \quad
    a_{t+1} = \rho a_t + \beta_a s_t

  Args:
    params: decays, strength and threshold.
    state: membrane, current and adaptation [N].
    x_t: input [N].
    config: static.

  Returns:
    The next state, and spikes [N].

  Raises:
    ValueError: if x_t has not N elements.
  """
  lif.check_input('adaptive_lif', x_t, config.num_units)
  seen, current = current_lif.synapse(
      params.synapse_decay, state.current, x_t, config.current_order
  )
  if config.adapts == 'current':
    seen = seen - state.adaptation
  if config.gain == 'complement':
    seen = (1 - params.membrane_decay) * seen
  decayed = params.adaptation_decay * state.adaptation
  voltage, out = firing.fire(
      state.voltage,
      lambda v: leaky.integrate(
          params.membrane_decay, v, seen, config.rest_voltage
      ),
      _threshold(params, state.adaptation, config),
      config.rule,
  )
  jump = params.adaptation_strength
  if config.jump == 'complement':
    jump = jump * (1 - params.adaptation_decay)
  cause = jax.lax.stop_gradient(out) if config.detach_adaptation else out
  return (
      State(voltage, current, decayed + jump * cause),
      firing.graded(out, config.rule),
  )


def _threshold(params, adaptation, config):
  if config.adapts == 'current':
    return params.threshold
  if config.adaptation_phase == 'decayed':
    adaptation = params.adaptation_decay * adaptation
  return params.threshold + adaptation


def emitted(params: Params, state: State, config: Config) -> jax.Array:
  """Returns the spikes [N] of the membrane as it is, before any input."""
  threshold = _threshold(params, state.adaptation, config)
  out = firing.spikes(state.voltage, threshold, config.rule)
  return firing.graded(out, config.rule)


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


def norse_lsnn(
    num_units: int,
    *,
    tau_syn: float = 5e-3,
    tau_mem: float = 1e-2,
    tau_adapt: float = 0.1,
    dt: float = 1e-3,
    v_leak: float = 0.0,
    v_th: float = 1.0,
    v_reset: float = 0.0,
    beta: float = 1.8,
    detach_reset: bool = False,
    surrogate: surrogate_lib.Surrogate | None = None,
) -> Config:
  """Returns the conventions of Norse's LSNN; times in seconds.

  The membrane sees the current of the step before. Norse detaches reset and
  adaptation in the recurrent neuron only: detach_reset=True there. Its state b
  is threshold + adaptation.
  """
  time_constants.check(
      'adaptive_lif.norse_lsnn',
      dt=dt,
      tau_syn=tau_syn,
      tau_mem=tau_mem,
      tau_adapt=tau_adapt,
  )
  return Config(
      num_units,
      1 - dt / tau_mem,
      1 - dt / tau_syn,
      1 - dt / tau_adapt,
      beta,
      v_th,
      adaptation_phase='decayed',
      detach_adaptation=detach_reset,
      current_order='previous',
      gain='complement',
      rest_voltage=v_leak,
      rule=firing.Rule(
          surrogate=surrogate or surrogate_peers.norse_super(),
          reset='zero',
          reset_voltage=v_reset,
          detach_reset=detach_reset,
      ),
  )


def norse_adaptive_current(
    num_units: int,
    *,
    tau_syn: float = 5e-3,
    tau_mem: float = 1e-2,
    tau_adapt: float = 0.1,
    dt: float = 1e-3,
    v_leak: float = 0.0,
    v_th: float = 1.0,
    v_reset: float = 0.0,
    beta: float = 1.8,
    surrogate: surrogate_lib.Surrogate | None = None,
) -> Config:
  """Returns the conventions of Norse's adaptive LIF (lsnn's ada_lif)."""
  time_constants.check(
      'adaptive_lif.norse_adaptive_current',
      dt=dt,
      tau_syn=tau_syn,
      tau_mem=tau_mem,
      tau_adapt=tau_adapt,
  )
  return Config(
      num_units,
      1 - dt / tau_mem,
      1 - dt / tau_syn,
      1 - dt / tau_adapt,
      beta,
      v_th,
      adapts='current',
      current_order='previous',
      gain='complement',
      rest_voltage=v_leak,
      rule=firing.Rule(
          surrogate=surrogate or surrogate_peers.norse_super(),
          reset_voltage=v_reset,
          detach_reset=False,
      ),
  )


def spyx(
    num_units: int,
    *,
    beta: float = 0.85,
    gamma: float = 0.7,
    threshold: float = 1.0,
    surrogate: surrogate_lib.Surrogate | None = None,
) -> Config:
  """Returns the conventions of Spyx's ALIF."""
  return Config(
      num_units,
      beta,
      0.0,
      gamma,
      1.0,
      threshold,
      jump='complement',
      rule=firing.Rule(
          surrogate=surrogate or surrogate_peers.spyx_superspike(),
          reset_time='delayed',
          emission='before',
          detach_reset=False,
      ),
  )
