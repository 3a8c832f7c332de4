"""What is true of regions of generated images, and sentences that say it.

For units of a network that saw `nmlib.data.images.shapes`: their exemplars'
factors are known, so that a description can be held against what lies inside
the masks, as no description by a person could be.
"""

from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.data.images import lettered_shapes
from nmlib.data.images import shapes
from nmlib.neurons.core import checks

LETTERS = shapes.GLYPHS[1:]
PLACES = tuple(place.replace(' ', '-') for place in shapes.PLACES)
# What a description may name; each is one word.
FACTS = (
    *shapes.SHAPES, *shapes.COLOURS, *shapes.TEXTURES, *PLACES, *LETTERS,
    'letter', 'ground',
)  # fmt: skip
_VALUES = shapes.SHAPES, shapes.COLOURS, shapes.TEXTURES, PLACES
_WORDS = 'object', 'and', 'that', 'is', 'with', 'image', 'of', 'beside', 'empty'
START, STOP = 0, 1
VOCABULARY = ('<start>', '<stop>', *FACTS, *_WORDS)
FACT_WORDS = np.array([VOCABULARY.index(name) for name in FACTS])
LENGTH = 10  # words of the longest sentence, its stop included


class Regions(NamedTuple):
  """What lies inside the masks of k exemplars of a unit."""

  factors: shapes.Factors  # of each image, [k]
  object_share: jax.Array  # of the mask's pixels, [k]
  letter_share: jax.Array  # likewise


def regions(
    factors: shapes.Factors,
    masks: jax.Array,
    objects: jax.Array,
    letters: jax.Array,
) -> Regions:
  """Measures what masks cover; shapes and letters count with their rims.

  Args:
    factors: of k images, [k] each.
    masks: of one unit, bool [k, S, S].
    objects: where the shape is, bool [k, S, S].
    letters: where the letter is, bool [k, S, S].

  Raises:
    ValueError: if a mask has another size than the images.
  """
  count, height, width = objects.shape
  for name, array in (('masks', masks), ('letters', letters)):
    checks.shape(name, array, k=count, height=height, width=width)
  size = jnp.maximum(jnp.sum(masks, (1, 2)), 1)
  share = lambda what: jnp.sum(masks & _grown(what), (1, 2)) / size
  return Regions(factors, share(objects), share(letters))


def facts(
    seen: Regions, *, covered: float = 0.25, agreed: float = 0.5
) -> jax.Array:
  """Returns which of `FACTS` hold for a unit, bool [F].

  Args:
    seen: of its k exemplars.
    covered: share of a mask from which its image's shape, or letter, is seen.
    agreed: share of all exemplars in which a value must be seen to be named.
  """
  objects, letters = (
      share >= covered for share in (seen.object_share, seen.letter_share)
  )
  count = len(objects)
  letters = letters & (seen.factors.glyph > 0)

  def common(values, size, seen):
    shown = jax.nn.one_hot(values, size) * seen[:, None]
    shares = jnp.sum(shown, 0) / count
    best = jnp.arange(size) == jnp.argmax(shares)
    return best & (shares >= agreed)

  parts = [
      common(values, len(names), objects)
      for values, names in zip(seen.factors[:4], _VALUES, strict=True)
  ]
  parts.append(common(seen.factors.glyph - 1, len(LETTERS), letters))
  letter = jnp.mean(letters) >= agreed
  neither = ~letter & (jnp.mean(objects) < agreed)
  return jnp.concatenate([*parts, letter[None], neither[None]])


def facts_of_units(
    shown: lettered_shapes.Shown, images: jax.Array, masks: jax.Array
) -> jax.Array:
  """Returns `facts` of the `regions` of each unit, bool [U, F].

  Args:
    shown: N images.
    images: which are each unit's exemplars, int [U, k].
    masks: of the units in them, bool [U, k, S, S].
  """

  def one(unit):
    rows, masks = unit
    picture, factors = jax.tree.map(lambda leaf: leaf[rows], tuple(shown))
    inside = regions(factors, masks, picture.object_mask, picture.glyph_mask)
    return facts(inside)

  return jax.lax.map(one, (images, masks))


def sentences(true: Sequence[bool] | np.ndarray) -> list[str]:
  """Returns three sentences that name what is true, and nothing else.

  Args:
    true: which of `FACTS`.

  Raises:
    ValueError: if there are not so many.
  """
  checks.shape('true', np.asarray(true), FACTS=len(FACTS))
  said = {name for name, holds in zip(FACTS, true, strict=True) if holds}
  first = lambda names: next((name for name in names if name in said), '')
  shape, colour, texture, place = map(first, _VALUES)
  letter = _joined('letter', first(LETTERS)) if 'letter' in said else ''
  if 'ground' in said:
    return ['ground', 'empty ground', 'image of ground']
  looks = _joined(texture, colour)
  if letter and not (shape or looks or place):
    return [letter, f'image of {letter}', f'{letter} beside object']
  noun = shape or 'object'
  after = [f'{word} {letter}' if letter else '' for word in _BETWEEN]
  return [
      _joined(looks, noun, place, after[0]),
      _joined(noun, looks and f'that is {looks}', place, after[1]),
      _joined('image of', looks, noun, place, after[2]),
  ]


def tokens(sentence: str, length: int = LENGTH) -> np.ndarray:
  """Returns the words of a sentence as int32 [length], stops at its end.

  Raises:
    ValueError: naming a word that is unknown, or if they are too many.
  """
  words = sentence.split()
  for word in words:
    if word not in VOCABULARY[2:]:
      raise ValueError(f'{word!r} in {sentence!r} is not in the vocabulary.')
  if len(words) >= length:
    raise ValueError(f'{sentence!r} must have less than length={length} words.')
  found = np.full(length, STOP, np.int32)
  found[: len(words)] = [VOCABULARY.index(word) for word in words]
  return found


def told(true: np.ndarray) -> np.ndarray:
  """Returns the words of the three sentences of each unit, int32 [..., 3, T].

  Args:
    true: which of `FACTS`, bool [..., F].
  """
  rows = np.asarray(true).reshape(-1, len(FACTS))
  words = [[tokens(sentence) for sentence in sentences(row)] for row in rows]
  return np.array(words).reshape(*np.shape(true)[:-1], 3, LENGTH)


def text(said: Sequence[int] | np.ndarray) -> str:
  """Returns words as text, up to the first stop."""
  words = list(map(int, said))
  end = words.index(STOP) if STOP in words else len(words)
  return ' '.join(VOCABULARY[word] for word in words[:end])


_BETWEEN = 'and', 'with', 'beside'


def _joined(*parts: str) -> str:
  return ' '.join(filter(None, parts))


def _grown(masks):
  """Adds the neighbours of what is marked, [k, S, S]."""
  wide = jnp.pad(masks, ((0, 0), (1, 1), (1, 1)))
  size = masks.shape[1:]
  moved = [
      wide[:, i : i + size[0], j : j + size[1]]
      for i in range(3)
      for j in range(3)
  ]
  return jnp.any(jnp.stack(moved), 0)
