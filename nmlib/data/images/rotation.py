"""Rotation of images about their centre."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy.typing as npt


def rotate_bilinear(images: jax.Array, degrees: float | jax.Array) -> jax.Array:
  """Rotates images counter-clockwise, with bilinear interpolation.

  The centre is ((H - 1) / 2, (W - 1) / 2), the size is kept, and pixels from
  outside are zero. Row 0 is the top: a positive angle turns what points right
  to point up, as `scipy.ndimage.rotate(order=1, reshape=False)` does. At
  multiples of 90 degrees, square images are permuted exactly.

  Args:
    images: [..., H, W], float.
    degrees: angle.

  Returns:
    The rotated images, same shape and dtype.
  """
  height, width = images.shape[-2:]
  quarter = jnp.asarray(degrees, jnp.float32) / 90
  # Exact at quarter turns, where cos(pi / 2) in floats is not zero.
  whole = quarter == jnp.round(quarter)
  cos, sin = (
      jnp.where(
          whole, jnp.round(f(quarter * jnp.pi / 2)), f(quarter * jnp.pi / 2)
      )
      for f in (jnp.cos, jnp.sin)
  )
  y, x = jnp.meshgrid(
      jnp.arange(height) - (height - 1) / 2,
      jnp.arange(width) - (width - 1) / 2,
      indexing='ij',
  )
  rows = cos * y + sin * x + (height - 1) / 2
  columns = -sin * y + cos * x + (width - 1) / 2
  top, left = jnp.floor(rows), jnp.floor(columns)
  down, right = rows - top, columns - left

  def corner(row, column, weight):
    inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
    row = jnp.clip(row, 0, height - 1).astype(jnp.int32)
    column = jnp.clip(column, 0, width - 1).astype(jnp.int32)
    weight = jnp.where(inside, weight, 0).astype(images.dtype)
    return jnp.einsum('...yx,yx->...yx', images[..., row, column], weight)

  return (
      corner(top, left, (1 - down) * (1 - right))
      + corner(top, left + 1, (1 - down) * right)
      + corner(top + 1, left, down * (1 - right))
      + corner(top + 1, left + 1, down * right)
  )


def at_angles(images: npt.ArrayLike, degrees: Sequence[float]) -> jax.Array:
  """Returns images [..., H, W] rotated by each of M angles, [M, ..., H, W]."""
  images = jnp.asarray(images)
  return jnp.stack([rotate_bilinear(images, angle) for angle in degrees])
