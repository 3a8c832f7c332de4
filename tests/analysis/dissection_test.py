"""Exemplars, masks and what is seen inside them; descriptions compared."""

import pathlib

from absl.testing import absltest
from absl.testing import parameterized
import hypothesis
from hypothesis import strategies as st
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.analysis import deletion
from nmlib.analysis import descriptions
from nmlib.analysis import dissection
from nmlib.analysis import exemplars
from nmlib.analysis import unit_statistics
from nmlib.neurons import sites

_FIXTURE = pathlib.Path(__file__).parents[1] / 'fixtures/milan_decoder_step.npz'
_MAPS = np.random.default_rng(0).normal(size=(12, 3, 4, 2)).astype(np.float32)
_LOW, _HIGH = _MAPS.min((0, 1, 2)), _MAPS.max((0, 1, 2)) + 1e-3


def _dissect(*cuts):
  made = dissection.empty(2, top_k=5, num_bins=1000)
  for part in np.split(np.arange(len(_MAPS)), cuts):
    made = dissection.update(
        made, jnp.asarray(_MAPS[part]), jnp.asarray(part), low=_LOW, high=_HIGH
    )
  return made


class DissectionTest(parameterized.TestCase):

  def test_exemplars_are_sorted_by_the_maximum(self):
    scored = dissection.scores(jnp.asarray(_MAPS))
    values, images = dissection.top_exemplars(scored, 5)
    most = _MAPS.max((1, 2)).T
    order = np.argsort(-most, 1)[:, :5]
    np.testing.assert_array_equal(images, order)
    np.testing.assert_array_equal(values, np.take_along_axis(most, order, 1))
    mean = np.argsort(-_MAPS.mean((1, 2)).T, 1)[:, :5]
    self.assertFalse(np.array_equal(images, mean))

  @hypothesis.settings(max_examples=8)
  @hypothesis.given(st.lists(st.integers(1, 11), max_size=3, unique=True))
  def test_any_split_gives_the_same(self, cuts):
    whole, parts = _dissect(), _dissect(*sorted(cuts))
    np.testing.assert_array_equal(whole.images.where, parts.images.where)
    np.testing.assert_array_equal(whole.images.top, parts.images.top)
    np.testing.assert_array_equal(
        whole.places.histogram, parts.places.histogram
    )

  @parameterized.parameters(0.5, 0.9, 0.99)
  def test_streamed_quantile_is_exact_to_a_bin(self, q):
    exact = dissection.levels(jnp.asarray(_MAPS), q)
    np.testing.assert_allclose(
        exact, np.quantile(_MAPS, q, (0, 1, 2)), rtol=1e-5
    )
    streamed = unit_statistics.quantile(
        _dissect(5).places, q, low=_LOW, high=_HIGH
    )
    below = (_MAPS <= np.asarray(streamed)).mean((0, 1, 2))
    np.testing.assert_allclose(below, q, atol=2 / 144)
    both = dissection.merge(_dissect(), _dissect())
    self.assertEqual(int(both.places.count), 2 * 144)

  def test_masks_are_strict_and_of_half_pixel_centres(self):
    maps = jnp.array([[[0.0, 1.0], [2.0, 3.0]]])
    masks = dissection.exemplar_masks(maps, 1.5, (4, 4))
    # Centres at 0, 1/4, 3/4 and 1 of the way from pixel to pixel.
    way = np.array([0, 0.25, 0.75, 1])
    wide = 2 * way[:, None] + way[None]
    np.testing.assert_array_equal(masks[0], wide > 1.5)
    self.assertFalse(dissection.exemplar_masks(maps, 3.0, (4, 4)).any())
    flat = jnp.ones((2, 3, 3))
    self.assertFalse(dissection.exemplar_masks(flat, 1.0, (6, 6)).any())
    self.assertTrue(dissection.exemplar_masks(flat, 0.9, (6, 6)).all())

  def test_tokens_become_rows_of_patches(self):
    tokens = jnp.arange(7.0)[:, None]
    got = dissection.spatialize_tokens(tokens, (2, 3))
    np.testing.assert_array_equal(got[..., 0], [[1, 2, 3], [4, 5, 6]])
    square = dissection.spatialize_tokens(tokens[:5])
    self.assertEqual(square.shape, (2, 2, 1))
    with self.assertRaisesRegex(ValueError, 'grid 2 x 2 must hold the 6'):
      dissection.spatialize_tokens(tokens)

  def test_recorded_pyramid(self):
    with jax.enable_x64(True), np.load(_FIXTURE) as stored:
      levels = [
          jnp.moveaxis(jnp.asarray(stored[f'pyr.map{i}']), 1, 3) for i in (0, 1)
      ]
      got = jax.vmap(dissection.masked_pyramid_pool)(
          levels, jnp.asarray(stored['pyr.masks'][:, 0])
      )
      np.testing.assert_allclose(got, stored['pyr.out'], atol=1e-9)

  def test_full_and_empty_masks(self):
    levels = jnp.asarray(_MAPS[0]), jnp.asarray(_MAPS[1, :2])
    pool = dissection.masked_pyramid_pool
    every = pool(levels, jnp.ones((6, 8), bool))
    means = [level.mean((0, 1)) for level in levels]
    np.testing.assert_allclose(every, np.concatenate(means), atol=1e-6)
    none = jnp.zeros((6, 8))
    np.testing.assert_array_equal(pool(levels, none), 0)
    of_mask = jax.grad(lambda m: pool(levels, m).sum())(none)
    of_maps = jax.grad(lambda x: pool((x,), none).sum())(levels[0])
    self.assertTrue(np.isfinite(of_mask).all() and np.isfinite(of_maps).all())

  def test_ablated_units_are_zero(self):
    edit = dissection.ablate_units(jnp.array([1]), 2)
    got = sites.apply(edit, jnp.asarray(_MAPS))
    np.testing.assert_array_equal(got[..., 1], 0)
    np.testing.assert_array_equal(got[..., 0], _MAPS[..., 0])
    with self.assertRaisesRegex(ValueError, r'units must be in \[0, 2\)'):
      dissection.ablate_units(jnp.array([2]), 2)
    self.assertFalse(dissection.ablate_units(jnp.array([]), 2).mask.any())

  def test_bad_input(self):
    with self.assertRaisesRegex(ValueError, r'k must be in \[1, 2\] images'):
      dissection.top_exemplars(jnp.zeros((2, 3)), 3)
    with self.assertRaisesRegex(ValueError, r'mask must be \[H, W\], got'):
      dissection.masked_pyramid_pool((jnp.zeros((2, 2, 1)),), jnp.zeros(4))
    maps, pool = jnp.zeros((2, 3, 3)), dissection.masked_pyramid_pool
    for run, message in (
        (lambda: pool((), maps[0]), 'number of maps must be at least 1'),
        (lambda: pool((maps,), maps[0] - 1), r'mask must be in \[0, inf\]'),
        (lambda: dissection.top_exemplars(maps[0], 0), 'k must be at least 1'),
        (lambda: dissection.levels(maps[None, :0]), 'activations must be at'),
        (
            lambda: dissection.levels(maps[None] + jnp.nan),
            'maps must be finite',
        ),
        (
            lambda: dissection.exemplar_masks(maps, jnp.ones(2), (4, 4)),
            r'level must be \[\]',
        ),
        (
            lambda: dissection.exemplar_masks(maps, 0.5, (0, 4)),
            'H must be at least 1',
        ),
        (
            lambda: dissection.spatialize_tokens(maps[0, [0] * 7], (-2, -3)),
            'grid -2 x -3 must hold the 6 patches',
        ),
    ):
      with self.assertRaisesRegex(ValueError, message):
        run()
    with self.assertRaisesRegex(ValueError, 'high must be above low'):
      dissection.update(
          dissection.empty(2), jnp.asarray(_MAPS), jnp.arange(12),
          low=_HIGH, high=_LOW,
      )  # fmt: skip


class ExemplarsTest(absltest.TestCase):

  def test_two_passes_give_what_all_maps_at_once_do(self):
    images = jnp.asarray(_MAPS)
    look = lambda x: {'a': x - 0.5, 'b': 2 * x[:2, :, :1]}
    find = lambda size: exemplars.find(
        look, images, k=4, q=0.8, batch_size=size
    )
    found = jax.jit(lambda: find(5))()  # 12 images: two batches, and two more
    for name, maps in jax.vmap(look)(images).items():
      got = found[name]
      scores, best = dissection.top_exemplars(dissection.scores(maps), 4)
      np.testing.assert_array_equal(got.images, best)
      np.testing.assert_array_equal(got.scores, scores)
      values = np.asarray(maps).reshape(-1, maps.shape[-1])
      below = (values <= np.asarray(got.levels)).mean(0)
      np.testing.assert_allclose(below, 0.8, atol=0.02)
      for unit, level in enumerate(got.levels):
        masks = dissection.exemplar_masks(
            maps[best[unit]][..., unit], level, (3, 4)
        )
        np.testing.assert_array_equal(got.masks[unit], masks)
    joined = exemplars.joined(found)
    self.assertEqual(joined.masks.shape, (3, 4, 3, 4))
    with self.assertRaisesRegex(ValueError, r'k must be in \[1, 12\] images'):
      exemplars.find(look, images, k=13)

  def test_pixels_that_are_no_numbers_are_refused(self):
    images = jnp.asarray(_MAPS).at[1, 0, 0, 0].set(jnp.nan)
    with self.assertRaisesRegex(ValueError, 'images must be finite, got nan'):
      exemplars.find(lambda x: {'a': x}, images, k=1)
    with self.assertRaisesRegex(ValueError, 'batch_size must be at least 1'):
      exemplars.find(lambda x: {'a': x}, 0 * images[:1], k=1, batch_size=0)

  def test_layers_without_maps_are_refused(self):
    pooled = lambda x: {'final': jnp.mean(x, (0, 1))}
    with self.assertRaisesRegex(ValueError, r"layer 'final' must be \[h, w, C"):
      exemplars.find(pooled, jnp.asarray(_MAPS), k=1)

  def test_features_are_what_an_encoder_has_inside_the_masks(self):
    images = jnp.asarray(_MAPS)
    found = exemplars.joined(
        exemplars.find(lambda x: {'a': x}, images, k=2, q=0.8)
    )
    encode = lambda x: {'b': 2 * x, 'c': x[:, :, :1]}
    got = exemplars.features(encode, images, found)
    self.assertEqual(got.shape, (2, 2, 3))
    image, mask = _MAPS[found.images[1, 0]], np.asarray(found.masks[1, 0])
    inside = image[mask].mean(0)
    want = [2 * inside[0], 2 * inside[1], inside[0]]
    np.testing.assert_allclose(got[1, 0], want, rtol=1e-5)

  def test_units_of_the_highest_peaks_over_their_levels(self):
    scores = jnp.array([[5.0, 1], [3, 2], [9, 1]])
    levels = jnp.array([4.0, 0, 7])
    every = exemplars.Exemplars(scores, scores, levels, scores)
    units, found = exemplars.most_selective(every, 2)
    np.testing.assert_array_equal(units, [1, 2])
    np.testing.assert_array_equal(found.levels, [0, 7])


class DeletionTest(absltest.TestCase):

  def test_accuracy_without_units(self):
    network = lambda x, site: site.tap('units', x)
    run = sites.runner(network)
    inputs = jnp.array([[3.0, 2, 1], [1, 3, 2], [1, 2, 3]])
    for deleted, right in (
        ([0, 0, 0], 1),
        ([1, 0, 0], 2 / 3),
        ([1, 1, 1], 1 / 3),
    ):
      got = deletion.accuracy(
          run, inputs, jnp.arange(3), jnp.array(deleted, bool), {'units': 3}
      )
      self.assertAlmostEqual(float(got), right, places=6)

  def test_curves_of_candidates_and_of_as_many_others(self):
    # Units are worth these; the candidates are the second and the third.
    worth = np.array([0.1, 0.005, 0.2, 0.3])
    told = lambda kind, mask: 1 - worth[mask].sum() * (1 + (kind == 'test'))
    candidates = np.array([False, True, True, False])
    curves = deletion.compare(
        told, candidates, (0, 1, 3), np.random.default_rng(0), num_random=200
    )
    np.testing.assert_array_equal(curves['sizes'], [0, 1, 2])
    self.assertEqual(curves['chosen'], 1)  # the second candidate costs 0.2
    np.testing.assert_allclose(
        curves['validation candidates'], [1, 0.995, 0.795]
    )
    np.testing.assert_allclose(curves['test candidates'], [1, 0.99, 0.59])
    np.testing.assert_allclose(curves['test any units'], [1, 0.99, 0.79])
    mean = 1 - 2 * worth.mean() * np.arange(3)
    np.testing.assert_allclose(curves['test random units'], mean, atol=0.06)

  def test_the_unit_that_is_missed_least_goes_first(self):
    worth = np.array([5.0, 1.0, 4.0, 2.0])
    order = deletion.least_damage(
        lambda mask: -worth[mask].sum(), np.array([True, True, False, True])
    )
    np.testing.assert_array_equal(order, [1, 3, 0])
    masks = deletion.first(order, (0, 2, 9), 4)
    np.testing.assert_array_equal(
        masks, [[0, 0, 0, 0], [0, 1, 0, 1], [1, 1, 0, 1]]
    )

  def test_units_are_numbered_through_all_layers(self):
    deleted = jnp.array([False, True, True, False, False])
    edits = deletion.edits(deleted, {'a': 2, 'b': 3})
    for name, kept in (('a', [1, 0]), ('b', [0, 1, 1])):
      got = sites.apply(edits[name], jnp.ones(len(kept)))
      np.testing.assert_array_equal(got, kept)
    with self.assertRaisesRegex(ValueError, r'deleted must be \[units=4\]'):
      deletion.edits(deleted, {'a': 2, 'b': 2})


class DescriptionsTest(absltest.TestCase):

  def test_words_after_the_stop_are_not_named(self):
    tokens, words = jnp.array([5, 3, 1, 4]), jnp.array([3, 4, 5])
    got = descriptions.named(tokens, words, 1)
    np.testing.assert_array_equal(got, [True, False, True])

  def test_methods_beside_constants_of_the_training_units(self):
    # Words 2, 3 and 4 count; 1 stops.
    said = {'ours': np.array([[[2, 1, 1], [3, 4, 1]]])}
    right = np.array([[[[2, 1, 1], [4, 1, 1]], [[3, 1, 1], [2, 1, 1]]]])
    known = np.array([[[2, 3, 1], [2, 1, 1], [2, 4, 1]]])
    got = descriptions.compare(said, right, known, np.array([2, 3, 4]), 1)
    # {2} and {3, 4} against the nearest of {2}, {4} and of {3}, {2}.
    np.testing.assert_allclose(got['F1']['ours'], [(1 + 2 / 3) / 2])
    # {2} suits the training units best; and two words are said most often.
    np.testing.assert_allclose(got['F1']['constant'], [1])
    np.testing.assert_allclose(got['F1']['most frequent'], [2 / 3])
    np.testing.assert_array_equal(got['distinct']['ours'], [2])

  def test_f1(self):
    right = jnp.array([[1, 1, 0, 0], [0, 0, 0, 0], [1, 0, 0, 0]], bool)
    found = jnp.array([[1, 0, 1, 1], [0, 0, 0, 0], [0, 0, 0, 0]], bool)
    got = descriptions.factor_f1(found, right)
    np.testing.assert_allclose(got, [2 / 5, 1, 0])

  def test_distinct_descriptions(self):
    tokens = jnp.array([[3, 1, 4], [3, 1, 1], [3, 4, 1], [4, 3, 1], [3, 4, 1]])
    self.assertEqual(int(descriptions.count_distinct(tokens, 1)), 3)

  def test_constants_that_suit_most(self):
    facts = jnp.array([[1, 1, 0], [1, 0, 0], [1, 0, 1], [0, 1, 0]], bool)
    np.testing.assert_array_equal(
        descriptions.best_constant(facts), [True, True, False]
    )  # F1 of 1, 2/3, 1/2, 2/3
    np.testing.assert_array_equal(
        descriptions.most_frequent(facts[:3]), [True, True, False]
    )


if __name__ == '__main__':
  absltest.main()
