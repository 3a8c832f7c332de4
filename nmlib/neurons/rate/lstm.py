"""The long short-term memory (LSTM), with chrono initialisation.

Hochreiter and Schmidhuber (1997) with the forget gate of Gers et al. (2000);
chrono initialisation of Tallec and Ollivier (arXiv 1804.11188, ICLR 2018):
biases that spread the time constants of the cells.
"""

import dataclasses
import math
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons.core import scan

PARTITION_RULES = ()


@dataclasses.dataclass(frozen=True)
class Config:
  """Hyperparameters.

    i, f, o = sigmoid(W x + U h + b), g = tanh(W x + U h + b)
    c' = f * c + i * g, h' = o * tanh(c'), y = V h' + d

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  num_inputs: int  # D
  num_units: int  # N
  num_outputs: int  # O
  # Longest dependency to expect, in steps: forget biases are log of U(1, it -
  # 1), input biases their negatives. 0: forget biases 1, input biases 0.
  chrono: float = 0.0

  def __post_init__(self):
    for field in ('num_inputs', 'num_units', 'num_outputs'):
      value = getattr(self, field)
      if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(
            f'lstm.Config.{field} must be a positive integer, got {value!r}.'
        )
    if self.chrono and not 2 < self.chrono < math.inf:
      raise ValueError(
          'lstm.Config.chrono must be 0, or above 2 steps and finite, got'
          f' {self.chrono!r}.'
      )


class Params(NamedTuple):
  """Weights in the order i, f, g, o."""

  input: jax.Array  # W [4, D, N]
  recurrent: jax.Array  # U [4, N, N], row: source
  bias: jax.Array  # b [4, N]
  readout: jax.Array  # V [N, O]
  readout_bias: jax.Array  # d [O]


class State(NamedTuple):
  hidden: jax.Array  # h [N]
  cell: jax.Array  # c [N]


def init(key: jax.Array, config: Config) -> Params:
  """Draws weights within 1 / sqrt(fan in), recurrent ones orthogonal."""
  keys = jax.random.split(key, 4)
  size = config.num_units

  def uniform(k, shape):
    limit = shape[-2] ** -0.5
    return jax.random.uniform(k, shape, minval=-limit, maxval=limit)

  bias = jnp.zeros((4, size)).at[1].set(1.0)
  if config.chrono:
    slow = jnp.log(
        jax.random.uniform(
            keys[3], (size,), minval=1.0, maxval=config.chrono - 1
        )
    )
    bias = jnp.zeros((4, size)).at[0].set(-slow).at[1].set(slow)
  return Params(
      uniform(keys[0], (4, config.num_inputs, size)),
      jax.random.orthogonal(keys[1], size, (4,)),
      bias,
      uniform(keys[2], (size, config.num_outputs)),
      jnp.zeros(config.num_outputs),
  )


def initial_state(config: Config) -> State:
  """Returns zeros."""
  return State(jnp.zeros(config.num_units), jnp.zeros(config.num_units))


def step(
    params: Params, state: State, x_t: jax.Array, config: Config
) -> tuple[State, jax.Array]:
  """Advances one step.

  Args:
    params: weights.
    state: hidden and cell [N].
    x_t: input [D].
    config: static.

  Returns:
    The next state, and the output [O].

  Raises:
    ValueError: if x_t has not D elements.
  """
  _check(x_t, 1, config)
  driven = jnp.einsum('d,gdn->gn', x_t, params.input) + params.bias
  state = _advance(params, state, driven)
  return state, state.hidden @ params.readout + params.readout_bias


def unroll(
    params: Params,
    state: State,
    xs: jax.Array,
    config: Config,
    *,
    chunk_size: int | None = None,
) -> tuple[State, jax.Array]:
  """Runs `step` over xs [T, D]: outputs [T, O], products of inputs at once.

  Args:
    params: weights.
    state: before the first step.
    xs: inputs.
    config: static.
    chunk_size: steps that the backward pass recomputes at a time.

  Raises:
    ValueError: if xs is not [T, D].
  """
  _check(xs, 2, config)
  driven = jnp.einsum('td,gdn->tgn', xs, params.input) + params.bias[None]

  def one(state, u):
    state = _advance(params, state, u)
    return state, state.hidden

  state, hidden = scan.scan(one, state, driven, chunk_size=chunk_size)
  return state, hidden @ params.readout + params.readout_bias[None]


def num_params(config: Config) -> int:
  """Counts weights and biases, the readout's too."""
  inside = config.num_inputs + config.num_units + 1
  return 4 * config.num_units * inside + config.num_outputs * (
      config.num_units + 1
  )


def _advance(params: Params, state: State, driven: jax.Array) -> State:
  u = driven + jnp.einsum('m,gmn->gn', state.hidden, params.recurrent)
  into, keep, out = (jax.nn.sigmoid(u[gate]) for gate in (0, 1, 3))
  cell = keep * state.cell + into * jnp.tanh(u[2])
  return State(out * jnp.tanh(cell), cell)


def _check(xs: jax.Array, rank: int, config: Config) -> None:
  if xs.ndim != rank or xs.shape[-1] != config.num_inputs:
    lead = 'T, ' * (rank == 2)
    raise ValueError(
        f'inputs must be [{lead}num_inputs={config.num_inputs}], got shape'
        f' {list(xs.shape)}.'
    )
