"""MILAN's captioner, its language model, beam search and weighted PMI."""

import itertools
import pathlib
from typing import Any

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np
import optax

from nmlib.networks import captioner
from nmlib.networks import decoding
from nmlib.networks import describer
from nmlib.networks import lstm_language_model as language
from nmlib.neurons.rate import lstm

_FIXTURE = pathlib.Path(__file__).parents[1] / 'fixtures/milan_decoder_step.npz'
_START, _STOP, _PAD = 0, 1, 2
_SMALL = captioner.Config(4, 6, 8, 5)


def _caption(params, features, tokens, config, key=None):
  state = captioner.initial_state(params, features, config)
  read = decoding.inputs_of(tokens, _START)
  return captioner.unroll(params, state, read, features, config, key=key)[1]


class OfficialTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.enter_context(jax.enable_x64(True))
    with np.load(_FIXTURE) as file:
      self.stored = dict(file)
    self.words = language.Config(12, 8, 5, param_dtype='float64')
    self.config = captioner.Config(10, 12, 8, 5, param_dtype='float64')
    self.params = captioner.params_from_official(self.stored, self.config)

  def test_captioner(self):
    features, tokens = (self.stored[k] for k in ('features', 'tokens'))
    run = jax.vmap(lambda v, y: _caption(self.params, v, y, self.config))
    out = run(features, tokens)
    for got, name in zip(out, ('log_probs', 'attention'), strict=True):
      np.testing.assert_allclose(got, self.stored[name], rtol=0, atol=1e-9)
    start = jax.vmap(
        lambda v: captioner.initial_state(self.params, v, self.config)
    )(features)
    np.testing.assert_allclose(
        start.hidden, self.stored['hidden'][:, 0], atol=1e-9
    )
    penalty = jnp.mean(
        jax.vmap(captioner.doubly_stochastic_penalty)(out.attention)
    )
    np.testing.assert_allclose(
        penalty, self.stored['attention_penalty'], atol=1e-9
    )
    nll = -np.take_along_axis(np.array(out.log_probs), tokens[..., None], 2)
    said = tokens != _PAD
    np.testing.assert_allclose(
        nll[..., 0][said].mean(), self.stored['nll'], atol=1e-9
    )

  def test_language_model_and_wpmi(self):
    params = language.params_from_official(self.stored, self.words)
    state = language.initial_state(self.words)

    def score(features, tokens):
      read = decoding.inputs_of(tokens, _START)
      _, prior = language.unroll(params, state, read, self.words)
      seen = _caption(self.params, features, tokens, self.config)
      pair = [
          decoding.sequence_log_probability(p, tokens, _STOP)
          for p in (seen.log_probs, prior)
      ]
      return prior, *pair, decoding.wpmi(pair[0], pair[1], 0.2)

    got = jax.vmap(score)(self.stored['features'], self.stored['tokens'])
    names = 'lm_log_probs', 'logp_cond', 'logp_lm', 'wpmi'
    for value, name in zip(got, names, strict=True):
      np.testing.assert_allclose(value, self.stored[name], atol=1e-9)
    mask = decoding.until_stop(self.stored['tokens'], _STOP)
    np.testing.assert_array_equal(mask, self.stored['mask'])

  def test_there_and_back(self):
    back = captioner.params_to_official(self.params)
    params = language.params_from_official(self.stored, self.words)
    back |= language.params_to_official(params)
    for name, array in back.items():
      if 'bias_' not in name:
        np.testing.assert_array_equal(array, self.stored[name], name)
    jax.tree.map(
        np.testing.assert_array_equal, self.params,
        captioner.params_from_official(back, self.config),
    )  # fmt: skip

  def test_missing_and_misshapen_arrays_are_named(self):
    wide = captioner.Config(10, 13, 8, 5, param_dtype='float64')
    with self.assertRaisesRegex(ValueError, r"'out.weight' .* \[13, 8\], got"):
      captioner.params_from_official(self.stored, wide)
    del self.stored['lm_lstm.bias_hh_l1']
    with self.assertRaisesRegex(ValueError, "'lm_lstm.bias_hh_l1' is missing"):
      language.params_from_official(self.stored, self.words)


class CaptionerTest(parameterized.TestCase):

  def test_defaults_are_those_of_the_released_program(self):
    config = captioner.Config(3904, 4000)
    shapes = jax.eval_shape(lambda: captioner.init(jax.random.key(0), config))
    self.assertEqual(shapes.query.kernel.shape, (512, 512))
    self.assertEqual(shapes.gate.kernel.shape, (512, 3904))
    self.assertEqual(shapes.cell.input.shape, (4, 128 + 3904, 512))
    self.assertIsNone(shapes.cell.readout)

  def test_order_of_regions_is_nothing_and_attention_adds_up(self):
    params = captioner.init(jax.random.key(0), _SMALL)
    features = jax.random.normal(jax.random.key(1), (5, 4))
    tokens = jnp.array([3, 5, 1])
    out = _caption(params, features, tokens, _SMALL)
    order = jnp.array([3, 0, 4, 1, 2])
    turned = _caption(params, features[order], tokens, _SMALL)
    np.testing.assert_allclose(out.log_probs, turned.log_probs, atol=2e-6)
    np.testing.assert_allclose(
        out.attention[:, order], turned.attention, atol=2e-6
    )
    np.testing.assert_allclose(out.attention.sum(1), 1, rtol=1e-6)
    dropped = _caption(params, features, tokens, _SMALL, jax.random.key(2))
    self.assertGreater(jnp.abs(dropped.log_probs - out.log_probs).max(), 0.01)
    np.testing.assert_array_equal(dropped.attention, out.attention)

  def test_penalty_is_zero_when_all_regions_are_attended_to_alike(self):
    penalty = captioner.doubly_stochastic_penalty
    self.assertAlmostEqual(float(penalty(jnp.full((4, 4), 0.25))), 0)
    first = jnp.zeros((4, 4)).at[:, 0].set(1)
    self.assertAlmostEqual(float(penalty(first)), (9 + 3) / 4)

  def test_it_overfits_four_pairs(self):
    features = jax.random.normal(jax.random.key(1), (4, 3, 4))
    tokens = jnp.array([[3, 1, 2], [4, 5, 1], [5, 1, 2], [3, 4, 1]])
    optimizer = optax.adam(0.03)

    def loss(params):
      out = jax.vmap(lambda v, y: _caption(params, v, y, _SMALL))(
          features, tokens
      )
      said = jax.vmap(
          lambda p, y: decoding.sequence_log_probability(p, y, _STOP)
      )(out.log_probs, tokens)
      return -jnp.mean(said)

    def step(carry, _):
      params, memory = carry
      change, memory = optimizer.update(jax.grad(loss)(params), memory)
      return (optax.apply_updates(params, change), memory), None

    params: Any = captioner.init(jax.random.key(0), _SMALL)
    begin = params, optimizer.init(params)
    (params, _), _ = jax.jit(
        lambda carry: jax.lax.scan(step, carry, length=150)
    )(begin)
    self.assertLess(float(loss(params)), 0.05)

    def greedy(v):
      state = captioner.initial_state(params, v, _SMALL)
      return decoding.beam_search(
          lambda s, y: _words(captioner.step(params, s, y, v, _SMALL)),
          state, start=_START, stop=_STOP, beam=1, length=3,
      ).tokens[0]  # fmt: skip

    said = jax.vmap(greedy)(features)
    kept = decoding.until_stop(tokens, _STOP)
    np.testing.assert_array_equal(said[kept], tokens[kept])

  def test_bad_input(self):
    params = captioner.init(jax.random.key(0), _SMALL)
    with self.assertRaisesRegex(ValueError, r'\[k, num_features=4\], got'):
      captioner.initial_state(params, jnp.zeros((2, 5)), _SMALL)
    with self.assertRaisesRegex(ValueError, 'at least one region'):
      captioner.initial_state(params, jnp.zeros((0, 4)), _SMALL)
    with self.assertRaisesRegex(ValueError, r'tokens must be in \[0, 6\)'):
      _caption(params, jnp.zeros((2, 4)), jnp.array([6, 1]), _SMALL)
    with self.assertRaisesRegex(ValueError, 'Config.dropout_rate must be'):
      captioner.Config(4, 6, dropout_rate=1.0)


class LanguageModelTest(absltest.TestCase):

  def test_layers_are_lstms_one_on_the_other(self):
    config = language.Config(7, 5, 3)
    params = language.init(jax.random.key(0), config)
    tokens = jnp.array([0, 3, 6])
    _, log_probs = language.unroll(
        params, language.initial_state(config), tokens, config
    )
    x = params.embedding[tokens]
    for layer, inputs in zip(params.layers, (3, 5), strict=True):
      cell = lstm.Config(inputs, 5, 5)
      layer = layer._replace(readout=jnp.eye(5), readout_bias=jnp.zeros(5))
      _, x = lstm.unroll(layer, lstm.initial_state(cell), x, cell)
    logits = x @ params.output.kernel + params.output.bias[None]
    expected = jax.nn.log_softmax(logits)
    np.testing.assert_allclose(log_probs, expected, atol=1e-6)
    _, dropped = language.unroll(
        params, language.initial_state(config), tokens, config,
        key=jax.random.key(1),
    )  # fmt: skip
    self.assertGreater(jnp.abs(dropped - log_probs).max(), 1e-3)


class DecodingTest(parameterized.TestCase):
  _LENGTH = 3

  def _model(self, seed=0, size=4):
    """Returns a step whose state is all that was said, and its table."""
    table = 2 * jax.random.normal(jax.random.key(seed), (size,) * 3)
    table = jax.nn.log_softmax(table)
    step = lambda state, y: (y, table[state, y])
    return step, np.asarray(table)

  def _every(self, table):
    """Scores all descriptions by hand: {words until stop: log-probability}."""
    found = {}
    for words in itertools.product(range(len(table)), repeat=self._LENGTH):
      end = words.index(_STOP) + 1 if _STOP in words else len(words)
      before, last, total = _START, _START, 0.0
      for word in words[:end]:
        total += table[before, last, word]
        before, last = last, word
      found[words[:end]] = total
    return found

  def _search(self, step, beam):
    run = jax.jit(
        lambda: decoding.beam_search(
            step, jnp.int32(_START), start=_START, stop=_STOP, beam=beam,
            length=self._LENGTH,
        )
    )  # fmt: skip
    beams = run()
    ends = decoding.until_stop(beams.tokens, _STOP)
    words = [
        tuple(row[kept].tolist())
        for row, kept in zip(*map(np.array, (beams.tokens, ends)), strict=True)
    ]
    return words, np.asarray(beams.scores)

  @parameterized.parameters(0, 1)
  def test_wide_enough_it_finds_all_in_order(self, seed):
    step, table = self._model(seed)
    expected = self._every(table)
    words, scores = self._search(step, 4**self._LENGTH)
    known = np.isfinite(scores)
    self.assertEqual(known.sum(), len(expected))
    self.assertEqual(set(words[: len(expected)]), set(expected))
    self.assertEqual(words[0], max(expected, key=lambda w: expected[w]))
    np.testing.assert_allclose(
        scores[known], sorted(expected.values(), reverse=True), rtol=1e-5
    )

  @parameterized.parameters(0, 1, 2)
  def test_one_beam_is_greedy(self, seed):
    step, table = self._model(seed)
    before, last, greedy = _START, _START, []
    while len(greedy) < self._LENGTH and greedy[-1:] != [_STOP]:
      word = int(table[before, last].argmax())
      before, last = last, word
      greedy.append(word)
    (words,), _ = self._search(step, 1)
    self.assertEqual(words, tuple(greedy))

  def test_some_beams_are_distinct_and_sorted(self):
    words, scores = self._search(self._model(3)[0], 5)
    self.assertLen(set(words), 5)
    self.assertTrue(np.all(np.diff(scores) <= 0))

  def test_what_follows_the_stop_does_not_count(self):
    log_probs = jnp.log(jnp.full((4, 3), 0.5).at[3].set(0.0))
    score = decoding.sequence_log_probability
    for tail in (0, 2):
      got = score(log_probs, jnp.array([2, 2, _STOP, tail]), _STOP)
      np.testing.assert_allclose(got, 3 * np.log(0.5), rtol=1e-6)
    never = score(log_probs, jnp.array([2, 2, 2, 2]), _STOP)
    self.assertEqual(float(never), -np.inf)

  def test_weight_of_wpmi(self):
    beams = decoding.Beams(
        jnp.arange(4)[:, None], jnp.array([-1.0, -2.0, -3.0, -jnp.inf])
    )
    prior = jnp.array([-1.0, -30.0, -40.0, -jnp.inf])
    for weight, best in ((0.0, 0), (0.05, 1), (100.0, 2)):
      words, score = decoding.rerank(beams, prior, weight)
      self.assertEqual(int(words[0]), best)
      self.assertTrue(np.isfinite(score))

  def test_bad_input(self):
    step, _ = self._model()
    with self.assertRaisesRegex(ValueError, 'beam must be at least 1, got 0'):
      self._search(step, 0)
    with self.assertRaisesRegex(ValueError, r'stop must be in \[0, 4\), got 9'):
      decoding.beam_search(step, jnp.int32(0), start=0, stop=9)


class DescriberTest(absltest.TestCase):

  def test_description_and_its_costs(self):
    config = describer.Config(4, 6, 8, 5, length=3, beam=200, weight=0.5)
    params = describer.init_models(jax.random.key(0), config)
    features = jax.random.normal(jax.random.key(1), (3, 4))
    words = np.array(list(itertools.product(range(6), repeat=3)), np.int32)
    # Beams as many as beginnings: the best of all is found.
    pay = jax.vmap(lambda y: describer.costs(params, features, y, config))
    paid = jax.jit(pay)(jnp.asarray(words))
    size = np.array(decoding.until_stop(jnp.asarray(words), _STOP)).sum(1)
    said = jax.jit(lambda v: describer.describe(params, v, config))(features)
    likely = -size * np.asarray(paid.caption)
    score = likely + 0.5 * size * np.asarray(paid.language)
    kept = lambda row: tuple(
        row[np.asarray(decoding.until_stop(jnp.asarray(row), _STOP))]
    )
    for got, scores in ((said.likelihood, likely), (said.wpmi, score)):
      self.assertEqual(kept(np.asarray(got)), kept(words[scores.argmax()]))
    self.assertEqual(paid.penalty.shape, (216,))
    with self.assertRaisesRegex(ValueError, r'\[k, num_features=4\], got'):
      describer.describe(params, features[:, :3], config)


def _words(stepped):
  state, out = stepped
  return state, out.log_probs


if __name__ == '__main__':
  absltest.main()
