"""The Vision Transformer as a function of one image."""

import dataclasses

import jax
import jax.numpy as jnp

from nmlib.networks import transformer
from nmlib.networks.vision.convolution import Output
from nmlib.networks.vit import params as params_lib
from nmlib.neurons import sites
from nmlib.neurons.core import checks


def patches(image: jax.Array, size: int) -> jax.Array:
  """Cuts an image [H, W, C] into patches [H/p W/p, p p C], row by row.

  Raises:
    ValueError: if a side is no multiple of the patch's.
  """
  checks.shape('image', image, 'H', 'W', 'C')
  checks.count('size', size)
  high, wide, depth = image.shape
  if high % size or wide % size or not (high and wide):
    raise ValueError(
        f'the sides of image must be multiples of size={size}, got'
        f' {high} x {wide}; crop or resize it.'
    )
  cut = image.reshape(high // size, size, wide // size, size, depth)
  return cut.swapaxes(1, 2).reshape(-1, size * size * depth)


def apply(
    params: params_lib.Params,
    patches: jax.Array,
    config: params_lib.Config,
    *,
    site: sites.Sites = sites.PLAIN,
) -> Output:
  """Reads the patches of one image.

  Args:
    params: weights.
    patches: [N, p p C], see the function of this name.
    config: static.
    site: see the module.

  Returns:
    Logits [classes], none of no classes, and the class token [d] after the
    last norm.

  Raises:
    ValueError: if shapes do not fit, or patches are not finite.
  """
  kernel = params.patch.kernel.reshape(-1, config.width)
  checks.shape('patches', patches, N=config.num_patches, pixels=len(kernel))
  checks.finite('patches', patches)
  x = jnp.asarray(patches, kernel.dtype) @ kernel + params.patch.bias[None]
  checks.shape('params.positions', params.positions, N=len(x) + 1, d=x.shape[1])
  x = jnp.concatenate([params.cls[None], x]) + params.positions
  x = site.tap('embed', x)
  out = transformer.apply(
      params.encoder, jnp.zeros(len(x), jnp.int32), config.encoder, site=site,
      start=transformer.Start(0, x), positions=jnp.zeros(1, jnp.int32),
  )  # fmt: skip
  logits = jnp.zeros(0) if out.logits is None else out.logits[0]
  return Output(logits, out.final[0])


def resize(
    params: params_lib.Params, config: params_lib.Config, grid: tuple[int, int]
) -> tuple[params_lib.Params, params_lib.Config]:
  """Returns the network for images of another grid of patches.

  Positions are interpolated bilinearly over the grid (section 3.2 of the
  paper); the class token keeps its own.
  """
  resized = dataclasses.replace(config, grid=tuple(grid))
  old = params.positions[1:].reshape(*config.grid, -1)
  new = jax.image.resize(
      old, (*resized.grid, config.width), 'linear', antialias=False
  )
  positions = jnp.concatenate(
      [params.positions[:1], new.reshape(-1, config.width)]
  )
  return params._replace(positions=positions), resized
