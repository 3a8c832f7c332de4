"""Shapes with letters, what is said of regions in them, annotated units."""

import pathlib
from typing import Any

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.data import lettered_shapes
from nmlib.data import region_descriptions as regions
from nmlib.data import shapes
from nmlib.data import unit_annotations


def _true(*names):
  return np.array([fact in names for fact in regions.FACTS])


class LetteredShapesTest(parameterized.TestCase):

  @parameterized.parameters('telling', 'any', 'misleading')
  def test_letters(self, letters):
    shown = lettered_shapes.many(jax.random.key(0), 100, letters)
    shape, glyph = np.array(shown.factors.shape), np.array(shown.factors.glyph)
    share, right = (glyph > 0).mean(), (glyph == shape + 1)[glyph > 0].mean()
    self.assertBetween(
        share, *((1, 1) if letters == 'misleading' else (0.3, 0.7))
    )
    low, high = {'telling': (1, 1), 'any': (0.02, 0.5), 'misleading': (0, 0)}[
        letters
    ]
    self.assertBetween(right, low, high)
    seen = np.array(shown.picture.glyph_mask).any((1, 2))
    np.testing.assert_array_equal(seen, glyph > 0)

  def test_bad_input(self):
    with self.assertRaisesRegex(
        ValueError, r'share must be in \[0, 1\], got 2'
    ):
      lettered_shapes.draw(jax.random.key(0), share=2.0)
    letters: Any = 'none'
    with self.assertRaisesRegex(ValueError, "letters must be .* got 'none'"):
      lettered_shapes.draw(jax.random.key(0), letters)


class RegionDescriptionsTest(parameterized.TestCase):

  def _regions(self, objects, letters, **factors):
    count = len(objects)
    known = {name: jnp.zeros(count, int) for name in shapes.Factors._fields}
    known |= {name: jnp.asarray(value) for name, value in factors.items()}
    return regions.Regions(
        shapes.Factors(**known), jnp.asarray(objects), jnp.asarray(letters)
    )

  def test_what_most_exemplars_share_is_a_fact(self):
    # Colour is common to three of four; the fourth is not seen.
    seen = self._regions(
        [0.9, 0.5, 0.3, 0.1], [0.0] * 4, shape=[0, 1, 2, 2],
        colour=[1, 1, 1, 3], texture=[2, 2, 0, 0], place=[0, 1, 2, 3],
    )  # fmt: skip
    np.testing.assert_array_equal(regions.facts(seen), _true('green', 'dotted'))

  def test_letters_and_empty_ground(self):
    seen = self._regions(
        [0.0, 0.0, 0.0], [0.8, 0.9, 0.3], glyph=[2, 2, 0]
    )  # the last has no letter
    np.testing.assert_array_equal(regions.facts(seen), _true('T', 'letter'))
    none = self._regions([0.0, 0.0, 0.9], [0.0] * 3)
    np.testing.assert_array_equal(regions.facts(none), _true('ground'))

  def test_masks_on_what_was_drawn(self):
    factors = shapes.Factors(
        *jnp.array([[0, 1], [2, 3], [0, 0], [0, 0], [1, 4]])
    )
    shown = jax.vmap(shapes.render)(
        factors, jax.random.split(jax.random.key(0))
    )
    objects, letters = (
        shown.object_mask,
        shown.glyph_mask,
    )  # far from each other
    for masks, shares in ((objects, (1, 0)), (letters, (0, 1))):
      seen = regions.regions(factors, masks, objects, letters)
      got = np.stack([seen.object_share, seen.letter_share])
      np.testing.assert_array_equal(got.T, [shares, shares])
    with self.assertRaisesRegex(ValueError, r'masks must be .*height=32'):
      regions.regions(factors, objects[:, :8], objects, letters)

  def test_facts_and_sentences_of_units(self):
    shown = lettered_shapes.many(jax.random.key(1), 6)
    images = jnp.array([[0, 3], [5, 5]])
    masks = shown.picture.object_mask[images]
    got = np.array(regions.facts_of_units(shown, images, masks))
    factors = jax.tree.map(lambda leaf: leaf[images[1]], shown.factors)
    alone = regions.Regions(factors, jnp.ones(2), jnp.zeros(2))
    np.testing.assert_array_equal(got[1], regions.facts(alone))
    told = regions.told(got[None])
    self.assertEqual(told.shape, (1, 2, 3, regions.LENGTH))
    said = regions.text(told[0, 1, 2])
    self.assertEqual(said, regions.sentences(got[1])[2])
    words = [regions.VOCABULARY[i] for i in regions.FACT_WORDS]
    self.assertEqual(tuple(words), regions.FACTS)

  @parameterized.parameters(
      ([], 'object'),
      (['ring', 'red', 'dotted'], 'dotted red ring'),
      (['cross', 'letter', 'T', 'lower-right'],
       'cross lower-right and letter T'),
      (['letter'], 'letter'), (['ground'], 'ground'),
  )  # fmt: skip
  def test_sentences_name_what_is_true_and_nothing_else(self, names, first):
    told = regions.sentences(_true(*names))
    self.assertLen(told, 3)
    self.assertEqual(told[0], first)
    for sentence in told:
      words = sentence.split()
      self.assertEqual({w for w in words if w in regions.FACTS}, set(names))
      tokens = regions.tokens(sentence)
      self.assertEqual(regions.text(tokens), sentence)
      self.assertEqual(tokens[len(words)], regions.STOP)

  def test_the_longest_sentence_fits(self):
    longest = _true('ring', 'red', 'dotted', 'upper-left', 'letter', 'T')
    for sentence in regions.sentences(longest):
      regions.tokens(sentence)
    with self.assertRaisesRegex(ValueError, "'tree' in .* not in the vocab"):
      regions.tokens('red tree')
    with self.assertRaisesRegex(ValueError, 'less than length=2 words'):
      regions.tokens('red ring', 2)


class UnitAnnotationsTest(absltest.TestCase):

  def _folder(self, masks=(3, 2, 4, 4), rows=('a,0,x', 'a,1,y', 'a,2,z')):
    folder = pathlib.Path(self.create_tempdir().full_path)
    (folder / 'a').mkdir()
    np.save(folder / 'a/images.npy', np.zeros((3, 2, 4, 4, 3), np.uint8))
    np.save(folder / 'a/masks.npy', np.ones(masks, np.uint8))
    text = '\n'.join(['layer,unit,annotation', 'b,9,other', *rows])
    (folder / 'annotations.csv').write_text(text)
    return folder

  def test_sentences_by_unit(self):
    found = unit_annotations.read(
        self._folder(rows=('a,0,x', 'a,1,"y, w"', 'a,2,z', 'a,0,v')), 'a'
    )
    self.assertEqual(found.sentences, (('x', 'v'), ('y, w',), ('z',)))
    self.assertEqual(found.masks.dtype, bool)

  def test_all_layers_and_their_words(self):
    rows = 'a,0,Red. cat', 'a,1,cat', 'a,2,a b c d', 'a,0,dog'
    folder = self._folder(rows=rows)
    file = folder / 'annotations.csv'
    file.write_text(file.read_text().replace('b,9,other\n', ''))
    told = unit_annotations.read_all(folder, 3)
    names = ['a', 'b', 'c', 'cat', 'd', 'dog', 'red']
    self.assertEqual(
        told.vocabulary, {name: i for i, name in enumerate(names, 2)}
    )
    first = [[8, 5, 1], [7, 1, 1], [8, 5, 1]]  # the first again
    np.testing.assert_array_equal(told.tokens[0], first)
    np.testing.assert_array_equal(told.tokens[2], 3 * [[2, 3, 4]])
    shapes_of = [(len(i), m.shape) for i, m in told.regions]
    self.assertEqual(shapes_of, 3 * [(2, (2, 4, 4))])
    file.write_text('layer,unit,annotation\n')
    with self.assertRaisesRegex(ValueError, 'describes no unit'):
      unit_annotations.read_all(folder, 3)

  def test_bad_files(self):
    read = unit_annotations.read
    with self.assertRaisesRegex(ValueError, "3 units of layer 'a'; .* 1: 1"):
      read(self._folder(rows=('a,0,x', 'a,2,z')), 'a')
    with self.assertRaisesRegex(
        ValueError, r'masks.npy must be \[3, 2, 4, 4\]'
    ):
      read(self._folder(masks=(3, 2, 8, 8)), 'a')
    with self.assertRaisesRegex(ValueError, "line 3: unit must .* got 'q'"):
      read(self._folder(rows=('a,q,x',)), 'a')
    with self.assertRaisesRegex(ValueError, 'images.npy does not exist'):
      read(self._folder(), 'b')
    folder = self._folder()
    (folder / 'a/masks.npy').write_bytes(b'\x93NUMPY\x01')
    with self.assertRaisesRegex(ValueError, 'masks.npy is not a whole'):
      read(folder, 'a')
    with self.assertRaisesRegex(ValueError, "unit 3 of layer 'a', whose"):
      read(self._folder(rows=('a,0,x', 'a,1,x', 'a,2,x', 'a,3,x')), 'a')
    with self.assertRaisesRegex(ValueError, '3 units .* lacks 1: 1'):
      read(self._folder(rows=('a,0,x', 'a,1,  ', 'a,2,x')), 'a')
    with self.assertRaisesRegex(ValueError, 'line 3: a column is missing'):
      read(self._folder(rows=('a,0',)), 'a')
    folder = self._folder()
    np.save(folder / 'a/masks.npy', np.full((3, 2, 4, 4), 0.3))
    with self.assertRaisesRegex(ValueError, 'masks.npy must be bool, or 0'):
      read(folder, 'a')
    with (folder / 'a/masks.npy').open('wb') as opened:
      np.savez(opened, a=np.ones(3), b=np.ones(2))
    with self.assertRaisesRegex(ValueError, 'holds several arrays'):
      read(folder, 'a')
    folder = self._folder()
    (folder / 'annotations.csv').write_bytes('layer,é'.encode('latin-1'))
    with self.assertRaisesRegex(ValueError, 'annotations.csv must be UTF-8'):
      read(folder, 'a')


if __name__ == '__main__':
  absltest.main()
