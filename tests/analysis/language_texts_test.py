"""Texts by language: counting, losses, padding."""

import functools

from absl.testing import absltest
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.analysis import deactivation
from nmlib.analysis import language_neurons
from nmlib.analysis import language_texts
from nmlib.networks import transformer
from nmlib.neurons import sites

_CONFIG = transformer.Config(
    9, 2, 8, 2, mlp_dim=6, norm='rms', positions='rotary', gated=True,
    max_length=8,
)  # fmt: skip
_ROWS = [
    [([1, 2], [3, 4, 5]), ([6], [7])],
    [([8, 1, 2], [3, 1]), ([4], [5, 6])],
]


class LanguageTextsTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    params = transformer.init(jax.random.key(0), _CONFIG)
    params = jax.tree.map(lambda leaf: 8 * leaf, params)
    self.apply = functools.partial(transformer.apply, params, config=_CONFIG)
    self.run_one = lambda tokens, edits, capture: sites.run(
        self.apply, tokens, edits=edits, capture=capture
    )
    self.texts = language_texts.padded(_ROWS)

  def test_padding(self):
    np.testing.assert_array_equal(
        self.texts.tokens[:, 0], [[1, 2, 3, 4, 5, 0], [8, 1, 2, 3, 1, 0]]
    )
    np.testing.assert_array_equal(
        self.texts.response[:, 0], [[0, 0, 1, 1, 1], [0, 0, 0, 1, 1]]
    )
    np.testing.assert_array_equal(
        self.texts.written[:, 0], [[0, 1, 1, 1, 0], [0, 0, 1, 1, 0]]
    )

  def test_counts_are_those_of_whole_texts_less_prompts(self):
    found = language_texts.counts(self.run_one, self.texts, batch_size=1)
    self.assertEqual(found.shape, (2, 6, 2))

    def active(tokens):
      _, seen = self.run_one(jnp.array(tokens), {}, ('gate_post',))
      whole = jnp.ones(len(tokens), bool)
      return language_neurons.activity_counts(seen['gate_post'], whole)

    for language, texts in enumerate(_ROWS):
      expected = sum(active(a + b) - active(a) for a, b in texts)
      np.testing.assert_array_equal(found[..., language], expected)

  def test_losses_are_those_of_each_response(self):
    mask = jnp.zeros((2, 6), bool).at[0, :3].set(True)
    edits = deactivation.deactivate(mask)
    for edit in ({}, edits):
      nats, right = language_texts.losses(self.run_one, self.texts, edit)
      for language, texts in enumerate(_ROWS):
        lost, hits = [], []
        for prompt, response in texts:
          tokens = jnp.array(prompt + response)
          logits = self.run_one(tokens, edit, ())[0].logits
          rows = jax.nn.log_softmax(logits[len(prompt) - 1 : -1])
          each = jnp.take_along_axis(rows, tokens[len(prompt) :, None], 1)
          lost += (-each[:, 0]).tolist()
          hits.append(jnp.all(jnp.argmax(rows, -1) == tokens[len(prompt) :]))
        np.testing.assert_allclose(nats[language], np.mean(lost), rtol=1e-5)
        self.assertEqual(right[language], np.mean(hits))

  def test_bad_input_is_refused(self):
    with self.assertRaisesRegex(ValueError, r'as many in each.* \[2, 1\]'):
      language_texts.padded([_ROWS[0], _ROWS[1][:1]])
    with self.assertRaisesRegex(ValueError, 'prompt and of response'):
      language_texts.padded([[([], [1])], [([1], [2])]])


if __name__ == '__main__':
  absltest.main()
