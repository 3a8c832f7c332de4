"""The gated recurrent unit (GRU) with an initial connectivity of its own.

Cho et al. (arXiv 1406.1078, 2014), without biases and with a linear readout,
as the gated counterpart of `rnn` in studies of initial connectivity (Liu et
al., arXiv 2310.08513). The reset gate acts after the recurrent product by
default, as in cuDNN, PyTorch and Flax; before it, as in the GRU's paper.
"""

import dataclasses
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

    r = sigmoid(U_r x + W_r h), z = sigmoid(U_z x + W_z h)
    n = tanh(U_n x + r * (W_n h))   or   tanh(U_n x + W_n (r * h))
    h' = (1 - z) * n + z * h, y = W_o h'

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  num_inputs: limits.Count = 3
  num_units: limits.Count = 300  # N
  num_outputs: limits.Count = 3
  gain: limits.Positive = 1.25  # g: standard deviation of each W is g / sqrt(N)
  reset_after: bool = True  # the reset gate scales W_n h, else h
  param_dtype: dtypes.Floating = 'float32'  # of parameters and state

  __post_init__ = limits.check


class Params(NamedTuple):
  """Weights in the order reset r, update z, candidate n."""

  recurrent: jax.Array  # W [3, N, N], row: target, column: source
  input: jax.Array  # U [3, N, num_inputs]
  readout: jax.Array  # W_o [num_outputs, N]


class State(NamedTuple):
  """What evolves in time."""

  hidden: jax.Array  # h [N]


class Output(NamedTuple):
  """What a time step gives."""

  logits: jax.Array  # y [num_outputs]
  rates: jax.Array  # h' [N], in (-1, 1)


def init(
    key: jax.Array, config: Config, recurrent: jax.Array | None = None
) -> Params:
  """Draws W ~ g N(0, 1) / sqrt(N); U, W_o uniform within 1 / sqrt(columns).

  Args:
    key: of the draw; U and W_o do not depend on `recurrent`.
    config: hyperparameters.
    recurrent: W [3, N, N] in place of the draw; or one W [N, N] for all three.

  Raises:
    ValueError: if `recurrent` has another shape.
  """
  dtype = dtypes.named(config.param_dtype)
  recurrent_key, input_key, readout_key = jax.random.split(key, 3)
  size = config.num_units
  if recurrent is None:
    recurrent = jax.random.normal(recurrent_key, (3, size, size), dtype)
    recurrent = config.gain * recurrent / jnp.sqrt(jnp.asarray(size, dtype))
  if recurrent.shape == (size, size):
    recurrent = jnp.broadcast_to(recurrent[None], (3, size, size))
  if recurrent.shape != (3, size, size):
    raise ValueError(
        f'recurrent must be [3, {size}, {size}] or [{size}, {size}], one row'
        ' and one column a unit of gru.Config.num_units, got'
        f' {list(recurrent.shape)}.'
    )
  uniform = lambda k, shape: jax.random.uniform(
      k, shape, dtype, minval=-(shape[-1] ** -0.5), maxval=shape[-1] ** -0.5
  )
  return Params(
      jnp.asarray(recurrent, dtype),
      uniform(input_key, (3, size, config.num_inputs)),
      uniform(readout_key, (config.num_outputs, size)),
  )


def initial_state(config: Config) -> State:
  """Returns h = 0 [N]."""
  return State(jnp.zeros(config.num_units, dtypes.named(config.param_dtype)))


def step(
    params: Params, state: State, x_t: jax.Array, config: Config
) -> tuple[State, Output]:
  """One time step on an input x_t [num_inputs].

  Raises:
    ValueError: if x_t has another shape.
  """
  checks.shape('inputs', x_t, num_inputs=config.num_inputs)
  params, x_t = dtypes.cast((params, x_t), state.hidden.dtype)
  return _step(params, state, params.input @ x_t, config)


def unroll(
    params: Params,
    state: State,
    xs: jax.Array,
    config: Config,
    *,
    chunk_size: int | None = None,
) -> tuple[State, Output]:
  """Runs a sequence xs [T, num_inputs]; outputs have time in front.

  Args:
    params: weights.
    state: to start from.
    xs: inputs.
    config: static.
    chunk_size: steps that the backward pass remembers; see `scan.scan`.

  Raises:
    ValueError: if xs is not [T, num_inputs].
  """
  checks.shape('inputs', xs, 'T', num_inputs=config.num_inputs)
  params, xs = dtypes.cast((params, xs), state.hidden.dtype)
  drive = jnp.einsum('gni,ti->tgn', params.input, xs)
  return scan.scan(
      lambda s, d: _step(params, s, d, config),
      state,
      drive,
      chunk_size=chunk_size,
  )


def _step(
    params: Params, state: State, drive: jax.Array, config: Config
) -> tuple[State, Output]:
  """One time step on U x [3, N]."""
  h = state.hidden
  if config.reset_after:
    sent = params.recurrent @ h
    r, z = jax.nn.sigmoid(drive[:2] + sent[:2])
    n = jnp.tanh(drive[2] + r * sent[2])
  else:
    r, z = jax.nn.sigmoid(drive[:2] + params.recurrent[:2] @ h)
    n = jnp.tanh(drive[2] + params.recurrent[2] @ (r * h))
  hidden = (1 - z) * n + z * h
  return State(hidden), Output(params.readout @ hidden, hidden)
