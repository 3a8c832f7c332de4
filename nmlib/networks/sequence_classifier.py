"""A front end, recurrent layers, a pool and a dense head: one label a sequence.

What long sequences of tokens or pixels need around a neuron: an embedding or a
projection before it (one-hot inputs waste its synapses), and a readout that
forgets the padding. A layer is any module of `nmlib.neurons` whose `unroll`
gives [T, O].
"""

import dataclasses
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.networks import mlp

POOLS = ('last', 'mean')


@dataclasses.dataclass(frozen=True)
class Config:
  """Hyperparameters.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  num_classes: int
  # (module, config) of each recurrent layer: `elm` or `lstm`, say.
  layers: tuple[tuple[Any, Any], ...]
  num_tokens: int = 0  # inputs are integers below it; 0: features
  num_features: int = 1  # of a step, if inputs are features
  width: int = 32  # of the embedding or projection, the first layer's inputs
  pool: str = 'mean'  # of a layer's outputs over the steps that count
  # Two sequences a label: the head reads both, their product and difference.
  pair: bool = False

  def __post_init__(self):
    for field in ('num_classes', 'num_features', 'width'):
      if getattr(self, field) < 1:
        self._fail(field, 'at least 1', getattr(self, field))
    if self.num_tokens < 0:
      self._fail('num_tokens', 'at least 0', self.num_tokens)
    if self.pool not in POOLS:
      self._fail('pool', f'one of {POOLS}', self.pool)
    if not self.layers:
      self._fail('layers', 'at least one layer', self.layers)
    widths = [self.width] + [c.num_outputs for _, c in self.layers]
    for (module, config), width in zip(self.layers, widths[:-1], strict=True):
      if config.num_inputs != width:
        raise ValueError(
            f'a layer of {module.__name__} has num_inputs={config.num_inputs}'
            f' but is given {width} channels.'
        )

  def _fail(self, field, allowed, value):
    raise ValueError(
        f'sequence_classifier.Config.{field} must be {allowed}, got {value!r}.'
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
  return Params(
      scale * jax.random.normal(front, (rows, config.width)),
      tuple(
          module.init(k, layer)
          for k, (module, layer) in zip(keys, config.layers, strict=True)
      ),
      mlp.Layer(
          jax.random.normal(head, (wide, config.num_classes)) * wide**-0.5,
          jnp.zeros(config.num_classes),
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
    ValueError: if xs has another shape.
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
  expected = 1 if config.num_tokens else 2
  if xs.ndim != expected or (
      not config.num_tokens and xs.shape[1] != config.num_features
  ):
    shape = '[T]' if config.num_tokens else f'[T, {config.num_features}]'
    raise ValueError(f'xs must be {shape}, got shape {list(xs.shape)}.')
  hidden = params.front[xs] if config.num_tokens else xs @ params.front
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
