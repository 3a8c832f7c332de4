"""Absolute refractoriness around any spiking neuron of this package.

After a spike the membrane is held and no spike comes for a number of steps.
"""

import dataclasses
from types import ModuleType
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons.core import checks
from nmlib.neurons.core import dtypes
from nmlib.neurons.core import limits
from nmlib.neurons.core import scan
from nmlib.neurons.spiking import firing
from nmlib.neurons.spiking import surrogate as surrogate_lib


@dataclasses.dataclass(frozen=True)
class Config:
  """Hyperparameters.

  Raises:
    ValueError: naming the field, if a value is out of range, the cell is of
      another family, or its membrane cannot be held.
  """

  family: ModuleType  # such as `lif`: gives init, initial_state and step
  cell: Any  # the family's Config
  num_steps: limits.Natural = 5  # held after a spike
  # Norse backpropagates through the counter with this surrogate; None: the
  # mask is a constant.
  surrogate: surrogate_lib.Surrogate | None = None

  def __post_init__(self):
    limits.check(self)
    firing.check_cell(self, self.family, self.cell)
    state = getattr(self.family, 'State', None)
    if 'voltage' not in getattr(state, '_fields', ()):
      raise ValueError(
          'refractory.Config.family must have a voltage in its State, that it'
          f' can be held, got {self.family.__name__}.'
      )

  @property
  def num_units(self) -> int:
    """N."""
    return self.cell.num_units

  @property
  def param_dtype(self) -> dtypes.Floating:
    """The cell's."""
    return self.cell.param_dtype


class State(NamedTuple):
  cell: Any  # the family's State
  countdown: jax.Array  # [N], steps left, as float

  @property
  def voltage(self) -> jax.Array:
    """Membrane [N]."""
    return self.cell.voltage


def init(key: jax.Array, config: Config) -> Any:
  """Returns the family's Params."""
  return config.family.init(key, config.cell)


def initial_state(config: Config) -> State:
  """Returns the family's initial state, ready to fire."""
  return State(
      config.family.initial_state(config.cell),
      jnp.zeros(config.num_units, dtypes.named(config.param_dtype)),
  )


def step(
    params: Any, state: State, x_t: jax.Array, config: Config
) -> tuple[State, jax.Array]:
  """Advances one step; held membranes keep their voltage, not their currents.

  Args:
    params: the family's Params.
    state: cell and countdown.
    x_t: input [N].
    config: static.

  Returns:
    The next state, and spikes [N].

  Raises:
    ValueError: if x_t is not [N].
  """
  checks.shape('inputs', x_t, num_units=config.num_units)
  dtype = state.countdown.dtype
  cell, spikes = config.family.step(params, state.cell, x_t, config.cell)
  if config.surrogate is None:
    held = jax.lax.stop_gradient((state.countdown > 0).astype(dtype))
    spikes = (1 - held) * spikes
    fired = jax.lax.stop_gradient((spikes != 0).astype(dtype))
  else:
    held = surrogate_lib.spike(state.countdown, config.surrogate)
    spikes = (1 - held) * spikes
    fired = spikes
  voltage = (1 - held) * cell.voltage + held * state.cell.voltage
  left = (1 - fired) * jax.nn.relu(state.countdown - held)
  countdown = left + fired * config.num_steps
  return State(cell._replace(voltage=voltage), countdown), spikes


def unroll(
    params: Any,
    state: State,
    xs: jax.Array,
    config: Config,
    *,
    chunk_size: int | None = None,
) -> tuple[State, jax.Array]:
  """Runs `step` over inputs [T, N]; returns the last state, spikes [T, N]."""
  checks.shape('inputs', xs, 'T', num_units=config.num_units)
  xs = dtypes.cast(xs, state.countdown.dtype)
  return scan.scan(
      lambda s, x: step(params, s, x, config), state, xs, chunk_size=chunk_size
  )
