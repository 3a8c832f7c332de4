"""What cortex and cerebellum compute."""

import jax
import jax.numpy as jnp

from nmlib.networks import mlp
from nmlib.networks.cortico_cerebellar.params import Config
from nmlib.networks.cortico_cerebellar.params import Params
from nmlib.networks.cortico_cerebellar.params import State
from nmlib.networks.cortico_cerebellar.params import initial_state
from nmlib.neurons.core import checks
from nmlib.neurons.core import dtypes
from nmlib.neurons.rate import lstm
from nmlib.neurons.rate import rnn


def step(
    params: Params, state: State, x_t: jax.Array, config: Config
) -> tuple[State, jax.Array]:
  """Advances the cortex one step.

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
  checks.shape('inputs', x_t, num_inputs=config.num_inputs)
  state, ys = unroll(params, state, jnp.asarray(x_t)[None], config)
  return state, ys[0]


def unroll(
    params: Params, state: State, xs: jax.Array, config: Config
) -> tuple[State, jax.Array]:
  """Runs the cortex over xs [T, D]; returns its state and outputs [T, O].

  Raises:
    ValueError: if xs is not [T, D].
  """
  checks.shape('inputs', xs, 'T', num_inputs=config.num_inputs)
  params, xs = dtypes.cast((params, xs), state.hidden.dtype)
  cell, readout = params.cell, params.readout
  sizes = config.num_inputs, config.num_units, config.num_outputs
  bias = jnp.sum(cell.bias, 0)
  if config.cell == 'lstm':
    weights = lstm.Params(cell.input, cell.recurrent, bias, *readout)
    start, unit = lstm.State(*state), lstm.Config(*sizes)
    end, ys = lstm.unroll(weights, start, xs, unit)
    return State(*end), ys
  # `rnn` has no biases: they are weights of an input that is always 1.
  ones = jnp.ones((len(xs), 1), xs.dtype)
  unit = rnn.Config(sizes[0] + 1, *sizes[1:], activation='tanh')
  weights = rnn.Params(
      cell.recurrent[0].T,
      jnp.concatenate([cell.input[0], bias]).T,
      readout.kernel.T,
  )
  xs = jnp.concatenate([xs, ones], 1)
  new, out = rnn.unroll(weights, rnn.State(state.hidden), xs, unit)
  return state._replace(hidden=new.hidden), out.logits + readout.bias[None]


def outputs(params: Params, xs: jax.Array, config: Config) -> jax.Array:
  """Returns the outputs [T, O] of one sequence xs [T, D], from rest."""
  return unroll(params, initial_state(config), xs, config)[1]


def synthesize(params: Params, state: State, config: Config) -> State:
  """Returns C of states [..., N]: predicted gradients, of the same shapes."""
  hidden = x = jnp.concatenate([state.hidden, state.cell], -1)
  for i, layer in enumerate(params.cerebellum):
    if i:
      x = jax.nn.relu(x)
    elif params.fixed_fibres is not None:
      seen = jax.lax.stop_gradient(params.fixed_fibres)
      layer = layer._replace(kernel=layer.kernel * seen)
    x = mlp.dense(layer, x)
  assert x.shape == hidden.shape
  return State(x[..., : config.num_units], x[..., config.num_units :])
