"""Neurons counted and put out; the released counts give the released masks."""

import functools

from absl.testing import absltest
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nmlib.analysis import deactivation
from nmlib.analysis import language_neurons
from nmlib.analysis import language_survey
from nmlib.data.recordings import language_counts
from nmlib.networks import transformer
from nmlib.neurons import sites

_CONFIG = transformer.Config(
    11, 2, 8, 2, mlp_dim=12, norm='rms', positions='rotary', gated=True,
    max_length=8,
)  # fmt: skip
_TOKENS = jnp.array([3, 1, 4, 1, 5, 9])


class DeactivationTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.params = transformer.init(jax.random.key(0), _CONFIG)
    self.params = jax.tree.map(lambda leaf: 8 * leaf, self.params)
    self.network = functools.partial(
        transformer.apply, self.params, config=_CONFIG
    )
    self.mask = jax.random.bernoulli(jax.random.key(1), 0.3, (2, 12))

  def test_neurons_put_out_are_weights_taken_away(self):
    kernel = jnp.where(self.mask[..., None], 0, self.params.layers.mlp_out[0])
    layers = self.params.layers._replace(
        mlp_out=transformer.Linear(kernel, self.params.layers.mlp_out.bias)
    )
    pruned = self.params._replace(layers=layers)
    expected = transformer.apply(pruned, _TOKENS, _CONFIG).logits
    assert expected is not None
    for site in ('gate_post', 'mlp_post'):
      edits = deactivation.deactivate(self.mask, site)
      found, _ = sites.run(self.network, _TOKENS, edits=edits)
      assert found.logits is not None
      np.testing.assert_allclose(found.logits, expected, rtol=1e-5, atol=1e-5)

  def test_counts_in_passing_are_those_of_what_is_captured(self):
    answer = jnp.arange(6) >= 2
    _, seen = sites.run(
        self.network, _TOKENS, edits=deactivation.counting(answer),
        capture=(deactivation.COUNTS,),
    )  # fmt: skip
    _, whole = sites.run(self.network, _TOKENS, capture=('gate_post',))
    expected = language_neurons.activity_counts(whole['gate_post'], answer)
    np.testing.assert_array_equal(seen[deactivation.COUNTS], expected)
    # A causal model computes the same on the prompt alone.
    _, short = sites.run(self.network, _TOKENS[:2], capture=('gate_post',))
    of = lambda gate: language_neurons.activity_counts(
        gate, jnp.ones(gate.shape[1], bool)
    )
    np.testing.assert_array_equal(
        of(whole['gate_post']) - of(short['gate_post']), expected
    )

  def test_matrix_is_a_loop_over_masks(self):
    masks = jnp.stack([self.mask, ~self.mask, jnp.zeros_like(self.mask)])

    def measure(edits):
      out, _ = sites.run(self.network, _TOKENS, edits=edits)
      return out.logits[-1, :2]

    found = deactivation.cross_deactivation_matrix(measure, masks)
    np.testing.assert_allclose(found.before, measure({}), rtol=1e-5)
    for row, mask in zip(found.change, masks, strict=True):
      there = measure(deactivation.deactivate(mask))
      np.testing.assert_allclose(row, there - found.before, atol=1e-5)
    np.testing.assert_array_equal(found.change[2], 0)

  def test_random_neurons_match_in_every_layer_and_are_others(self):
    masks = jnp.stack([self.mask, jnp.zeros_like(self.mask)])
    drawn = deactivation.matched_masks(jax.random.key(2), masks, self.mask)
    np.testing.assert_array_equal(drawn.sum(-1), masks.sum(-1))
    self.assertFalse((drawn & self.mask[None]).any())
    keys = jax.random.split(jax.random.key(3), 4000)
    often = jnp.mean(
        jax.vmap(lambda key: deactivation.matched_masks(key, self.mask))(keys),
        0,
    )
    expected = np.broadcast_to(self.mask.mean(-1, keepdims=True), (2, 12))
    np.testing.assert_allclose(often, expected, atol=0.04)

  def test_bad_input_is_refused(self):
    most = jnp.ones((2, 12), bool).at[:, 0].set(False)
    for call, message in (
        (lambda: deactivation.deactivate(jnp.ones((2, 3))), 'must be bool'),
        (lambda: deactivation.deactivate(most[0]), r'mask must be \[L, D\]'),
        (
            lambda: deactivation.matched_masks(
                jax.random.key(0), self.mask, most
            ),
            'are missing',
        ),
        (
            lambda: deactivation.matched_masks(jax.random.key(0), jnp.ones(3)),
            'must be bool',
        ),
        (
            lambda: deactivation.cross_deactivation_matrix(
                lambda edits: jnp.zeros(()), most[None]
            ),
            'what measure returns',
        ),
    ):
      with self.assertRaisesRegex(ValueError, message):
        call()

  def test_matrices_are_split_by_their_diagonal(self):
    change = np.arange(18.0).reshape(2, 3, 3)
    own, others = deactivation.own_and_others(change)
    np.testing.assert_array_equal(own, [4, 13])
    np.testing.assert_array_equal(others, [4, 13])
    change[0, 1, 1] += 3
    own, others = deactivation.own_and_others(change)
    np.testing.assert_array_equal(own, [5, 13])
    np.testing.assert_array_equal(others, [4, 13])


class SurveyTest(absltest.TestCase):

  def test_related_pairs_and_others(self):
    shared = np.array([[9, 1, 2], [1, 9, 4], [2, 4, 9]])
    related, others = language_survey.related_and_others(shared, [(0, 2)])
    self.assertEqual((related, others), (2, 2.5))

  def test_a_summary_has_the_surveys_of_both_scores(self):
    totals = jnp.array([100, 200, 50])
    counts = jax.random.randint(jax.random.key(0), (2, 6, 3), 0, 51)
    select = language_survey.Selection(0.25, 0.7, 1.0)
    found, masks = language_survey.summary(counts, totals, select)
    p = counts / totals[None, None]
    for variant, mark in (('code', ''), ('paper', ', paper')):
      of = language_survey.survey(
          p, top_rate=0.25, q=0.7, high=1.0, variant=variant
      )
      self.assertEqual(found['weight' + mark], of.weight)
      np.testing.assert_array_equal(
          found['selected' + mark],
          language_survey.histogram(of.above, 3, of.selected),
      )
    of = language_survey.survey(p, top_rate=0.25, q=0.7, high=1.0)
    self.assertEqual(found['everyone'].sum(), 12)
    np.testing.assert_array_equal(found['sizes'], of.masks.sum((1, 2)))
    np.testing.assert_array_equal(found['profile'][0], of.kinds[0].sum(1))
    lape = language_neurons.lape(p, top_rate=0.25, q=0.7)[1]
    for name, mask in (('specific and related', of.masks), ('LAPE', lape)):
      index = language_survey.SETS.index(name)
      np.testing.assert_array_equal(masks[index], mask)

  def test_kinds_and_pairs_of_a_world_by_hand(self):
    p = jnp.zeros((1, 8, 3)).at[0, :, 0].set(0.01)
    p = p.at[0, 3:, 1].set(0.01)
    p = p.at[0, 0].set(jnp.array([0.9, 0.01, 0.0]))
    p = p.at[0, 1].set(jnp.array([0.8, 0.9, 0.0]))
    p = p.at[0, 2].set(jnp.array([0.8, 0.8, 0.9]))
    p = p.at[0, 3:, 2].set(0.01)
    found = language_survey.survey(p, top_rate=0.25, q=0.7)
    np.testing.assert_array_equal(found.above[0], [1, 2, 3, 0, 0, 0, 0, 0])
    np.testing.assert_array_equal(
        found.masks[:, 0, :3],
        np.array([[1, 1, 0], [0, 1, 0], [0, 0, 0]], bool),
    )
    # Where all are selected, general ones are too, and are of their own kind.
    for some in (found, language_survey.survey(p, top_rate=1.0, q=0.7)):
      kinds = language_survey.masks_by_kind(some)
      sizes = {k: m.sum((1, 2)).tolist() for k, m in kinds.items()}
      self.assertEqual(
          sizes,
          {
              'specific': [1, 0, 0], 'specific and related': [2, 1, 0],
              'all three': [3, 2, 1],
          },
      )  # fmt: skip
    np.testing.assert_array_equal(
        language_survey.sharing(found.masks), [[2, 1, 0], [1, 1, 0], [0, 0, 0]]
    )
    np.testing.assert_array_equal(
        language_survey.histogram(found.above, 3), [5, 1, 1, 1]
    )
    np.testing.assert_array_equal(
        language_survey.histogram(found.above, 3, found.selected), [0, 1, 1, 0]
    )


_SIZES = (142, 556, 523, 821, 941, 412, 676, 948, 622, 666)
_SPECIFIC = (12, 176, 119, 334, 460, 48, 118, 360, 60, 179)
_RELATED = (130, 380, 404, 487, 481, 364, 558, 588, 562, 487)
_OF_SELECTED = (1369, 1866, 617, 310, 153, 127, 59, 40, 27, 20, 0)
_OF_ALL = (
    397_496, 23_235, 9802, 5617, 3693, 2680, 2126, 1982, 2002, 2322, 7797,
)  # fmt: skip
_PROFILES = {
    'specific': (
        17, 2, 63, 42, 31, 2, 1, 1, 1, 0, 0, 0, 0, 1, 2, 2, 0, 0, 60, 65, 59,
        59, 45, 59, 90, 74, 73, 211, 379, 331, 145, 51,
    ),
    'related': (
        171, 10, 218, 23, 9, 1, 1, 2, 0, 1, 1, 1, 0, 2, 3, 5, 4, 0, 29, 37, 23,
        17, 14, 15, 16, 15, 22, 81, 147, 260, 124, 101,
    ),
    'general': (
        181, 106, 103, 114, 192, 194, 253, 253, 270, 307, 334, 431, 417, 443,
        555, 445, 348, 423, 316, 261, 151, 92, 66, 48, 50, 51, 54, 66, 108, 136,
        284, 745,
    ),
}  # fmt: skip


def test_released_counts_give_the_released_masks(data_folder):
  folder = data_folder / 'language_neurons'
  if not folder.exists():
    pytest.skip('NMLIB_DATA has no folder language_neurons')
  released = language_counts.load(folder)
  with jax.enable_x64(True):
    p = language_neurons.activation_probability(
        jnp.asarray(released.counts), jnp.asarray(released.totals)
    )
    found = language_survey.survey(p)
    np.testing.assert_allclose(found.threshold, 0.564436, atol=5e-7)
    assert found.weight == 0.109375
    np.testing.assert_array_equal(found.masks, released.masks)
    np.testing.assert_array_equal(found.masks.sum((1, 2)), _SIZES)
    count = lambda among: language_survey.histogram(found.above, 10, among)
    np.testing.assert_array_equal(count(found.selected), _OF_SELECTED)
    np.testing.assert_array_equal(count(None), _OF_ALL)
    for weight, expected in (
        (0.0, (4024, 473, 58, 19, 7, 7, 0, 0, 0, 0, 0)),
        (0.110352, None),  # one too many: the first that has all languages
    ):
      score = language_neurons.language_score(p, weight)
      chosen = count(language_neurons.select_neurons(score))
      if expected is None:
        assert chosen[10] == 1
      else:
        np.testing.assert_array_equal(chosen, expected)
    for kind, sizes in (('specific', _SPECIFIC), ('related', _RELATED)):
      mine = found.masks & getattr(found.kinds, kind)[None]
      np.testing.assert_array_equal(mine.sum((1, 2)), sizes)
    for kind, profile in _PROFILES.items():
      np.testing.assert_array_equal(getattr(found.kinds, kind).sum(1), profile)


if __name__ == '__main__':
  absltest.main()
