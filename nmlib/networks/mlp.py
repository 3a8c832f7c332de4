"""A multilayer perceptron whose hidden activations a caller can replace."""

from collections.abc import Callable
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons.core import dtypes


class Layer(NamedTuple):
  kernel: jax.Array  # [D, N]
  bias: jax.Array  # [N]


Params = tuple[Layer, ...]
# (name, layer, its parameters, x) -> pre-activations: how a network runs its
# layers, for those who want to add to them (`nmlib.networks.dendritic`).
Call = Callable[
    [str, Callable[[Any, jax.Array], jax.Array], Any, jax.Array], jax.Array
]


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


def plain(name: str, layer, params: Any, x: jax.Array) -> jax.Array:
  """The `Call` that runs a layer and does no more."""
  del name
  return layer(params, x)


def dense(layer: Layer, x: jax.Array) -> jax.Array:
  """Returns the pre-activations [..., N] of inputs [..., D]."""
  return x @ layer.kernel + layer.bias.reshape((1,) * (x.ndim - 1) + (-1,))


def apply(
    params: Params,
    x: jax.Array,
    activate: Callable[[int, jax.Array], jax.Array] | None = None,
    call: Call = plain,
) -> jax.Array:
  """Returns the outputs for one input [D].

  Args:
    params: layers.
    x: input.
    activate: (hidden layer, pre-activation [N]) -> activation [N]; ReLU if
      None. It sees every hidden layer, first to last.
    call: runs each layer, named 'dense_0', 'dense_1', ...
  """
  for i, layer in enumerate(params[:-1]):
    z = call(f'dense_{i}', dense, layer, x)
    x = jax.nn.relu(z) if activate is None else activate(i, z)
  return call(f'dense_{len(params) - 1}', dense, params[-1], x)
