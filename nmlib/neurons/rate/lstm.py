"""The long short-term memory (LSTM), with chrono initialisation.

Hochreiter and Schmidhuber (1997) with the forget gate of Gers et al. (2000);
chrono initialisation of Tallec and Ollivier (arXiv 1804.11188, ICLR 2018):
biases that spread the time constants of the cells.
"""

import dataclasses
from typing import Annotated
from typing import Literal
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons.core import checks
from nmlib.neurons.core import dtypes
from nmlib.neurons.core import limits
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

  num_inputs: limits.Count  # D
  num_units: limits.Count  # N
  num_outputs: limits.Natural  # O; 0: no readout, h' [N] itself is the output
  # Longest dependency to expect, in steps: forget biases are log of U(1, it -
  # 1), input biases their negatives. 0: forget biases 1, input biases 0.
  chrono: Annotated[float, limits.Range(2, open='low')] | Literal[0] = 0.0
  param_dtype: dtypes.Floating = 'float32'  # of parameters and state

  __post_init__ = limits.check


class Params(NamedTuple):
  """Weights in the order i, f, g, o."""

  input: jax.Array  # W [4, D, N]
  recurrent: jax.Array  # U [4, N, N], row: source
  bias: jax.Array  # b [4, N]
  readout: jax.Array | None  # V [N, O]; None without a readout
  readout_bias: jax.Array | None  # d [O]


class State(NamedTuple):
  hidden: jax.Array  # h [N]
  cell: jax.Array  # c [N]


def init(key: jax.Array, config: Config) -> Params:
  """Draws weights within 1 / sqrt(fan in), recurrent ones orthogonal."""
  keys = jax.random.split(key, 4)
  size, dtype = config.num_units, dtypes.named(config.param_dtype)

  def uniform(k, shape):
    limit = shape[-2] ** -0.5
    return jax.random.uniform(k, shape, dtype, minval=-limit, maxval=limit)

  bias = jnp.zeros((4, size), dtype).at[1].set(1.0)
  if config.chrono:
    slow = jnp.log(
        jax.random.uniform(
            keys[3], (size,), dtype, minval=1.0, maxval=config.chrono - 1
        )
    )
    bias = jnp.zeros((4, size), dtype).at[0].set(-slow).at[1].set(slow)
  readout = None, None
  if outputs := config.num_outputs:
    readout = uniform(keys[2], (size, outputs)), jnp.zeros(outputs, dtype)
  return Params(
      uniform(keys[0], (4, config.num_inputs, size)),
      jax.random.orthogonal(keys[1], size, (4,), dtype=dtype),
      bias,
      *readout,
  )


def initial_state(config: Config) -> State:
  """Returns zeros."""
  zeros = jnp.zeros(config.num_units, dtypes.named(config.param_dtype))
  return State(zeros, zeros)


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
    The next state, and the output [O], or [N] without a readout.

  Raises:
    ValueError: if x_t has not D elements.
  """
  checks.shape('inputs', x_t, num_inputs=config.num_inputs)
  params, x_t = dtypes.cast((params, x_t), state.hidden.dtype)
  driven = jnp.einsum('d,gdn->gn', x_t, params.input) + params.bias
  state = _advance(params, state, driven)
  return state, _read(params, state.hidden[None])[0]


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
  checks.shape('inputs', xs, 'T', num_inputs=config.num_inputs)
  params, xs = dtypes.cast((params, xs), state.hidden.dtype)
  driven = jnp.einsum('td,gdn->tgn', xs, params.input) + params.bias[None]

  def one(state, u):
    state = _advance(params, state, u)
    return state, state.hidden

  state, hidden = scan.scan(one, state, driven, chunk_size=chunk_size)
  return state, _read(params, hidden)


def num_params(config: Config) -> int:
  """Counts weights and biases, the readout's too."""
  inside = config.num_inputs + config.num_units + 1
  return 4 * config.num_units * inside + config.num_outputs * (
      config.num_units + 1
  )


def _read(params: Params, hidden: jax.Array) -> jax.Array:
  if params.readout is None or params.readout_bias is None:
    return hidden
  return hidden @ params.readout + params.readout_bias[None]


def _advance(params: Params, state: State, driven: jax.Array) -> State:
  u = driven + jnp.einsum('m,gmn->gn', state.hidden, params.recurrent)
  into, keep, out = (jax.nn.sigmoid(u[gate]) for gate in (0, 1, 3))
  cell = keep * state.cell + into * jnp.tanh(u[2])
  return State(out * jnp.tanh(cell), cell)
