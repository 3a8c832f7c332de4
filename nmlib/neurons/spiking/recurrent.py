"""Recurrent connections around any spiking neuron of this package."""

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


@dataclasses.dataclass(frozen=True)
class Config:
  """Hyperparameters.

  Raises:
    ValueError: naming the field, if a value is out of range, the cell is of
      another family, or a family that emits first cannot say what.
  """

  family: ModuleType  # such as `lif`: gives init, initial_state and step
  cell: Any  # the family's Config
  bias: bool = False  # added with the recurrent input
  all_to_all: bool = True  # False: each neuron reaches itself alone
  self_connections: bool = True
  # Scale of the weights at initialisation: N(0, gain^2 / N).
  gain: limits.NonNegative = 1.0

  def __post_init__(self):
    limits.check(self)
    firing.check_cell(self, self.family, self.cell)
    if not (self.all_to_all or self.self_connections):
      raise ValueError(
          'recurrent.Config.self_connections must be True where all_to_all is'
          ' False: neurons would have no connection left.'
      )
    if self.emits_first and not hasattr(self.family, 'emitted'):
      raise ValueError(
          f'recurrent.Config.family {self.family.__name__} has no function'
          " `emitted`, which firing.Rule.emission='before' needs."
      )

  @property
  def num_units(self) -> int:
    """N."""
    return self.cell.num_units

  @property
  def param_dtype(self) -> dtypes.Floating:
    """The cell's."""
    return self.cell.param_dtype

  @property
  def emits_first(self) -> bool:
    """Whether a step's spikes are known before its input."""
    rule = getattr(self.cell, 'rule', None)
    return getattr(rule, 'emission', 'after') == 'before'


class Params(NamedTuple):
  cell: Any  # the family's Params
  # [N, N], from row to column; [N], or [] shared, if not all to all.
  kernel: jax.Array
  bias: jax.Array  # [N]; zeros without bias


class State(NamedTuple):
  cell: Any  # the family's State
  spikes: jax.Array  # [N], of the step before

  @property
  def voltage(self) -> jax.Array:
    """Membrane [N]."""
    return self.cell.voltage


def init(key: jax.Array, config: Config) -> Params:
  """Samples recurrent weights ~ N(0, gain^2 / fan-in), bias 0."""
  cell_key, kernel_key = jax.random.split(key)
  dtype = dtypes.named(config.param_dtype)
  n = config.num_units
  if config.all_to_all:
    kernel = jax.random.normal(kernel_key, (n, n), dtype)
    kernel = config.gain / jnp.sqrt(jnp.asarray(n, dtype)) * kernel
  else:
    kernel = config.gain * jax.random.normal(kernel_key, (n,), dtype)
  cell = config.family.init(cell_key, config.cell)
  return Params(cell, kernel, jnp.zeros(n, dtype))


def initial_state(config: Config) -> State:
  """Returns the family's initial state, and no spikes."""
  return State(
      config.family.initial_state(config.cell),
      jnp.zeros(config.num_units, dtypes.named(config.param_dtype)),
  )


def step(
    params: Params, state: State, x_t: jax.Array, config: Config
) -> tuple[State, jax.Array]:
  """Advances one step with input x_t + s K (+ b).

  s are the spikes of the step before; where spikes are emitted before the
  input (Spyx), those of this step.

  Args:
    params: of cell and recurrence.
    state: cell and last spikes.
    x_t: input [N].
    config: static.

  Returns:
    The next state, and spikes [N].

  Raises:
    ValueError: if x_t is not [N].
  """
  checks.shape('inputs', x_t, num_units=config.num_units)
  params, x_t = dtypes.cast((params, x_t), state.spikes.dtype)
  spikes = state.spikes
  if config.emits_first:
    spikes = config.family.emitted(params.cell, state.cell, config.cell)
  kernel = params.kernel
  if not config.self_connections:
    kernel = kernel * (1 - jnp.eye(config.num_units, dtype=kernel.dtype))
  drive = x_t + (spikes @ kernel if config.all_to_all else spikes * kernel)
  if config.bias:
    drive = drive + params.bias
  cell, out = config.family.step(params.cell, state.cell, drive, config.cell)
  return State(cell, out), out


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
  xs = dtypes.cast(xs, state.spikes.dtype)
  return scan.scan(
      lambda s, x: step(params, s, x, config), state, xs, chunk_size=chunk_size
  )


PARTITION_RULES = ()  # [N, N] kernels are small here: kept whole
