"""A multilayer perceptron whose hidden activations a caller can replace."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp


class Layer(NamedTuple):
  kernel: jax.Array  # [D, N]
  bias: jax.Array  # [N]


Params = tuple[Layer, ...]


def init(key: jax.Array, widths: tuple[int, ...]) -> Params:
  """Draws He-normal weights and zero biases.

  Args:
    key: of the weights.
    widths: inputs, hidden layers, outputs.

  Raises:
    ValueError: if there are fewer than two widths or one is not positive.
  """
  if len(widths) < 2 or min(widths) < 1:
    raise ValueError(
        f'widths must be two or more positive sizes, got {widths}.'
    )
  keys = jax.random.split(key, len(widths) - 1)
  return tuple(
      Layer(
          jax.random.normal(k, (inputs, outputs)) * (2 / inputs) ** 0.5,
          jnp.zeros(outputs),
      )
      for k, inputs, outputs in zip(keys, widths[:-1], widths[1:], strict=True)
  )


def apply(
    params: Params,
    x: jax.Array,
    activate: Callable[[int, jax.Array], jax.Array] | None = None,
) -> jax.Array:
  """Returns the outputs for one input [D].

  Args:
    params: layers.
    x: input.
    activate: (hidden layer, pre-activation [N]) -> activation [N]; ReLU if
      None. It sees every hidden layer, first to last.
  """
  for i, layer in enumerate(params[:-1]):
    z = x @ layer.kernel + layer.bias
    x = jax.nn.relu(z) if activate is None else activate(i, z)
  return x @ params[-1].kernel + params[-1].bias
