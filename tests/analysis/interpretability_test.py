"""Attribution, probes, unit statistics; singular components; languages."""

import pathlib
from typing import Any

from absl.testing import absltest
from absl.testing import parameterized
import hypothesis
from hypothesis import strategies as st
import jax
import jax.numpy as jnp
import numpy as np
from scipy import stats
from sklearn import linear_model
from sklearn import metrics

from nmlib.analysis import attribution
from nmlib.analysis import experts
from nmlib.analysis import language_neurons
from nmlib.analysis import output_svd
from nmlib.analysis import probes
from nmlib.analysis import unit_statistics
from nmlib.neurons import sites

_FIXTURES = pathlib.Path(__file__).parents[1] / 'fixtures'


def _stored(name):
  with np.load(_FIXTURES / name) as file:
    return {key: jnp.asarray(array) for key, array in file.items()}


class OutputSvdTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.enter_context(jax.enable_x64(True))
    self.stored = _stored('eigenshift_svd.npz')
    self.parts = output_svd.decompose(self.stored['W'])

  @parameterized.product(
      projection=('correct', 'as_released'), kind=('signed', 'absolute')
  )
  def test_recorded_damping(self, projection, kind):
    of = lambda name: output_svd.activations(
        self.parts, self.stored[name], as_released=projection == 'as_released'
    )
    scores = output_svd.alignment_scores(of('H_tox'), of('H_non'), kind=kind)
    index = output_svd.select(scores, int(self.stored['k']))
    damped = output_svd.damp(self.parts, index, self.stored['alpha'])
    key = f'{projection}.{kind.replace("absolute", "abs")}'
    expected = self.stored[f'{key}.delta']  # kept signed in both
    expected = jnp.abs(expected) if kind == 'absolute' else expected
    np.testing.assert_allclose(scores, expected, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(
        np.sort(index), np.sort(self.stored[f'{key}.idx'])
    )
    np.testing.assert_allclose(
        damped, self.stored[f'{key}.W_damped'], rtol=0, atol=1e-9
    )
    states = output_svd.damp_states(
        self.parts, self.stored['H_tox'], index, self.stored['alpha']
    )
    np.testing.assert_allclose(
        states @ self.stored['W'].T, self.stored[f'{key}.logits_tox'], atol=1e-9
    )

  def test_signs_of_singular_vectors_change_only_the_released_choice(self):
    released = output_svd.alignment_scores(
        *(
            output_svd.activations(self.parts, self.stored[key])
            for key in ('H_tox', 'H_non')
        ),
        kind='signed',
    )
    best = output_svd.select(released, 1)
    flipped = jnp.ones((1, 9)).at[:, best].set(-1)
    other = self.parts._replace(
        left=self.parts.left * flipped, right=self.parts.right * flipped
    )
    chosen = {}
    for name, parts in (('plain', self.parts), ('flipped', other)):
      of = lambda key, p=parts: output_svd.activations(p, self.stored[key])
      for kind in ('signed', 'absolute', 'standardised', 'logit'):
        scores = output_svd.alignment_scores(
            of('H_tox'), of('H_non'), kind=kind, scales=parts.scales
        )
        chosen[name, kind] = set(output_svd.select(scores, 2).tolist())
    self.assertNotEqual(chosen['plain', 'signed'], chosen['flipped', 'signed'])
    for kind in ('absolute', 'standardised', 'logit'):
      self.assertEqual(chosen['plain', kind], chosen['flipped', kind])

  def test_energies(self):
    every = jnp.arange(9)
    whole = output_svd.damp(self.parts, every, 1.0)
    np.testing.assert_allclose(whole, self.stored['W'], atol=1e-12)
    self.assertLess(
        jnp.abs(output_svd.damp(self.parts, every, 0.0)).max(), 1e-12
    )
    some = jnp.array([1, 4])
    change = self.stored['W'] - output_svd.damp(self.parts, some, 0.1)
    np.testing.assert_allclose(
        jnp.sum(change**2), 0.81 * jnp.sum(self.parts.scales[some] ** 2)
    )

  def test_numbers_of_components_are_not_rounded_up_by_floats(self):
    self.assertEqual(output_svd.num_selected(1000, 0.999), 1)
    self.assertEqual(int(np.ceil(1000 * (1 - 0.999))), 2)  # as released
    self.assertEqual(output_svd.num_selected(4096, 0.999), 5)

  @parameterized.parameters(
      (lambda: output_svd.decompose(jnp.ones((2, 3))), 'V >= d'),
      (lambda: output_svd.decompose(jnp.full((3, 2), jnp.nan)), 'finite'),
      (lambda: output_svd.num_selected(9, 1.0), r'percentile must be in'),
      (lambda: output_svd.select(jnp.ones(3), 4), 'at most the 3'),
      (
          lambda: output_svd.damp(
              output_svd.decompose(jnp.eye(3)), jnp.array([1, 1]), 0.5
          ),
          'a component once',
      ),
  )
  def test_bad_input_is_refused(self, call, message):
    with self.assertRaisesRegex(ValueError, message):
      call()


class LanguageNeuronsTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.enter_context(jax.enable_x64(True))
    stored = self.stored = _stored('language_neurons_lape.npz')
    self.p = language_neurons.activation_probability(
        *(
            stored[f'{a}_{b}']
            for b in ('full', 'prefix')
            for a in ('counts', 'tokens')
        )
    )
    self.threshold = language_neurons.percentile_threshold(
        self.p, float(stored['bar'])
    )
    self.rate = float(stored['top_rate'])

  def test_probabilities_and_thresholds(self):
    np.testing.assert_allclose(self.p, self.stored['prob'], rtol=1e-12)
    self.assertEqual(self.threshold, self.stored['threshold'])
    np.testing.assert_array_equal(
        language_neurons.language_counts(self.p, self.threshold),
        self.stored['N'],
    )
    found = language_neurons.entropy_over_languages(self.p, normalised=False)
    np.testing.assert_allclose(found, self.stored['entropy'], rtol=1e-12)
    active = np.asarray(self.p.sum(-1) > 0)
    np.testing.assert_allclose(
        np.asarray(found)[active],
        stats.entropy(np.asarray(self.p)[active], axis=-1),
        rtol=1e-9, atol=1e-9,
    )  # fmt: skip

  @parameterized.product(
      variant=('code', 'paper'), weight=('0.0', '0.05', '0.1', '0.2')
  )
  def test_selection(self, variant, weight):
    score = language_neurons.language_score(self.p, float(weight), variant)
    chosen = language_neurons.select_neurons(score, self.rate)
    key = f'{variant}.{weight}'
    np.testing.assert_allclose(score, self.stored[f'score.{key}'], rtol=1e-12)
    np.testing.assert_array_equal(chosen, self.stored[f'selected.{key}'])
    histogram = np.bincount(self.stored['N'][chosen], minlength=6)
    np.testing.assert_array_equal(histogram, self.stored[f'appear.{key}'])
    kinds = language_neurons.neuron_types(chosen, self.stored['N'], 5)
    sizes = [int(kind.sum()) for kind in kinds[:3]]
    self.assertEqual(sizes, [histogram[1], histogram[2:5].sum(), histogram[0]])

  def test_lambda_and_lape(self):
    found = language_neurons.tune_weight(
        self.p, self.threshold, top_rate=self.rate
    )
    self.assertEqual(found, self.stored['lambda_star'])
    chosen, masks = language_neurons.lape(
        self.p, top_rate=self.rate, q=float(self.stored['bar'])
    )
    np.testing.assert_array_equal(chosen, self.stored['lape.selected'])
    np.testing.assert_array_equal(masks, self.stored['lape.masks'])

  def test_counts_of_a_text_less_its_prompt_are_those_of_the_answer(self):
    gate = jax.random.normal(jax.random.key(0), (2, 7, 5))
    of = lambda mask: language_neurons.activity_counts(gate, mask)
    prompt = jnp.arange(7) < 3
    whole = of(jnp.ones(7, bool))
    np.testing.assert_array_equal(whole - of(prompt), of(~prompt))

  def test_unsigned_counts_do_not_wrap(self):
    counts = jnp.array([[[3]]], jnp.uint32)
    found = language_neurons.activation_probability(
        counts,
        jnp.array([9], jnp.uint32),
        counts + 2,
        jnp.array([1], jnp.uint32),
    )
    self.assertEqual(found, 0)

  @parameterized.parameters(
      (
          lambda p: language_neurons.tune_weight(p, 0.2, tolerance=0),
          'tolerance',
      ),
      (
          lambda p: language_neurons.activation_probability(
              jnp.ones((1, 1, 1), int),
              jnp.ones(1, int),
              jnp.ones((1, 1, 1), int),
          ),
          'give both',
      ),
      (lambda p: language_neurons.select_neurons(p[..., 0], 1e-9), 'top_rate'),
      (lambda p: language_neurons.language_score(p[..., :1], 0.1), 'two langu'),
      (lambda p: language_neurons.percentile_threshold(p, 0.0), 'q must be'),
      (
          lambda p: language_neurons.activation_probability(p, jnp.ones(5)),
          'counts must be integers',
      ),
  )
  def test_bad_input_is_refused(self, call, message):
    with self.assertRaisesRegex(ValueError, message):
      call(self.p)


class ExpertsTest(absltest.TestCase):

  @hypothesis.settings(max_examples=10)
  @hypothesis.given(st.integers(0, 2**31))
  def test_areas_are_scikit_learns(self, seed):
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 4, (30, 2, 3)).astype(np.float32)  # many ties
    labels = np.arange(30) % 3 == 0
    found = experts.auroc(values, labels)
    expected = [
        metrics.roc_auc_score(labels, row) for row in values.reshape(30, -1).T
    ]
    np.testing.assert_allclose(found.ravel(), expected, rtol=1e-5)

  def test_perfect_detectors_stay_within_the_range_of_areas(self):
    for size in range(5, 40):
      labels = np.arange(size) % 7 < 3
      found = experts.auroc(np.stack([labels, ~labels], 1) * 1.0, labels)
      np.testing.assert_allclose(found, [1, 0], atol=1e-6)
      np.testing.assert_allclose(experts.aura(found), [0, 1], atol=1e-6)

  def test_doubles_are_measured_as_doubles(self):
    rng = np.random.default_rng(0)
    values, labels = rng.normal(size=(31, 4)), np.arange(31) % 3 == 0
    with jax.enable_x64(True):
      found = experts.auroc(values, labels)
      rho = experts.rank_correlation(*jnp.asarray(values.T[:2]))
    expected = [metrics.roc_auc_score(labels, row) for row in values.T]
    np.testing.assert_allclose(found, expected, rtol=1e-13)
    expected = stats.spearmanr(*values.T[:2])[0]
    np.testing.assert_allclose(rho, expected, rtol=1e-13)

  def test_many_examples_do_not_overflow(self):
    labels = np.arange(131_072) % 2 == 0
    values = (np.arange(131_072) % 4 + labels)[:, None]
    expected = metrics.roc_auc_score(labels, values[:, 0])
    found = experts.auroc(values.astype(np.float32), labels)
    np.testing.assert_allclose(found, [expected], rtol=1e-4)

  def test_what_is_no_measurement_is_refused(self):
    for values, labels, message in (
        ([np.nan, 0.0], [1, 0], 'activations must be .*nan'),
        ([1.0, 0.0], [0.3, 0.0], 'labels must be True'),
    ):
      with self.assertRaisesRegex(ValueError, message):
        experts.auroc(np.array(values), np.array(labels))
    with self.assertRaisesRegex(ValueError, r'areas must be in \[0, 1\]'):
      experts.aura(jnp.array([jnp.nan]))
    np.testing.assert_array_equal(
        experts.damp(jnp.array([1, 0]), 1, 0.5), [0.5, 1]
    )

  def test_factors(self):
    areas = jnp.array([[0.4, 0.75], [1.0, 0.5]])
    np.testing.assert_allclose(experts.aura(areas), [[1, 0.5], [0, 1]])
    np.testing.assert_array_equal(experts.det_zero(areas, 1), [[1, 1], [0, 1]])
    np.testing.assert_allclose(
        experts.damp(areas, 2, 0.3), [[1, 0.3], [0.3, 1]]
    )
    with self.assertRaisesRegex(ValueError, 'at most the 4 neurons, got 5'):
      experts.damp(areas, 5, 0.3)
    with self.assertRaisesRegex(ValueError, 'both kinds'):
      experts.auroc(areas, np.ones(2, bool))


class AttributionTest(parameterized.TestCase):

  @parameterized.parameters(('gauss_legendre', 4), ('midpoint', 400))
  def test_a_cubic_is_integrated(self, rule, steps):
    run = lambda x, edits, capture: sites.run(
        lambda x, site: site.tap('x', x) ** 3, x, edits=edits, capture=capture
    )
    found = attribution.integrated_gradients(
        run, jnp.array([1.0, -2.0]), 'x', jnp.sum, baseline=0.5, steps=steps,
        rule=rule, batch_size=2,
    )  # fmt: skip
    np.testing.assert_allclose(found.values, [0.875, -8.125], rtol=1e-4)
    self.assertLess(abs(found.gap), 1e-3)

  def test_the_left_rule_says_by_how_much_it_misses(self):
    run = lambda x, edits, capture: sites.run(
        lambda x, site: site.tap('x', x) ** 2, x, edits=edits, capture=capture
    )
    found = attribution.integrated_gradients(
        run, jnp.array([1.0]), 'x', jnp.sum, steps=4, rule='left'
    )
    np.testing.assert_allclose(found.gap, -0.25, rtol=1e-6)
    wrong: Any = 'right'
    with self.assertRaisesRegex(ValueError, "rule must be .*got 'right'"):
      attribution.integrated_gradients(
          run, jnp.ones(1), 'x', jnp.sum, rule=wrong
      )

  def test_parts_of_a_residual_add_up_to_its_logit(self):
    parts = jax.random.normal(jax.random.key(0), (3, 4))
    direction = jnp.arange(4.0)
    found = attribution.direct_logit_attribution(parts, direction, 0.5)
    np.testing.assert_allclose(
        found.sum(), 0.5 * parts.sum(0) @ direction, rtol=1e-5
    )
    lens = attribution.logit_lens(parts[:, None], lambda r: r @ jnp.eye(4, 2))
    np.testing.assert_array_equal(lens, parts[:, None, :2])


class UnitStatisticsTest(parameterized.TestCase):

  @hypothesis.settings(max_examples=8)
  @hypothesis.given(st.integers(0, 2**31), st.integers(0, 20))
  def test_merged_parts_are_one_pass(self, seed, cut):
    values = np.random.default_rng(seed).normal(size=(20, 3)).astype('float32')
    ids = np.arange(20) // 2
    start = unit_statistics.empty(3, top_k=4, num_bins=8)
    of = lambda part: unit_statistics.update(
        start, jnp.asarray(values[part]), jnp.asarray(ids[part]), low=-2, high=2
    )
    whole = of(slice(None))
    parts = unit_statistics.merge(of(slice(cut)), of(slice(cut, None)))
    np.testing.assert_array_equal(whole.histogram, parts.histogram)
    np.testing.assert_array_equal(whole.top, parts.top)
    np.testing.assert_array_equal(whole.where, parts.where)
    np.testing.assert_array_equal(whole.active, (values > 0).sum(0))
    for name, expected in (
        ('mean', values.mean(0)), ('squares', 20 * values.var(0)),
    ):  # fmt: skip
      for found in (whole, parts):
        np.testing.assert_allclose(
            getattr(found, name), expected, rtol=1e-4, atol=1e-5
        )
    np.testing.assert_array_equal(whole.top, -np.sort(-values, 0)[:4].T)

  def test_doubles_are_merged_as_doubles(self):
    values = np.random.default_rng(0).normal(size=(20, 3))
    with jax.enable_x64(True):
      found = unit_statistics.empty(3, dtype='float64')
      for part in (slice(7), slice(7, 20)):
        found = unit_statistics.update(
            found, jnp.asarray(values[part]), jnp.arange(20)[part]
        )
    np.testing.assert_allclose(found.mean, values.mean(0), rtol=1e-13)
    np.testing.assert_allclose(found.squares, 20 * values.var(0), rtol=1e-13)

  def test_quantiles_are_right_to_a_bin(self):
    values = jnp.linspace(0, 0.999, 1000)[:, None]
    start = unit_statistics.empty(1, num_bins=50)
    found = unit_statistics.update(start, values, jnp.zeros(1000, int))
    for q in (0.0, 0.25, 0.5, 0.99, 1.0):
      np.testing.assert_allclose(
          unit_statistics.quantile(found, q), q, atol=0.02
      )
    self.assertTrue(np.isnan(unit_statistics.quantile(start, 0.5)))

  def test_bad_input_is_refused(self):
    start = unit_statistics.empty(2)
    with self.assertRaisesRegex(ValueError, 'values must be'):
      unit_statistics.update(start, jnp.ones((3, 1)), jnp.zeros(3, int))
    for values, ids, ends, message in (
        (jnp.nan, jnp.zeros(3, int), {}, 'values must be in .*got nan'),
        (1.0, jnp.zeros(3), {}, 'examples must be integers'),
        (1.0, jnp.zeros(3, int), {'low': jnp.zeros(3)}, r'low must be \[U=2'),
    ):
      with self.assertRaisesRegex(ValueError, message):
        unit_statistics.update(start, jnp.full((3, 2), values), ids, **ends)
    with self.assertRaisesRegex(ValueError, 'high must be above low=1'):
      unit_statistics.update(
          start, jnp.ones((3, 2)), jnp.zeros(3, int), low=1, high=1
      )
    with self.assertRaisesRegex(ValueError, 'histogram must be'):
      unit_statistics.merge(start, unit_statistics.empty(2, num_bins=4))
    half = jnp.full((1000, 2), 15, jnp.float16).at[::2].set(-15)
    found = unit_statistics.update(start, half, jnp.zeros(1000, int))
    np.testing.assert_allclose(found.squares, 225e3, rtol=1e-5)
    with self.assertRaisesRegex(ValueError, 'top_k must be at least 1, got 0'):
      unit_statistics.empty(2, top_k=0)


class ProbesTest(absltest.TestCase):

  def test_a_probe_finds_a_direction_and_no_more(self):
    rng = np.random.default_rng(0)
    states, labels = rng.normal(size=(200, 4)), rng.integers(0, 2, 200)
    states[:, 1] += 3 * labels
    parts = states[:100], labels[:100], states[100:], labels[100:]
    found = jax.jit(probes.linear_probe, static_argnames='shuffles')(
        jax.random.key(0), *parts, shuffles=5
    )
    self.assertGreater(found.accuracy, 0.85)
    self.assertLess(abs(found.control.mean() - 0.5), 0.15)
    np.testing.assert_allclose(
        probes.sensitivity(states[labels == 1], states[labels == 0])[1],
        3,
        atol=0.5,
    )
    with self.assertRaisesRegex(ValueError, r'labels must be in \[0, 2\)'):
      probes.logistic_regression(
          jnp.asarray(states), jnp.asarray(2 + labels), 2
      )
    none = np.zeros((0, 4)), np.zeros(0, int)
    for rows, message in (
        ((*none, *parts[2:]), 'number of states must be at least 1, got 0'),
        ((*parts[:2], *none), 'number of held-out states must be at least 1'),
    ):
      with self.assertRaisesRegex(ValueError, message):
        a, b, c, d = map(jnp.asarray, rows)
        probes.linear_probe(jax.random.key(0), a, b, c, d)

  def test_weights_are_scikit_learns(self):
    rng = np.random.default_rng(1)
    states = rng.normal(size=(60, 3))
    labels = np.argmax(states + rng.normal(size=(60, 3)), 1)
    with jax.enable_x64(True):
      found = jax.jit(
          lambda: probes.logistic_regression(
              jnp.asarray(states), jnp.asarray(labels), 3, penalty=2.0
          )
      )()
    theirs = linear_model.LogisticRegression(C=0.5, tol=1e-9, max_iter=999)
    theirs.fit(states, labels)
    # Both stop where the gradient is about 1e-8.
    np.testing.assert_allclose(found.kernel.T, theirs.coef_, atol=1e-5)

  def test_false_discoveries_by_hand(self):
    found = probes.false_discoveries([[0.01, 0.04], [0.03, 0.5]], 0.05)
    np.testing.assert_array_equal(found, [[True, False], [False, False]])


if __name__ == '__main__':
  absltest.main()
