"""A temporal convolutional network: causal, dilated, exact in a stream.

Bai, Kolter, Koltun (arXiv 1803.01271, 2018), without residual connections: what
Beniaguev, Segev, London (Neuron 2021) fit to a detailed neuron. Layer l sees
`kernel_size` steps, 2^l apart; a state of past inputs makes a sequence cut in
two give the same outputs.
"""

import dataclasses
from typing import Annotated
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.networks import mlp
from nmlib.neurons.core import checks
from nmlib.neurons.core import dtypes
from nmlib.neurons.core import limits


@dataclasses.dataclass(frozen=True)
class Config:
  """Hyperparameters.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  num_inputs: limits.Count  # D
  # Of each layer.
  channels: Annotated[tuple[limits.Count, ...], limits.Some()]
  num_outputs: limits.Count  # O
  kernel_size: limits.Count = 3  # k
  param_dtype: dtypes.Floating = 'float32'  # of parameters and state

  __post_init__ = limits.check

  @property
  def receptive_field(self) -> int:
    """Steps that an output depends on."""
    return 1 + (self.kernel_size - 1) * (2 ** len(self.channels) - 1)


class Params(NamedTuple):
  layers: tuple[mlp.Layer, ...]  # kernel [k, D, C], oldest first; bias [C]
  readout: mlp.Layer  # [C, O]


State = tuple[jax.Array, ...]  # past inputs of each layer, [(k - 1) 2^l, D]


def init(key: jax.Array, config: Config) -> Params:
  """Draws He-normal weights and zero biases."""
  keys = jax.random.split(key, len(config.channels) + 1)
  layers = []
  dtype = dtypes.named(config.param_dtype)
  for k, (inputs, size) in zip(keys[:-1], _sizes(config), strict=True):
    shape = (config.kernel_size, inputs, size)
    scale = (2 / (config.kernel_size * inputs)) ** 0.5
    layers.append(
        mlp.Layer(
            scale * jax.random.normal(k, shape, dtype), jnp.zeros(size, dtype)
        )
    )
  (readout,) = mlp.init(
      keys[-1], (config.channels[-1], config.num_outputs), config.param_dtype
  )
  return Params(tuple(layers), readout)


def initial_state(config: Config) -> State:
  """Returns zeros: no inputs before the first step."""
  dtype = dtypes.named(config.param_dtype)
  return tuple(
      jnp.zeros(((config.kernel_size - 1) * 2**i, inputs), dtype)
      for i, (inputs, _) in enumerate(_sizes(config))
  )


def unroll(
    params: Params, state: State, xs: jax.Array, config: Config
) -> tuple[State, jax.Array]:
  """Runs the network over xs [T, D].

  Args:
    params: weights.
    state: past inputs of each layer.
    xs: inputs.
    config: static.

  Returns:
    The state after the last step, and outputs [T, O].

  Raises:
    ValueError: if xs is not [T, D].
  """
  checks.shape('inputs', xs, 'T', num_inputs=config.num_inputs)
  params, xs = dtypes.cast((params, xs), state[0].dtype)
  states = []
  for i, layer in enumerate(params.layers):
    seen = jnp.concatenate([state[i], xs])
    states.append(seen[xs.shape[0] :])
    out = jax.lax.conv_general_dilated(
        seen[None],
        layer.kernel,
        window_strides=(1,),
        padding='VALID',
        rhs_dilation=(2**i,),
        dimension_numbers=('NHC', 'HIO', 'NHC'),
    )[0]
    xs = jax.nn.relu(out + layer.bias[None])
  return tuple(states), xs @ params.readout.kernel + params.readout.bias[None]


def num_params(config: Config) -> int:
  """Counts weights and biases."""
  layers = sum(
      (config.kernel_size * inputs + 1) * size
      for inputs, size in _sizes(config)
  )
  return layers + (config.channels[-1] + 1) * config.num_outputs


def _sizes(config: Config) -> list[tuple[int, int]]:
  widths = (config.num_inputs, *config.channels)
  return list(zip(widths[:-1], widths[1:], strict=True))
