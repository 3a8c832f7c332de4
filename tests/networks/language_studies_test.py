"""Marked words of a language model: texts, what is inside, what changes do."""

import functools

from absl.testing import absltest
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.analysis import deactivation
from nmlib.analysis import expert_changes
from nmlib.analysis import language_survey
from nmlib.analysis import language_texts
from nmlib.analysis import output_svd
from nmlib.networks import language_effects
from nmlib.networks import marked_texts
from nmlib.networks import marked_words
from nmlib.networks import transformer
from nmlib.neurons import sites

_MODEL = transformer.Config(9, 2, 8, 2, max_length=6, output='separate')
_WORDS = marked_texts.patterns([[2], [3, 4]])


_judge = jax.jit(marked_words.judge, static_argnums=(5, 6))


def _params(seed=0):
  return transformer.init(jax.random.key(seed), _MODEL)


def _texts():
  draw = lambda i, *shape: jax.random.randint(jax.random.key(i), shape, 0, 9)
  return marked_texts.Texts(
      draw(1, 10, 2), draw(2, 4, 2), draw(3, 4, 6), draw(4, 4, 6),
      draw(5, 2, 6, 6), jnp.arange(12).reshape(2, 6) % 2 == 0, _WORDS,
  )  # fmt: skip


def _plain(count):
  """Returns changes of nothing, [count, ...]."""
  return expert_changes.Change(
      jnp.ones((count, 8)), jnp.ones((count, 2, 32)), jnp.zeros((count, 2, 8))
  )


class MarkedTextsTest(absltest.TestCase):

  def test_patterns_are_filled_up(self):
    np.testing.assert_array_equal(_WORDS, [[2, -1], [3, 4]])

  def test_stories_are_split_by_their_words(self):
    told = jax.random.randint(jax.random.key(0), (40, 5), 2, 9)
    options = dict(num_prompts=8, num_judged=3, prompt_length=3)
    text = marked_texts.split(told, jnp.array([[2]]), **options)
    many = (text.prompts == 2).sum(1)
    self.assertEqual(text.prompts.shape, (3, 3))
    self.assertTrue(np.all(np.diff(many) <= 0))
    self.assertFalse(bool((text.neutral == 2).any()))
    np.testing.assert_array_equal((text.corpora == 2).any(-1), text.labels)
    with self.assertRaisesRegex(ValueError, 'Take other --config.words'):
      marked_texts.split(told, jnp.array([[99]]), **options)

  def test_prompts_that_are_asked_come_by_their_ends(self):
    told = jax.random.randint(jax.random.key(0), (40, 5), 2, 9)
    options = dict(num_prompts=8, num_judged=3, prompt_length=3)
    asked = [[1, 2, 3, 4], [5, 6, 7]]
    text = marked_texts.split(told, jnp.array([[2]]), asked, **options)
    ends = [[2, 3, 4], [5, 6, 7]]
    np.testing.assert_array_equal(text.prompts, [*ends, ends[0]])
    np.testing.assert_array_equal(text.mixed[::2], [*ends, *ends])
    np.testing.assert_array_equal(text.mixed[1::2], told[1:8:2, :3])
    with self.assertRaisesRegex(ValueError, '3 tokens or more each, got 2'):
      marked_texts.split(told, jnp.array([[2]]), [[1, 2]], **options)

  def test_what_a_model_tells_begins_as_asked(self):
    told = marked_texts.told(_params(), _MODEL, 1, 5, 6, jax.random.key(0))
    self.assertEqual(told.shape, (5, 6))
    np.testing.assert_array_equal(told[:, 0], 1)
    self.assertGreater(len(np.unique(told, axis=0)), 1)


class MarkedWordsTest(absltest.TestCase):

  def test_states_are_those_of_the_model(self):
    params, texts = _params(), _texts()
    collect = jax.jit(marked_words.collect, static_argnums=(3, 4))
    seen = collect(params, jax.random.key(1), texts, _MODEL, 4)
    self.assertEqual(seen.marked.shape, (10,))
    network = functools.partial(transformer.apply, params, config=_MODEL)
    _, inside = sites.run(
        network, texts.corpora[1, 3], capture=('mlp_post', 'resid_post')
    )
    np.testing.assert_allclose(
        seen.highest[1, 3], inside['mlp_post'].max(1), atol=1e-5
    )
    np.testing.assert_allclose(
        seen.means[1, 3, -2:], inside['resid_post'].mean(1), atol=1e-5
    )
    # Where a word is about to be said, the last layer's residual is what the
    # last norm reads.
    norm = lambda x: (x - x.mean()) / jnp.sqrt(x.var() + _MODEL.epsilon)
    np.testing.assert_allclose(
        seen.state, jax.vmap(norm)(seen.resid[:, -1]), atol=1e-5
    )

  def test_perplexity_of_no_change_and_of_no_output(self):
    params, texts = _params(), _texts()
    parts = output_svd.decompose(jnp.asarray(params.output.kernel).T)
    changes = _plain(2)
    changes = changes._replace(gains=changes.gains.at[1].set(0.0))
    found = _judge(params, parts, changes, jax.random.key(1), texts, _MODEL, 4)
    nats = jax.vmap(lambda t: transformer.token_losses(
        params, t[:-1], t[1:], _MODEL)
    )(texts.neutral)  # fmt: skip
    np.testing.assert_allclose(
        found['tokens'][0], np.exp(nats.mean()), rtol=1e-4
    )
    expected = np.exp(nats.mean(1)).mean()
    np.testing.assert_allclose(found['sentences'][0], expected, rtol=1e-4)
    for name in ('sentences', 'tokens', 'general'):
      np.testing.assert_allclose(found[name][1], 9, rtol=1e-5)

  def test_a_method_is_judged_at_the_strength_that_was_chosen(self):
    params = jax.tree.map(lambda *x: jnp.stack(x), _params(0), _params(1))
    parts = jax.vmap(output_svd.decompose)(params.output.kernel.mT)
    one = _plain(3)  # none, and two methods: one does little, one too much
    gains = one.gains.at[1, 7].set(0.99).at[2].set(0.0)
    changes = jax.tree.map(
        lambda x: jnp.stack([x, x]), one._replace(gains=gains)
    )
    texts, keys = _texts(), jax.random.split(jax.random.key(2), 2)
    tried, index, judged = marked_words.judge_chosen(
        params, parts, changes, keys, texts, model=_MODEL, num_tokens=4,
        num_tried=2, strengths=1, limit=0.1,
    )  # fmt: skip
    np.testing.assert_array_equal(
        index,
        expert_changes.within_limit(tried['sentences'], tried['rate'], 1, 0.1),
    )
    for seed in range(2):
      row = lambda tree, i=seed: jax.tree.map(lambda x: x[i], tree)
      chosen = jax.tree.map(lambda x, i=seed: x[i, index[i]], changes)
      again = _judge(
          row(params), row(parts), chosen, keys[seed],
          texts.rows(slice(2, None)), _MODEL, 4,
      )  # fmt: skip
      for name, values in again.items():
        np.testing.assert_allclose(judged[name][seed], values, rtol=1e-4)


class LanguageEffectsTest(absltest.TestCase):

  def test_effects_are_of_masks_put_out(self):
    model = transformer.Config(
        9, 2, 8, 2, mlp_dim=6, norm='rms', positions='rotary', gated=True,
        max_length=8,
    )  # fmt: skip
    params = jax.vmap(lambda key: transformer.init(key, model))(
        jax.random.split(jax.random.key(0), 2)
    )
    params = transformer.scaled(params, 4.0)
    rows = [
        [([1, 2], [3, 4, 5]), ([6], [7])],
        [([8, 1, 2], [3, 1]), ([4], [5, 6])],
    ]
    texts = language_texts.padded(rows)
    select = language_survey.Selection(0.3, 0.7, 1.0)
    found = language_effects.find(params, texts, model, select)
    one = jax.tree.map(lambda leaf: leaf[1], params)
    run = sites.runner(functools.partial(transformer.apply, one, config=model))
    counts = language_texts.counts(run, texts)
    totals = jnp.asarray(texts.response).sum((1, 2))
    of, masks = language_survey.summary(counts, totals, select)
    np.testing.assert_array_equal(found['profile'][1], of['profile'])
    losses = lambda edits: np.concatenate(
        language_texts.losses(run, texts, edits)
    )
    np.testing.assert_allclose(found['before'][1], losses({}), rtol=1e-5)
    for kind in (1, 3):
      for language in range(2):
        edits = deactivation.deactivate(masks[kind, language])
        np.testing.assert_allclose(
            found['own'][1, kind, language],
            losses(edits) - found['before'][1],
            atol=1e-5,
        )
    none = language_effects.find(params, texts, model, select, put_out=False)
    self.assertEqual(none['own'].shape, (2, 0, 2, 4))
    np.testing.assert_array_equal(none['selected'], found['selected'])


class ScaledTest(absltest.TestCase):

  def test_norms_and_perceptrons_stay(self):
    params = _params()
    again = transformer.scaled(params, 3.0)
    for kept in (False, True):
      pick = lambda of, kept=kept: (
          (of.layers.mlp_in, of.layers.mlp_out, of.final_norm)
          if kept
          else (of.embed, of.output.kernel, of.layers.query)
      )
      factor = 1 if kept else 3
      jax.tree.map(
          lambda a, b, f=factor: np.testing.assert_allclose(a, f * b),
          pick(again), pick(params),
      )  # fmt: skip
    every = transformer.scaled(params, 3.0, kept=['norm'])
    np.testing.assert_allclose(
        every.layers.mlp_in.kernel, 3 * params.layers.mlp_in.kernel
    )
    jax.tree.map(
        np.testing.assert_array_equal, every.final_norm, params.final_norm
    )


if __name__ == '__main__':
  absltest.main()
