"""The network that learns: a perceptron of exponential linear units."""

from collections.abc import Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from nmlib.neurons.core import checks
from nmlib.neurons.core import dtypes
from nmlib.plasticity.self_regulation.config import Config


class Layer(NamedTuple):
  kernel: jax.Array  # [D, N]
  bias: jax.Array  # [N]


Params = tuple[Layer, ...]


def init(key: jax.Array, config: Config) -> Params:
  """Draws weights ~ N(0, 2 / inputs) and, as released, biases ~ N(0, 1)."""
  dtype, layers = dtypes.named(config.param_dtype), []
  inputs = config.num_inputs
  for i, width in enumerate(config.widths):
    keys = jax.random.split(jax.random.fold_in(key, i))
    kernel = jax.random.normal(keys[0], (inputs, width), dtype)
    bias = jax.random.normal(keys[1], (width,), dtype)
    layers.append(Layer(kernel * (2 / inputs) ** 0.5, bias))
    inputs = width
  return tuple(layers)


def apply(params: Params, x: jax.Array) -> jax.Array:
  """Returns the logits [..., K] of images [..., D]; hidden units are ELU."""
  for i, layer in enumerate(params):
    x = jax.nn.elu(x) if i else x
    x = x @ layer.kernel + layer.bias.reshape((1,) * (x.ndim - 1) + (-1,))
  return x


def descended(
    params: Params, gradient: Params, rate: jax.Array, config: Config
) -> Params:
  """Steps along a summed gradient, of which m makes a mean however long it is.

  A step to weights that are not finite is not taken: who has left stability,
  at too high a rate, stays there.

  Args:
    params: weights.
    gradient: likewise.
    rate: [R].
    config: static.
  """
  scaled = rate / config.batch_size
  if config.per_neuron:
    parts = jnp.split(scaled, np.cumsum(config.widths)[:-1])
  else:
    parts = [scaled] * len(params)
  moved = tuple(
      Layer(p.kernel - part[None] * g.kernel, p.bias - part * g.bias)
      for p, g, part in zip(params, gradient, parts, strict=True)
  )
  finite = [jnp.isfinite(leaf).all() for leaf in jax.tree.leaves(moved)]
  return optax.tree.where(jnp.stack(finite).all(), moved, params)


def params_from_official(
    arrays: Mapping[str, np.ndarray], config: Config
) -> Params:
  """Reads weights under the names w12, b12, w23, ... of the authors' code.

  Args:
    arrays: weights [outputs, inputs] and biases [outputs, 1].
    config: whose dtype they get.

  Raises:
    ValueError: if an array is missing or of another shape.
  """
  dtype, layers, inputs = (
      dtypes.named(config.param_dtype),
      [],
      config.num_inputs,
  )
  for i, width in enumerate(config.widths, 1):
    names = f'w{i}{i + 1}', f'b{i}{i + 1}'
    for name in names:
      if name not in arrays:
        raise ValueError(f'arrays must have {name!r}, got {sorted(arrays)}.')
    kernel, bias = (np.asarray(arrays[name]) for name in names)
    checks.shape(names[0], kernel, outputs=width, inputs=inputs)
    checks.shape(names[1], bias, outputs=width, one=1)
    layers.append(
        Layer(jnp.asarray(kernel.T, dtype), jnp.asarray(bias[:, 0], dtype))
    )
    inputs = width
  return tuple(layers)
