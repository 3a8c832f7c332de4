"""Encoder, transition and values, as functions of one observation."""

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.networks import mlp
from nmlib.networks.predictive_agent import params as params_lib
from nmlib.neurons.core import checks


def encode(encoder: params_lib.Encoder, observation: jax.Array) -> jax.Array:
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


def apply(
    params: params_lib.Params, observation: jax.Array, config: params_lib.Config
) -> jax.Array:
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
  flat = blocks.reshape(-1, params_lib.SIZE * params_lib.SIZE)
  found, places = np.unique(flat, axis=0, return_inverse=True)
  return (
      found.reshape(-1, params_lib.SIZE, params_lib.SIZE),
      places.reshape(blocks.shape[:2]).astype(np.int32),
  )


def encode_all(
    encoder: params_lib.Encoder, blocks: jax.Array, places: jax.Array
) -> jax.Array:
  """Returns the latents [O, d] of the images that `distinct` was given."""
  return _read(encoder, _features(encoder, blocks)[places])


def _blocks(images):
  """Cuts [..., H, W] into what each pooled cell reads, [..., cells, 4, 4]."""
  rows, columns = (
      np.arange((side - params_lib.SIZE) // params_lib.STRIDE + 1)[:, None]
      * params_lib.STRIDE
      + np.arange(params_lib.SIZE)[None]
      for side in images.shape[-2:]
  )
  cut = images[..., rows[:, None, :, None], columns[None, :, None, :]]
  return cut.reshape(*images.shape[:-2], -1, params_lib.SIZE, params_lib.SIZE)


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
