"""Encoder, transition and values, as functions of one observation."""

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.networks import mlp
from nmlib.neurons.core import checks
from nmlib.neurons.core import dtypes
from nmlib.neurons.core import limits

# A pooled cell reads 4 x 4 pixels: two convolutions of 2 x 2, a maximum of 2 x
# 2. Its neighbours' lie two pixels further.
_SIZE, _STRIDE = 4, 2


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
    if min(self.image) < _SIZE:
      raise ValueError(
          f'predictive_agent.Config.image must be at least {_SIZE} x {_SIZE}'
          f' pixels, got {self.image}.'
      )

  @property
  def cells(self) -> tuple[int, int]:
    """Rows and columns of pooled cells."""
    height, width = ((side - _SIZE) // _STRIDE + 1 for side in self.image)
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


def encode(encoder: Encoder, observation: jax.Array) -> jax.Array:
  """Returns the latent z [d] of an image [H, W]."""
  return _read(encoder, _features(encoder, _blocks(observation)))


def transition(
    params: mlp.Params, z: jax.Array, action: jax.Array
) -> jax.Array:
  """Returns T(z, a) [d], the latent expected after an action [].

  z + MLP(ReLU([z, one-hot a])): of z itself the positive part alone is read.
  """
  actions = params[0].kernel.shape[0] - z.shape[0]
  one_hot = jax.nn.one_hot(action, actions, dtype=z.dtype)
  return z + mlp.apply(params, jax.nn.relu(jnp.concatenate([z, one_hot])))


def values(params: mlp.Params, z: jax.Array) -> jax.Array:
  """Returns Q(z) [A], of the positive part of a latent [d]."""
  return mlp.apply(params, jax.nn.relu(z))


def apply(params: Params, observation: jax.Array, config: Config) -> jax.Array:
  """Returns the values Q(E(o)) [A] of an image [H, W].

  Raises:
    ValueError: if the image has another shape.
  """
  height, width = config.image
  checks.shape('observation', observation, height=height, width=width)
  dtype = params.value[0].kernel.dtype
  return values(params.value, encode(params.encoder, observation.astype(dtype)))


def distinct(observations: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
  """Returns the blocks [U, 4, 4] of images [O, H, W], and which each is of.

  Args:
    observations: concrete, all that a world can show.

  Returns:
    Blocks, and their places [O, cells]: `encode_all` of both is `encode` of
    every image.
  """
  blocks = np.asarray(_blocks(np.asarray(observations)))  # [O, cells, 4, 4]
  flat = blocks.reshape(-1, _SIZE * _SIZE)
  found, places = np.unique(flat, axis=0, return_inverse=True)
  return (
      found.reshape(-1, _SIZE, _SIZE),
      places.reshape(blocks.shape[:2]).astype(np.int32),
  )


def encode_all(
    encoder: Encoder, blocks: jax.Array, places: jax.Array
) -> jax.Array:
  """Returns the latents [O, d] of the images that `distinct` was given."""
  return _read(encoder, _features(encoder, blocks)[places])


def _blocks(images):
  """Cuts [..., H, W] into what each pooled cell reads, [..., cells, 4, 4]."""
  rows, columns = (
      np.arange((side - _SIZE) // _STRIDE + 1)[:, None] * _STRIDE
      + np.arange(_SIZE)[None]
      for side in images.shape[-2:]
  )
  cut = images[..., rows[:, None, :, None], columns[None, :, None, :]]
  return cut.reshape(*images.shape[:-2], -1, _SIZE, _SIZE)


def _features(encoder, blocks):
  """Returns what the convolutions make of blocks [N, 4, 4]: [N, C']."""
  x = blocks[..., None]
  for i, layer in enumerate(encoder.convolutions):
    size = x.shape[1] - 1
    shifted = [
        x[:, row : row + size, column : column + size]
        for row in range(2)
        for column in range(2)
    ]
    x = mlp.dense(layer, jnp.concatenate(shifted, axis=-1))
    if i == 0:
      x = jax.nn.relu(x)
  return jax.nn.relu(jnp.max(x, axis=(1, 2)))  # of the maximum: the same


def _read(encoder, features):
  """Returns latents [..., d] of features [..., cells, C']."""
  x = features.reshape(*features.shape[:-2], -1)
  for layer in encoder.dense[:-1]:
    x = jax.nn.relu(mlp.dense(layer, x))
  return mlp.dense(encoder.dense[-1], x)
