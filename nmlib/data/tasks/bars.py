"""The bars problem: images that are made of bars, each a hidden cause.

Foldiak (1990): every row and column of a square retina is a bar, present by
itself with some probability. Where two cross, a pixel is on, not twice on: the
superposition is not linear.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.core import checks


class Image(NamedTuple):
  """An image and its causes."""

  pixels: jax.Array  # [L * L], 0. or 1., row by row
  present: jax.Array  # [2 L], bool


def templates(size: int) -> np.ndarray:
  """Returns the bars [2 L, L * L], 0. or 1.: L rows, then L columns.

  Args:
    size: L, at least 2.

  Raises:
    ValueError: if size is smaller.
  """
  checks.count('size', size, 2)
  rows = np.repeat(np.eye(size), size, 1)
  return np.concatenate([rows, np.tile(np.eye(size), size)]).astype(np.float32)


def draw(
    key: jax.Array,
    size: int,
    probability: jax.Array | float | None = None,
    noise: float = 0.0,
) -> Image:
  """Draws an image, which may be empty.

  Args:
    key: of the draw.
    size: L.
    probability: of each bar; None: 1 / (2 L), one bar in the mean. May be
      traced.
    noise: probability with which each pixel flips, whatever the bars are.

  Raises:
    ValueError: if size is below 2, or a probability not in [0, 1].
  """
  bars = jnp.asarray(templates(size))
  chance = 1 / (2 * size) if probability is None else probability
  if checks.is_concrete(chance) and not 0 <= chance <= 1:
    raise ValueError(f'probability must be in [0, 1], got {probability}.')
  if not 0 <= noise <= 1:
    raise ValueError(f'noise must be in [0, 1], got {noise}.')
  chance = jnp.asarray(chance, bars.dtype)
  present = jax.random.bernoulli(key, chance, (2 * size,))
  pixels = jnp.max(bars * present[:, None], 0)
  if noise:
    flips = jax.random.bernoulli(jax.random.fold_in(key, 1), noise, (size**2,))
    pixels = jnp.where(flips, 1 - pixels, pixels)
  return Image(pixels, present)


def single(present: jax.Array) -> jax.Array:
  """Returns the bar [...] of images that show one alone; -1 of all others.

  Args:
    present: bool [..., 2 L].
  """
  return jnp.where(present.sum(-1) == 1, present.argmax(-1), -1)
