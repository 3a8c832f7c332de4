"""A multilayer perceptron."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons import sites
from nmlib.neurons.core import dtypes


class Layer(NamedTuple):
  kernel: jax.Array  # [D, N]
  bias: jax.Array  # [N]


Params = tuple[Layer, ...]


def init(
    key: jax.Array,
    widths: tuple[int, ...],
    param_dtype: dtypes.Floating = 'float32',
) -> Params:
  """Draws He-normal weights and zero biases.

  Args:
    key: of the weights.
    widths: inputs, hidden layers, outputs.
    param_dtype: of the parameters.

  Raises:
    ValueError: if there are fewer than two widths or one is not positive.
  """
  if len(widths) < 2 or min(widths) < 1:
    raise ValueError(
        f'widths must be two or more positive sizes, got {widths}.'
    )
  keys = jax.random.split(key, len(widths) - 1)
  dtype = dtypes.named(param_dtype)
  return tuple(
      Layer(
          jax.random.normal(k, (inputs, outputs), dtype) * (2 / inputs) ** 0.5,
          jnp.zeros(outputs, dtype),
      )
      for k, inputs, outputs in zip(keys, widths[:-1], widths[1:], strict=True)
  )


def dense(layer: Layer, x: jax.Array) -> jax.Array:
  """Returns the pre-activations [..., N] of inputs [..., D]."""
  return x @ layer.kernel + layer.bias.reshape((1,) * (x.ndim - 1) + (-1,))


def apply(
    params: Params, x: jax.Array, site: sites.Sites = sites.PLAIN
) -> jax.Array:
  """Returns the outputs for one input [D].

  Args:
    params: layers.
    x: input.
    site: pre-activations 'dense_0', 'dense_1', ... of all layers, activations
      'relu_0', ... of hidden ones.
  """
  for i, layer in enumerate(params[:-1]):
    z = site(f'dense_{i}', dense, layer, x)
    x = site(f'relu_{i}', jax.nn.relu, z)
  return site(f'dense_{len(params) - 1}', dense, params[-1], x)
