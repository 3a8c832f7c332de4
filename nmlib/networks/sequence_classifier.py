"""A front end, recurrent layers, a pool and a dense head: one label a sequence.

What long sequences of tokens or pixels need around a neuron: an embedding or a
projection before it (one-hot inputs waste its synapses), and a readout that
forgets the padding. A layer is any module of `nmlib.neurons` whose `unroll`
gives [T, O].
"""

import dataclasses
from typing import Annotated
from typing import Any
from typing import Literal
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

  num_classes: limits.Count
  # (module, config) of each recurrent layer: `elm` or `lstm`, say.
  layers: Annotated[tuple[tuple[Any, Any], ...], limits.Some()]
  num_tokens: limits.Natural = 0  # inputs are integers below it; 0: features
  num_features: limits.Count = 1  # of a step, if inputs are features
  # Of the embedding or projection, the first layer's inputs.
  width: limits.Count = 32
  # Of a layer's outputs over the steps that count.
  pool: Literal['last', 'mean'] = 'mean'
  # Two sequences a label: the head reads both, their product and difference.
  pair: bool = False
  param_dtype: dtypes.Floating = 'float32'  # of front and head

  def __post_init__(self):
    limits.check(self)
    widths = [self.width] + [c.num_outputs for _, c in self.layers]
    for (module, config), width in zip(self.layers, widths[:-1], strict=True):
      if config.num_inputs != width:
        raise ValueError(
            f'a layer of {module.__name__} has num_inputs={config.num_inputs}'
            f' but is given {width} channels.'
        )


class Params(NamedTuple):
  front: jax.Array  # [tokens, width] or [features, width]
  layers: tuple[Any, ...]
  head: mlp.Layer  # [O, classes]


def init(key: jax.Array, config: Config) -> Params:
  """Draws a front end of unit variance, the layers, and a small head."""
  front, middle, head = jax.random.split(key, 3)
  rows = config.num_tokens or config.num_features
  scale = 1.0 if config.num_tokens else rows**-0.5
  keys = jax.random.split(middle, len(config.layers))
  wide = config.layers[-1][1].num_outputs * (4 if config.pair else 1)
  dtype = dtypes.named(config.param_dtype)
  normal = lambda key, *shape: jax.random.normal(key, shape, dtype)
  return Params(
      scale * normal(front, rows, config.width),
      tuple(
          module.init(k, layer)
          for k, (module, layer) in zip(keys, config.layers, strict=True)
      ),
      mlp.Layer(
          normal(head, wide, config.num_classes) * wide**-0.5,
          jnp.zeros(config.num_classes, dtype),
      ),
  )


def apply(
    params: Params,
    xs: jax.Array,
    config: Config,
    *,
    length: jax.Array | int | None = None,
    chunk_size: int | None = None,
) -> jax.Array:
  """Returns logits [classes] of one sequence, or of a pair.

  Args:
    params: weights.
    xs: tokens [T] or features [T, F]; of a pair [2, T] or [2, T, F].
    config: static.
    length: steps that count, the rest being padding; of a pair [2]; None: all.
    chunk_size: steps that the backward pass recomputes at a time.

  Raises:
    ValueError: if xs has another shape, or a token is out of range.
  """
  run = lambda x, n: embed(params, x, config, length=n, chunk_size=chunk_size)
  if config.pair:
    if xs.shape[0] != 2:
      raise ValueError(f'a pair must be [2, ...], got shape {list(xs.shape)}.')
    counts = (None, None) if length is None else jnp.asarray(length)
    first, second = (run(x, n) for x, n in zip(xs, counts, strict=True))
    pooled = jnp.concatenate([first, second, first * second, first - second])
  else:
    pooled = run(xs, length)
  pooled = pooled.astype(params.head.kernel.dtype)
  return pooled @ params.head.kernel + params.head.bias


def embed(
    params: Params,
    xs: jax.Array,
    config: Config,
    *,
    length: jax.Array | int | None = None,
    chunk_size: int | None = None,
) -> jax.Array:
  """Returns what the head reads of one sequence, [O]; arguments as `apply`."""
  if config.num_tokens:
    checks.shape('tokens', xs, 'T')
    checks.indices('tokens', xs, config.num_tokens)
    hidden = params.front[xs]
  else:
    checks.shape('inputs', xs, 'T', num_features=config.num_features)
    hidden = dtypes.cast(xs, params.front.dtype) @ params.front
  for (module, layer), weights in zip(
      config.layers, params.layers, strict=True
  ):
    _, hidden = module.unroll(
        weights,
        module.initial_state(layer),
        hidden,
        layer,
        chunk_size=chunk_size,
    )
  steps = jnp.arange(xs.shape[0])
  length = xs.shape[0] if length is None else length
  if config.pool == 'last':
    weight = steps == length - 1
  else:
    weight = (steps < length) / jnp.maximum(length, 1)
  return weight.astype(hidden.dtype) @ hidden


def num_params(config: Config) -> int:
  """Counts what is trained."""
  rows = config.num_tokens or config.num_features
  wide = config.layers[-1][1].num_outputs * (4 if config.pair else 1)
  inside = sum(module.num_params(layer) for module, layer in config.layers)
  return rows * config.width + inside + (wide + 1) * config.num_classes
