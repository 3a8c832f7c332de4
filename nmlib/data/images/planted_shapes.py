"""Images of classes that have several facets: large shapes about the middle.

What can be asked of them: whether the facets of a class are found, since they
are known (Nguyen, Yosinski & Clune, arXiv 1602.03616, on photographs).
"""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.data.images import shapes


class Shown(NamedTuple):
  image: jax.Array  # uint8 [S, S, 3]
  label: jax.Array  # int [], the class
  facet: jax.Array  # int [], which of the class


def draw(
    key: jax.Array, num_classes: int, num_facets: int, size: int = 32
) -> Shown:
  """Draws an image, plain and about the middle; see `shapes.sample_planted`.

  Args:
    key: random key.
    num_classes: C.
    num_facets: of each class.
    size: S, pixels a side.

  Raises:
    ValueError: if there are not so many pairs of shape and colour.
  """
  first, second = jax.random.split(key)
  planted = shapes.sample_planted(first, num_classes, num_facets)
  # The upper left quadrant of a larger image.
  zero = jnp.int32(0)
  factors = planted.factors._replace(place=zero, texture=zero)
  image = shapes.render(factors, second, size * 7 // 4).image
  pixels = jnp.round(255 * image[:size, :size]).astype(jnp.uint8)
  return Shown(pixels, planted.label, planted.facet)


def many(
    key: jax.Array,
    count: int,
    num_classes: int,
    num_facets: int,
    size: int = 32,
) -> Shown:
  """Draws `count` images, [N, ...]; arguments as of `draw`."""
  return _many(jax.random.split(key, count), num_classes, num_facets, size)


@functools.partial(jax.jit, static_argnums=(1, 2, 3))
def _many(keys, num_classes, num_facets, size):
  one = lambda key: draw(key, num_classes, num_facets, size)
  return jax.lax.map(one, keys, batch_size=50)


def of_each_class(
    key: jax.Array, count: int, num_classes: int, num_facets: int
) -> list[Shown]:
  """Returns images [N, ...] of each class, the first `count` of those drawn.

  Twice as many are drawn as are asked for; a class may come out short.
  """
  drawn = many(key, 2 * count * num_classes, num_classes, num_facets)
  drawn = jax.tree.map(np.asarray, drawn)  # to be picked from without compiling
  return [
      jax.tree.map(lambda leaf, own=drawn.label == c: leaf[own][:count], drawn)
      for c in range(num_classes)
  ]
