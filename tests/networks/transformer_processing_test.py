"""Weights processed: the same function, of simpler parts."""

import dataclasses
from typing import Any

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.networks import transformer
from nmlib.neurons import sites

_SIZES = dict(num_layers=2, width=8, num_heads=4, mlp_dim=12, max_length=5)
_GPT2 = transformer.Config(11, param_dtype='float64', **_SIZES)
_LLAMA = dataclasses.replace(
    _GPT2, num_kv_heads=2, norm='rms', positions='rotary', gated=True,
    qkv_bias=False, out_bias=False, mlp_bias=False,
)  # fmt: skip
_CONFIGS = {
    'gpt2': _GPT2,
    'untied, with a bias': dataclasses.replace(
        _GPT2, output='separate', output_bias=True
    ),
    'no biases but of norms': dataclasses.replace(
        _GPT2, qkv_bias=False, out_bias=False, mlp_bias=False, gated=True
    ),
    'llama': _LLAMA,
}
_TOKENS = jnp.array([3, 1, 4, 1, 5])


def _params(config):
  """Returns weights of size 1, norms and biases included."""
  params = transformer.init(jax.random.key(0), config)
  keys = iter(jax.random.split(jax.random.key(1), 99))
  draw = lambda leaf: jax.random.normal(next(keys), leaf.shape, leaf.dtype)
  return jax.tree.map(draw, params)


def _log_probabilities(params, config):
  out: Any = transformer.apply(params, _TOKENS, config)
  return jax.nn.log_softmax(out.logits)


class ProcessingTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    self.enter_context(jax.enable_x64(True))

  @parameterized.parameters(*_CONFIGS)
  def test_log_softmax_stays(self, name):
    config = _CONFIGS[name]
    params = _params(config)
    expected = _log_probabilities(params, config)
    steps = [transformer.fold_layer_norm, transformer.center_unembedding]
    if config.norm == 'layer':
      steps.append(transformer.center_writing_weights)
    for step in steps:  # alone, and then one after the other
      found = _log_probabilities(*step(params, config))
      np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
    for step in steps:
      params, config = step(params, config)
    found = _log_probabilities(params, config)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
    self.assertEqual(config.output, 'separate')

  def test_what_processing_is_for(self):
    params: Any
    params, config = transformer.simplified(_params(_GPT2), _GPT2)
    found = _log_probabilities(params, config)
    expected = _log_probabilities(_params(_GPT2), _GPT2)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
    layers = params.layers
    norms: Any = layers.norm_1, layers.norm_2, params.final_norm
    for norm in norms:
      np.testing.assert_array_equal(norm.scale, jnp.ones_like(norm.scale))
      np.testing.assert_array_equal(norm.bias, jnp.zeros_like(norm.bias))
    network = lambda tokens, site: transformer.apply(
        params, tokens, config, site=site
    )
    out, seen = sites.run(
        network, _TOKENS, capture=('embed', 'attn_out', 'mlp_out')
    )
    for value in seen.values():
      np.testing.assert_allclose(jnp.mean(value, -1), 0, atol=1e-12)
    np.testing.assert_allclose(jnp.mean(out.logits, -1), 0, atol=1e-12)

  def test_untied_output_is_the_embedding(self):
    params: Any
    params, config = transformer.untie(_params(_GPT2), _GPT2)
    embed = params.embed
    assert embed is not None
    np.testing.assert_array_equal(params.output.kernel, embed.T)
    again, same = transformer.untie(params, config)
    self.assertIs(again, params)
    self.assertIs(same, config)

  def test_what_would_not_be_exact_is_refused(self):
    post = dataclasses.replace(
        _GPT2, norm_place='post', causal=False, output='none'
    )
    params = _params(post)
    with self.assertRaisesRegex(ValueError, "fold_layer_norm needs .*'pre'"):
      transformer.fold_layer_norm(params, post)
    with self.assertRaisesRegex(ValueError, "center_writing_w.* needs .*'pre'"):
      transformer.center_writing_weights(params, post)
    with self.assertRaisesRegex(ValueError, 'needs an output'):
      transformer.center_unembedding(params, post)
    with self.assertRaisesRegex(ValueError, "norm='layer'.*got 'rms'"):
      transformer.center_writing_weights(_params(_LLAMA), _LLAMA)
    with self.assertRaisesRegex(ValueError, 'do not belong together'):
      transformer.fold_layer_norm(params, _GPT2)


if __name__ == '__main__':
  absltest.main()
