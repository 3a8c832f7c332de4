"""The same digits in several modes: turned by several angles."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.data.images import digits
from nmlib.data.images import rotation


class Modes(NamedTuple):
  """N images in each of M modes, which share the labels."""

  images: jax.Array  # [M, N, H, W], or [M, N, H W]
  labels: jax.Array  # [N]


class Split(NamedTuple):
  """Images to learn from, to choose by, and to be judged by."""

  train: Modes
  validation: Modes
  test: Modes


class Batch(NamedTuple):
  images: jax.Array  # [B, ...]
  labels: jax.Array  # [B]
  modes: jax.Array  # [B]


def make(
    parts: digits.Split, angles: tuple[float, ...], flat: bool = False
) -> Split:
  """Turns every image by every angle.

  Args:
    parts: images [N, H, W].
    angles: of each mode, degrees, counter-clockwise.
    flat: return rows of H W pixels.
  """
  turned = []
  for part in parts:
    images = jnp.asarray(part.images)
    modes = jnp.stack([rotation.rotate_bilinear(images, a) for a in angles])
    if flat:
      modes = modes.reshape(*modes.shape[:2], -1)
    turned.append(Modes(modes, jnp.asarray(part.labels)))
  return Split(*turned)


def sample(key: jax.Array, part: Modes, modes: jax.Array) -> Batch:
  """Draws an image, with replacement, for each of the modes int [B]."""
  rows = jax.random.randint(key, modes.shape, 0, len(part.labels))
  return Batch(part.images[modes, rows], part.labels[rows], modes)
