"""Sizes, weights and states of cortex and cerebellum."""

import dataclasses
from typing import Literal
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.networks import mlp
from nmlib.neurons.core import dtypes
from nmlib.neurons.core import limits

PARTITION_RULES = ()  # tens of units: kept whole

_GATES = {'lstm': 4, 'tanh': 1}


@dataclasses.dataclass(frozen=True)
class Config:
  """Hyperparameters; defaults are the authors' for drawing lines, T = 1.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  num_inputs: limits.Count = 1  # D
  num_units: limits.Count = 50  # N
  num_outputs: limits.Count = 2  # O
  cell: Literal['lstm', 'tanh'] = 'lstm'
  granule_units: limits.Count | None = 400  # M; None: as many as the state has
  granule_layers: limits.Natural = 2  # 0: C is one linear map
  # Inputs that each granule cell of the first layer sees; None: all.
  mossy_fibres: limits.Count | None = None
  # 'none': truncated backpropagation. 'frozen': C is used but does not learn.
  cerebellum: Literal['learning', 'frozen', 'none'] = 'learning'
  truncation: limits.Count = 1  # T, steps of a window
  target_interval: limits.Count = 2  # q: targets at steps 0, q, 2 q, ...
  last_output_only: bool = False  # the last step alone has a target
  loss: Literal['squared', 'cross_entropy'] = 'squared'
  scale: limits.NonNegative = 0.1  # lambda, of what C predicts
  normaliser: limits.Positive = 1.0  # of the squared error that C minimises
  # The last window has no future: apply 0 there. The authors apply C.
  terminal_zero: bool = False
  clip_norm: limits.Positive = (
      1.0  # of the gradients of all parameters together
  )
  learning_rate: limits.Positive = 1e-3
  param_dtype: dtypes.Floating = 'float32'  # of parameters and state

  def __post_init__(self):
    limits.check(self)
    if self.mossy_fibres is not None and not (
        self.granule_layers and self.mossy_fibres <= self.state_size
    ):
      raise ValueError(
          'cortico_cerebellar.Config.mossy_fibres must be at most the'
          f' {self.state_size} numbers of the state, with granule_layers of at'
          f' least 1, got {self.mossy_fibres} and {self.granule_layers}.'
      )

  @property
  def state_size(self) -> int:
    """Numbers that C reads and answers: hidden and, of the LSTM, cell."""
    return self.num_units * (2 if self.cell == 'lstm' else 1)

  @property
  def granule_widths(self) -> tuple[int, ...]:
    """Of C: the state, granule layers, the state."""
    wide = self.granule_units or self.state_size
    return (self.state_size, *[wide] * self.granule_layers, self.state_size)


class Cell(NamedTuple):
  """Recurrent weights, gates in the order i, f, g, o; of tanh one 'gate'."""

  input: jax.Array  # [G, D, N]
  recurrent: jax.Array  # [G, N, N], row: source
  # b of inputs and of recurrence [2, G, N]: only their sum acts, but Adam moves
  # it twice as far.
  bias: jax.Array


class Params(NamedTuple):
  """Weights."""

  cell: Cell
  readout: mlp.Layer  # [N, O]
  cerebellum: mlp.Params  # C; () without
  fixed_fibres: jax.Array | None  # 0 or 1 [state, M]: what granule cells see


class State(NamedTuple):
  hidden: jax.Array  # [N]
  cell: jax.Array  # [N]; of tanh units [0]


def init(key: jax.Array, config: Config, *, zero_last: bool = True) -> Params:
  """Draws weights as the authors' program does.

  Those of the cell are uniform within 1 / sqrt(N), all others and their biases
  within 1 / sqrt(inputs), as PyTorch's defaults.

  Args:
    key: of the draw.
    config: hyperparameters.
    zero_last: C's last layer starts at zero (where C is one linear map, only
      its weights do). False: drawn as the others, for a C that stays fixed.
  """
  cell, readout, cerebellum, fibres = jax.random.split(key, 4)
  n, gates = config.num_units, _GATES[config.cell]
  shapes = (gates, config.num_inputs, n), (gates, n, n), (2, gates, n)
  draw = lambda k, shape: _uniform(k, shape, n, config)
  layers: mlp.Params = ()
  if config.cerebellum != 'none':
    widths = config.granule_widths
    layers = tuple(
        _dense(k, sizes, config)
        for k, sizes in zip(
            jax.random.split(cerebellum, len(widths) - 1),
            zip(widths[:-1], widths[1:], strict=True),
            strict=True,
        )
    )
    if zero_last:
      last = jax.tree.map(jnp.zeros_like, layers[-1])
      if not config.granule_layers:
        last = last._replace(bias=layers[-1].bias)
      layers = (*layers[:-1], last)
  return Params(
      Cell(*map(draw, jax.random.split(cell, 3), shapes)),
      _dense(readout, (n, config.num_outputs), config),
      layers,
      _fibres(fibres, config) if layers else None,
  )


def initial_state(config: Config) -> State:
  """Returns zeros."""
  dtype = dtypes.named(config.param_dtype)
  zeros = jnp.zeros(config.num_units, dtype)
  return State(zeros, zeros if config.cell == 'lstm' else jnp.zeros(0, dtype))


def _fibres(key: jax.Array, config: Config) -> jax.Array | None:
  """Draws which numbers of the state each granule cell sees."""
  if config.mossy_fibres is None:
    return None
  size, wide = config.granule_widths[:2]
  rank = jnp.argsort(jax.random.uniform(key, (size, wide)), 0)
  seen = jnp.argsort(rank, 0) < config.mossy_fibres
  return seen.astype(dtypes.named(config.param_dtype))


def _dense(key: jax.Array, sizes: tuple[int, int], config: Config) -> mlp.Layer:
  kernel, bias = jax.random.split(key)
  return mlp.Layer(
      _uniform(kernel, sizes, sizes[0], config),
      _uniform(bias, sizes[1:], sizes[0], config),
  )


def _uniform(key, shape: tuple[int, ...], fan: int, config: Config):
  dtype = dtypes.named(config.param_dtype)
  limit = fan**-0.5
  return jax.random.uniform(key, shape, dtype, minval=-limit, maxval=limit)
