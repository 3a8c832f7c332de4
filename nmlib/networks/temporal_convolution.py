"""A temporal convolutional network: causal, dilated, exact in a stream.

Bai, Kolter, Koltun (arXiv 1803.01271, 2018), without residual connections: what
Beniaguev, Segev, London (Neuron 2021) fit to a detailed neuron. Layer l sees
`kernel_size` steps, 2^l apart; a state of past inputs makes a sequence cut in
two give the same outputs.
"""

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.networks import mlp


@dataclasses.dataclass(frozen=True)
class Config:
  """Hyperparameters.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  num_inputs: int  # D
  channels: tuple[int, ...]  # of each layer
  num_outputs: int  # O
  kernel_size: int = 3  # k

  def __post_init__(self):
    for field in ('num_inputs', 'num_outputs', 'kernel_size'):
      if getattr(self, field) < 1:
        raise ValueError(
            f'temporal_convolution.Config.{field} must be at least 1, got'
            f' {getattr(self, field)}.'
        )
    if not self.channels or min(self.channels) < 1:
      raise ValueError(
          'temporal_convolution.Config.channels must be one or more positive'
          f' sizes, got {self.channels}.'
      )

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
  for k, (inputs, size) in zip(keys[:-1], _sizes(config), strict=True):
    shape = (config.kernel_size, inputs, size)
    scale = (2 / (config.kernel_size * inputs)) ** 0.5
    layers.append(
        mlp.Layer(scale * jax.random.normal(k, shape), jnp.zeros(size))
    )
  (readout,) = mlp.init(keys[-1], (config.channels[-1], config.num_outputs))
  return Params(tuple(layers), readout)


def initial_state(config: Config) -> State:
  """Returns zeros: no inputs before the first step."""
  return tuple(
      jnp.zeros(((config.kernel_size - 1) * 2**i, inputs))
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
  if xs.ndim != 2 or xs.shape[1] != config.num_inputs:
    raise ValueError(
        f'inputs must be [T, num_inputs={config.num_inputs}], got shape'
        f' {list(xs.shape)}.'
    )
  states = []
  for i, layer in enumerate(params.layers):
    seen = jnp.concatenate([state[i], xs.astype(state[i].dtype)])
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
