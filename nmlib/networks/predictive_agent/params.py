"""Sizes of the three networks, and their arrays."""

import dataclasses
from typing import NamedTuple

import jax
import numpy as np

from nmlib.networks import mlp
from nmlib.neurons.core import dtypes
from nmlib.neurons.core import limits

# A pooled cell reads 4 x 4 pixels: two convolutions of 2 x 2, a maximum of 2 x
# 2. Its neighbours' lie two pixels further.
SIZE, STRIDE = 4, 2


@dataclasses.dataclass(frozen=True)
class Config:
  """Sizes; defaults are the authors' network "dm" in their grid."""

  image: tuple[limits.Count, limits.Count] = (10, 10)  # H, W
  latent: limits.Count = 5  # d
  num_actions: limits.Count = 4  # A
  channels: tuple[limits.Count, limits.Count] = (16, 32)  # C, C'
  hidden: tuple[limits.Count, ...] = (32,)  # of the encoder's linear layers
  transition_hidden: limits.Count = 16
  value_hidden: limits.Count = 16
  param_dtype: dtypes.Floating = 'float32'

  def __post_init__(self):
    limits.check(self)
    if min(self.image) < SIZE:
      raise ValueError(
          f'predictive_agent.Config.image must be at least {SIZE} x {SIZE}'
          f' pixels, got {self.image}.'
      )

  @property
  def cells(self) -> tuple[int, int]:
    """Rows and columns of pooled cells."""
    height, width = ((side - SIZE) // STRIDE + 1 for side in self.image)
    return height, width


class Encoder(NamedTuple):
  """E: an image becomes a latent."""

  convolutions: tuple[mlp.Layer, mlp.Layer]  # kernels [4, C], [4 C, C']
  dense: mlp.Params  # cells C' to d


class Params(NamedTuple):
  """Of the three networks."""

  encoder: Encoder
  transition: mlp.Params  # d + A to d
  value: mlp.Params  # d to A


def init(key: jax.Array, config: Config) -> Params:
  """Draws all as PyTorch does by default: within 1 / sqrt(inputs)."""
  first, second = config.channels
  cells = int(np.prod(config.cells)) * second
  dense = (cells, *config.hidden, config.latent)
  actions, hidden = config.num_actions, config.transition_hidden
  move = (config.latent + actions, hidden, config.latent)
  judge = (config.latent, config.value_hidden, actions)
  sizes = [(4, first), (4 * first, second)]
  for widths in (dense, move, judge):
    sizes += zip(widths[:-1], widths[1:], strict=True)
  keys = jax.random.split(key, len(sizes))
  dtype = dtypes.named(config.param_dtype)

  def layer(key, size):
    limit = size[0] ** -0.5
    of_kernel, of_bias = jax.random.split(key)
    draw = lambda k, shape: jax.random.uniform(
        k, shape, dtype, minval=-limit, maxval=limit
    )
    return mlp.Layer(draw(of_kernel, size), draw(of_bias, size[1:]))

  layers = tuple(map(layer, keys, sizes))
  return Params(
      Encoder((layers[0], layers[1]), layers[2:-4]), layers[-4:-2], layers[-2:]
  )
