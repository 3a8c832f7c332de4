"""Shapes beside a letter that gives the shape away, or misleads.

What networks can be caught at reading: text that goes with the class in a part
of the training images, and with another class in a test (as in the edits of
Hernandez et al., arXiv 2201.11114, on photographs).
"""

import functools
from typing import Literal
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.data.images import shapes
from nmlib.neurons.core import checks

Letters = Literal['telling', 'any', 'misleading']


class Shown(NamedTuple):
  picture: shapes.Picture
  factors: shapes.Factors


def draw(
    key: jax.Array, letters: Letters = 'telling', share: float = 0.5
) -> Shown:
  """Draws an image.

  Args:
    key: random key.
    letters: 'telling': letter i for shape i; 'any': by chance; 'misleading':
      that of another shape, in every image.
    share: of images that have a letter; of no effect on misleading ones.

  Raises:
    ValueError: if the share is out of range, or letters are unknown.
  """
  checks.within('share', share, 0, 1)
  keys = jax.random.split(key, 4)
  factors = shapes.sample(keys[0], glyph=True)
  count, letter = len(shapes.SHAPES), factors.glyph
  shown = jax.random.bernoulli(keys[1], share)
  if letters == 'telling':
    letter = factors.shape + 1
  elif letters == 'misleading':
    shift = jax.random.randint(keys[2], (), 1, count, jnp.int32)
    letter, shown = 1 + (factors.shape + shift) % count, True
  elif letters != 'any':
    raise ValueError(
        f"letters must be 'telling', 'any' or 'misleading', got {letters!r}."
    )
  factors = factors._replace(glyph=jnp.where(shown, letter, 0))
  return Shown(shapes.render(factors, keys[3]), factors)


def many(
    key: jax.Array, count: int, letters: Letters = 'telling', share: float = 0.5
) -> Shown:
  """Draws `count` images, [N, ...]; arguments as of `draw`."""
  return _many(jax.random.split(key, count), letters, share)


@functools.partial(jax.jit, static_argnums=(1, 2))
def _many(keys, letters, share):
  one = lambda key: draw(key, letters, share)
  return jax.lax.map(one, keys, batch_size=50)
