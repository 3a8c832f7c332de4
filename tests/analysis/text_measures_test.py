"""Perplexity of sentences and marked words; stability of what detects."""

from absl.testing import absltest
from absl.testing import parameterized
import hypothesis
from hypothesis import strategies as st
import jax
import jax.numpy as jnp
import numpy as np
from scipy import stats

from nmlib.analysis import attribution
from nmlib.analysis import experts
from nmlib.analysis import probes
from nmlib.analysis import text_measures


class TextMeasuresTest(parameterized.TestCase):

  def test_both_perplexities_by_hand(self):
    nats = jnp.log(jnp.array([[2.0, 8.0, 1e9], [3.0, 3.0, 3.0]]))
    mask = jnp.array([[1, 1, 0], [1, 1, 1]])
    found = text_measures.sentence_perplexity(nats, mask)
    np.testing.assert_allclose(found.of_sentences, (4 + 3) / 2, rtol=1e-6)
    np.testing.assert_allclose(
        found.of_tokens, (2 * 8 * 27) ** (1 / 5), rtol=1e-6
    )

  def test_what_is_left_out_does_not_count_whatever_it_is(self):
    nats = jnp.array([[1.0, 2.0], [jnp.inf, jnp.inf]])
    mask = jnp.array([[True, True], [False, False]])
    found = text_measures.sentence_perplexity(nats, mask)
    np.testing.assert_allclose(found, np.exp([1.5, 1.5]), rtol=1e-6)

  @hypothesis.given(st.integers(0, 2**31))
  @hypothesis.settings(max_examples=5)
  def test_a_mean_of_exponentials_is_the_larger(self, seed):
    nats = np.random.default_rng(seed).exponential(size=(4, 3))
    found = text_measures.sentence_perplexity(jnp.asarray(nats))
    self.assertGreaterEqual(found.of_sentences, found.of_tokens * (1 - 1e-6))

  def test_rates(self):
    marked = jnp.array([False, True, True])
    tokens = jnp.array([[0, 1], [2, 0]])
    rate = text_measures.marked_token_rate
    self.assertEqual(rate(tokens, marked), 0.5)
    self.assertEqual(rate(tokens, marked, jnp.array([[1, 1], [0, 1]])), 1 / 3)

  def test_words_of_several_tokens_begin_where_they_do(self):
    patterns = jnp.array([[1, 2], [3, -1]])
    tokens = jnp.array([[1, 2, 1, 3], [2, 2, 3, 1]])
    np.testing.assert_array_equal(
        text_measures.occurrences(tokens, patterns),
        [[1, 0, 0, 1], [0, 0, 1, 0]],
    )
    with self.assertRaisesRegex(ValueError, 'must begin with a token'):
      text_measures.occurrences(tokens, jnp.array([[-1]]))

  @parameterized.parameters(
      (lambda f: f.sentence_perplexity(jnp.ones(3)), 'nats must be'),
      (lambda f: f.sentence_perplexity(-jnp.ones((1, 1))), 'nats must be'),
      (
          lambda f: f.sentence_perplexity(jnp.ones((1, 2)), jnp.zeros((1, 2))),
          'mask must hold a token',
      ),
      (
          lambda f: f.marked_token_rate(jnp.array([[3]]), jnp.ones(3, bool)),
          r'tokens must be in \[0, 3\), got 3',
      ),
  )
  def test_bad_input_is_refused(self, call, message):
    with self.assertRaisesRegex(ValueError, message):
      call(text_measures)


class StabilityTest(absltest.TestCase):

  @hypothesis.given(st.integers(0, 2**31))
  @hypothesis.settings(max_examples=5)
  def test_correlation_is_scipys(self, seed):
    a, b = np.random.default_rng(seed).integers(0, 5, (2, 12))  # with ties
    found = experts.rank_correlation(jnp.asarray(a), jnp.asarray(b))
    expected = stats.spearmanr(a, b).statistic
    np.testing.assert_allclose(found, expected, atol=1e-6)

  def test_scores_that_are_alike_have_no_order(self):
    alike = experts.rank_correlation(jnp.ones(3), jnp.arange(3))
    self.assertTrue(jnp.isnan(alike))
    with self.assertRaisesRegex(ValueError, 'two scores at least, got 1'):
      experts.rank_correlation(jnp.ones(1), jnp.ones(1))

  def test_detectors_that_see_the_same_keep_their_order(self):
    labels = jnp.arange(200) % 2 == 0
    strength = jnp.arange(6.0)[None]
    noise = lambda i: jax.random.normal(jax.random.key(i), (200, 6))
    one, two = (strength * labels[:, None] + noise(i) for i in (1, 2))
    same = experts.rank_stability(
        jax.random.key(3), (one, two), (labels, labels), 3
    )
    self.assertGreater(same.min(), 0.7)
    other = (one, two[:, ::-1])
    turned = experts.rank_stability(
        jax.random.key(3), other, (labels, labels), 3
    )
    self.assertLess(turned.max(), -0.7)
    scores = probes.detector(one[:100], labels[:100], one[100:])
    self.assertGreater(experts.auroc(scores, labels[100:]), 0.95)

  def test_a_bootstrap_keeps_both_classes(self):
    labels = np.arange(40) % 4 == 0
    index = experts.resample(jax.random.key(0), labels)
    np.testing.assert_array_equal(labels[index], labels)
    self.assertLess(len(set(index.tolist())), 40)
    with self.assertRaisesRegex(ValueError, 'both kinds'):
      experts.resample(jax.random.key(0), np.ones(3, bool))


class SaliencyTest(absltest.TestCase):

  def test_a_linear_reader_is_moved_by_its_weights(self):
    weights = jnp.array([[3.0, 4.0], [0.0, 0.0], [0.0, -2.0]])
    reader = lambda x: jnp.stack([jnp.sum(x), jnp.sum(weights * x)])
    found = attribution.gradient_saliency(reader, jnp.ones((3, 2)), 1)
    np.testing.assert_allclose(found, [5, 0, 2])
    with self.assertRaisesRegex(ValueError, r'target must be in \[0, 2\)'):
      attribution.gradient_saliency(reader, jnp.ones((3, 2)), 2)


if __name__ == '__main__':
  absltest.main()
