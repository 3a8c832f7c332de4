"""Options and arrays of the Vision Transformer."""

import dataclasses
from typing import Literal
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.networks import transformer
from nmlib.neurons.core import dtypes
from nmlib.neurons.core import limits


@dataclasses.dataclass(frozen=True)
class Config:
  """Sizes and options; the defaults are ViT-B/16 of 224 x 224 pixels.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  num_classes: limits.Natural = 1000  # 0: no logits
  grid: tuple[limits.Count, limits.Count] = (14, 14)  # patches down, across
  patch_size: limits.Count = 16  # p, pixels a side
  in_channels: limits.Count = 3  # C
  num_layers: limits.Count = 12  # L
  width: limits.Count = 768  # d
  num_heads: limits.Count = 12
  mlp_dim: limits.Count | None = None  # None: 4 d
  epsilon: limits.Positive = 1e-6  # in norms
  activation: Literal['gelu_tanh', 'gelu', 'relu', 'silu'] = 'gelu'
  qkv_bias: bool = True
  layer_scale: bool = False
  param_dtype: dtypes.Floating = 'float32'

  def __post_init__(self):
    limits.check(self)
    if len(self.grid) != 2:
      raise ValueError(f'vit.Config.grid must be two numbers, got {self.grid}.')
    _ = self.encoder  # relates the rest

  @property
  def num_patches(self) -> int:
    """N."""
    return self.grid[0] * self.grid[1]

  @property
  def encoder(self) -> transformer.Config:
    """The blocks."""
    some = self.num_classes > 0
    return transformer.Config(
        max(1, self.num_classes), self.num_layers, self.width, self.num_heads,
        mlp_dim=self.mlp_dim, causal=False, epsilon=self.epsilon,
        positions='none', max_length=1 + self.num_patches,
        activation=self.activation, qkv_bias=self.qkv_bias,
        layer_scale=self.layer_scale, embedding=False,
        output='separate' if some else 'none', output_bias=some,
        param_dtype=self.param_dtype,
    )  # fmt: skip


class Patch(NamedTuple):
  kernel: jax.Array  # [p, p, C, d]
  bias: jax.Array  # [d]


class Params(NamedTuple):
  patch: Patch
  cls: jax.Array  # [d]
  positions: jax.Array  # [1 + N, d], the class token's first
  encoder: transformer.Params


def init(key: jax.Array, config: Config) -> Params:
  """Samples positions and blocks from N(0, 0.02^2), patches by their size."""
  dtype, p, d = (
      dtypes.named(config.param_dtype),
      config.patch_size,
      config.width,
  )
  keys = jax.random.split(key, 3)
  shape = p, p, config.in_channels, d
  scale = (p * p * config.in_channels) ** -0.5
  return Params(
      Patch(
          scale * jax.random.normal(keys[0], shape, dtype), jnp.zeros(d, dtype)
      ),
      jnp.zeros(d, dtype),
      0.02 * jax.random.normal(keys[1], (1 + config.num_patches, d), dtype),
      transformer.init(keys[2], config.encoder),
  )
