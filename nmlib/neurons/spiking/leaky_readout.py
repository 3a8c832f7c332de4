"""Leaky integrator: a membrane that never fires, a network's readout."""

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


@dataclasses.dataclass(frozen=True)
class Config:
  """Hyperparameters; decays are initial values of parameters.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  num_units: int  # N
  membrane_decay: float = 0.9  # a step
  synapse_decay: float = 0.0  # a step; 0: no synaptic current
  current_order: str = 'decay_then_add'  # as in `current_lif`
  gain: str = 'one'  # or 'complement', of the current
  rest_voltage: float = 0.0

  def __post_init__(self):
    rule = firing.Rule(reset='none')
    firing.check('leaky_readout', self.num_units, 1.0, rule)
    for field in ('membrane_decay', 'synapse_decay'):
      firing.check_decay('leaky_readout', field, getattr(self, field))
    for field, allowed in (
        ('current_order', current_lif.ORDERS),
        ('gain', lif.GAINS),
    ):
      if getattr(self, field) not in allowed:
        raise ValueError(
            f'leaky_readout.Config.{field} must be one of {allowed}, got'
            f' {getattr(self, field)!r}.'
        )


class Params(NamedTuple):
  membrane_decay: jax.Array  # []
  synapse_decay: jax.Array  # []


class State(NamedTuple):
  voltage: jax.Array  # [N]
  current: jax.Array  # [N]


def init(key: jax.Array, config: Config) -> Params:
  """Returns the configured values; nothing is random."""
  del key
  return Params(
      jnp.asarray(config.membrane_decay, float),
      jnp.asarray(config.synapse_decay, float),
  )


def initial_state(config: Config) -> State:
  """Returns membranes at rest, without current."""
  return State(
      jnp.full(config.num_units, config.rest_voltage, float),
      jnp.zeros(config.num_units),
  )


def step(
    params: Params, state: State, x_t: jax.Array, config: Config
) -> tuple[State, jax.Array]:
  """Advances one step: v = beta v + g I; returns the state and v [N].

  Raises:
    ValueError: if x_t has not N elements.
  """
  lif.check_input('leaky_readout', x_t, config.num_units)
  seen, current = current_lif.synapse(
      params.synapse_decay, state.current, x_t, config.current_order
  )
  if config.gain == 'complement':
    seen = (1 - params.membrane_decay) * seen
  voltage = leaky.integrate(
      params.membrane_decay, state.voltage, seen, config.rest_voltage
  )
  return State(voltage, current), voltage


def unroll(
    params: Params,
    state: State,
    xs: jax.Array,
    config: Config,
    *,
    chunk_size: int | None = None,
) -> tuple[State, jax.Array]:
  """Runs `step` over inputs [T, N]; returns the last state, v [T, N]."""
  return scan.scan(
      lambda s, x: step(params, s, x, config), state, xs, chunk_size=chunk_size
  )


def unroll_parallel(
    params: Params, state: State, xs: jax.Array, config: Config
) -> tuple[State, jax.Array]:
  """As `unroll`, all steps at once: two associative scans, of depth log T."""
  wide = lambda a: jnp.broadcast_to(a, (config.num_units,))
  xs = jnp.broadcast_to(xs, (len(xs), config.num_units))
  seen, current = current_lif.synapse_parallel(
      wide(params.synapse_decay), state.current, xs, config.current_order
  )
  if config.gain == 'complement':
    seen = (1 - params.membrane_decay) * seen
  rest = config.rest_voltage
  voltages = rest + leaky.trace(
      seen, wide(params.membrane_decay), state.voltage - rest
  )
  return State(voltages[-1], current), voltages


def norse(
    num_units: int,
    *,
    tau_syn: float = 5e-3,
    tau_mem: float = 1e-2,
    dt: float = 1e-3,
    v_leak: float = 0.0,
) -> Config:
  """Returns the conventions of Norse's LI; times in seconds."""
  time_constants.check(
      'leaky_readout.norse', dt=dt, tau_syn=tau_syn, tau_mem=tau_mem
  )
  return Config(
      num_units,
      1 - dt / tau_mem,
      1 - dt / tau_syn,
      'add_then_decay',
      'complement',
      v_leak,
  )


def spyx(num_units: int, *, beta: float = 0.8) -> Config:
  """Returns the conventions of Spyx's LI."""
  return Config(num_units, beta)


def spikingjelly(num_units: int, *, tau: float = 2.0) -> Config:
  """Returns the conventions of SpikingJelly's NonSpikingLIFNode."""
  if not tau > 1:
    raise ValueError(
        f'leaky_readout.spikingjelly: tau must exceed 1, got {tau}.'
    )
  return Config(num_units, 1 - 1 / tau, gain='complement')
