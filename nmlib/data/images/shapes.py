"""Generated images of one shape each, whose every factor is known.

A shape of one colour and texture lies in a quadrant of a grey, noisy ground; a
white letter may stand in the corner. What a unit of an image network answers to
can be told from the factors: for descriptions of units, for classes that are
planted with several facets, for paths through a network.

Everything is a pure function of factors and a key, one image at a time.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.core import checks

SHAPES = ('circle', 'square', 'triangle', 'cross', 'ring')
COLOURS = ('red', 'green', 'blue', 'yellow', 'purple')
TEXTURES = ('plain', 'striped', 'dotted')
PLACES = ('upper left', 'upper right', 'lower left', 'lower right')
GLYPHS = ('none', 'L', 'T', 'X', 'H', 'O')
# The names of each factor's values.
NAMES = {
    'shape': SHAPES, 'colour': COLOURS, 'texture': TEXTURES, 'place': PLACES,
    'glyph': GLYPHS,
}  # fmt: skip

_RGB = np.array([
    [0.9, 0.15, 0.1], [0.1, 0.75, 0.2], [0.15, 0.3, 0.95], [0.95, 0.85, 0.1],
    [0.65, 0.2, 0.85],
])  # fmt: skip
_LETTERS = np.array(
    [
        [list(map(int, row)) for row in rows.split()]
        for rows in (
            '00000 00000 00000 00000 00000',
            '10000 10000 10000 10000 11111',
            '11111 00100 00100 00100 00100',
            '10001 01010 00100 01010 10001',
            '10001 10001 11111 10001 10001',
            '11111 10001 10001 10001 11111',
        )
    ]
)  # [6, 5, 5]


class Factors(NamedTuple):
  """What an image shows, each an index int [] into the names above."""

  shape: jax.Array
  colour: jax.Array
  texture: jax.Array
  place: jax.Array
  glyph: jax.Array  # 0: none


class Picture(NamedTuple):
  image: jax.Array  # [S, S, 3], in [0, 1]
  object_mask: jax.Array  # bool [S, S], where the shape is
  glyph_mask: jax.Array  # bool [S, S], where the letter is


class Planted(NamedTuple):
  """An image of a class that has several facets."""

  factors: Factors
  label: jax.Array  # int []
  facet: jax.Array  # int [], which of the class's facets


def sample(key: jax.Array, *, glyph: bool = False) -> Factors:
  """Draws factors, each value as likely as another; a letter if asked."""
  keys = jax.random.split(key, 5)
  draw = lambda key, names, low=0: jax.random.randint(
      key, (), low, len(names), jnp.int32
  )
  return Factors(
      draw(keys[0], SHAPES), draw(keys[1], COLOURS), draw(keys[2], TEXTURES),
      draw(keys[3], PLACES),
      draw(keys[4], GLYPHS, 1) if glyph else jnp.int32(0),
  )  # fmt: skip


def sample_planted(
    key: jax.Array, num_classes: int = 4, num_facets: int = 3
) -> Planted:
  """Draws an image of one of some classes, each a union of facets.

  Facet f of class c is pair c F + f of shape and colour: two facets of a class
  share neither (up to five), and no pair belongs to two classes. Texture and
  place are free.

  Args:
    key: random key.
    num_classes: C.
    num_facets: F of each class, at most 5; C F is at most 25.

  Raises:
    ValueError: if there are not so many pairs.
  """
  checks.count('num_classes', num_classes)
  checks.count('num_facets', num_facets)
  if num_facets > 5 or num_classes * num_facets > 25:
    raise ValueError(
        'num_facets must be at most 5 and num_classes * num_facets at most 25,'
        f' got {num_facets} and {num_classes * num_facets}.'
    )
  keys = jax.random.split(key, 3)
  label = jax.random.randint(keys[0], (), 0, num_classes, jnp.int32)
  facet = jax.random.randint(keys[1], (), 0, num_facets, jnp.int32)
  pair = label * num_facets + facet
  shape = pair % 5
  factors = sample(keys[2])._replace(
      shape=shape, colour=(shape + pair // 5) % 5
  )
  return Planted(factors, label, facet)


def render(factors: Factors, key: jax.Array, size: int = 32) -> Picture:
  """Draws the image of some factors.

  Args:
    factors: of one image.
    key: of the place within the quadrant, the size, the light and the noise.
    size: S, pixels a side, at least 16.

  Raises:
    ValueError: if the size is too small or a factor is no index.
  """
  checks.count('size', size, 16)
  names = SHAPES, COLOURS, TEXTURES, PLACES, GLYPHS
  for field, value, known in zip(Factors._fields, factors, names, strict=True):
    checks.indices(f'factors.{field}', jnp.asarray(value), len(known))
  keys = jax.random.split(key, 4)
  unit = size / 32
  quadrant = jnp.stack([factors.place // 2, factors.place % 2])
  centre = size * (0.29 + 0.42 * quadrant)
  centre += unit * jax.random.uniform(keys[0], (2,), minval=-2, maxval=2)
  radius = unit * jax.random.uniform(keys[1], minval=5.5, maxval=7.5)
  place = jnp.mgrid[:size, :size] - centre[:, None, None]
  row, column = place
  inside = jnp.clip(0.5 - _distance(factors.shape, row, column, radius), 0, 1)
  light = jax.random.uniform(keys[2], minval=0.8, maxval=1.0)
  paint = light * _texture(factors.texture, row / unit, column / unit)
  colour = jnp.asarray(_RGB)[factors.colour][None, None] * paint[..., None]
  ground = 0.5 + 0.05 * jax.random.normal(keys[3], (size, size, 3))
  image = ground + inside[..., None] * (colour - ground)
  letter = _letter(factors.glyph, size)
  image = jnp.where(letter[..., None], 1.0, image)
  return Picture(jnp.clip(image, 0, 1), (inside > 0.5) & ~letter, letter)


def describe(factors: Factors) -> str:
  """Returns words for factors, such as 'striped red ring, upper left, T'."""
  words = (
      f'{TEXTURES[int(factors.texture)]} {COLOURS[int(factors.colour)]}'
      f' {SHAPES[int(factors.shape)]}, {PLACES[int(factors.place)]}'
  )
  glyph = GLYPHS[int(factors.glyph)]
  return words if glyph == 'none' else f'{words}, {glyph}'


def _distance(shape, row, column, radius):
  """Signed distance to the outline in pixels, negative inside."""
  away = jnp.sqrt(jnp.square(row) + jnp.square(column))
  wide, high = jnp.abs(column), jnp.abs(row)
  bar = lambda a, b: jnp.maximum(a - radius, b - 0.35 * radius)
  slant = 0.75**0.5 * wide - 0.5 * row
  found = jnp.stack(
      [
          away - radius,
          jnp.maximum(wide, high) - 0.85 * radius,
          jnp.maximum(row, slant) - 0.55 * radius,
          jnp.minimum(bar(wide, high), bar(high, wide)),
          jnp.abs(away - 0.75 * radius) - 0.25 * radius,
      ]
  )
  return found[shape]


def _texture(texture, row, column):
  """How bright the paint is, [S, S]; a period of four pixels."""
  stripes = jnp.where(jnp.mod(row + column, 4) < 2, 1.0, 0.3)
  dots = (jnp.mod(row, 4) < 2) & (jnp.mod(column, 4) < 2)
  return jnp.stack([jnp.ones_like(row), stripes, jnp.where(dots, 0.3, 1.0)])[
      texture
  ]


def _letter(glyph, size):
  """Where the letter in the lower right corner is, bool [S, S]."""
  zoom = size // 32 or 1
  letter = jnp.repeat(
      jnp.repeat(jnp.asarray(_LETTERS)[glyph], zoom, 0), zoom, 1
  )
  start = size - zoom * 6
  return jnp.pad(letter.astype(bool), ((start, size - start - 5 * zoom),) * 2)
