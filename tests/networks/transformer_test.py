"""The instrumented Transformer: recorded sites, options, real weights."""

import dataclasses
import functools
from typing import Any

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nmlib.data.text import llama2c
from nmlib.data.text import tokenizers
from nmlib.networks import bert
from nmlib.networks import gpt2
from nmlib.networks import llama
from nmlib.networks import transformer
from nmlib.neurons import sites
from tests.networks import recorded_transformer

_SIZES = dict(num_layers=2, width=8, num_heads=4, mlp_dim=12, max_length=7)
_GPT2 = transformer.Config(11, **_SIZES)
_LLAMA = transformer.Config(
    11, num_kv_heads=2, norm='rms', positions='rotary', gated=True,
    activation='silu', qkv_bias=False, out_bias=False, mlp_bias=False,
    output='separate', **_SIZES,
)  # fmt: skip
_BERT = transformer.Config(
    11, causal=False, norm_place='post', token_types=2, activation='gelu',
    output='none', epsilon=1e-12, **_SIZES,
)  # fmt: skip
_FAMILIES = {
    'gpt2': (gpt2, _GPT2),
    'llama': (llama, _LLAMA),
    'bert': (bert, _BERT),
}
_TOKENS = jnp.array([3, 1, 4, 1, 5])


def _params(config, scale=10.0):
  # Weights as drawn are too small for attention to differ from a mean.
  params = transformer.init(jax.random.key(0), config)
  keys = iter(jax.random.split(jax.random.key(1), 99))
  noise = lambda leaf: leaf * scale ** (leaf.ndim > 2) + 0.1 * (
      jax.random.normal(next(keys), leaf.shape, leaf.dtype)
  )
  return jax.tree.map(noise, params)


def _apply(config, params, tokens, **options) -> Any:
  return transformer.apply(params, tokens, config, **options)


def _double(config):
  return dataclasses.replace(config, param_dtype='float64')


class RecordedTest(absltest.TestCase):

  def test_every_site_is_the_recorded_one(self):
    with jax.enable_x64(True):
      stored, params, config = recorded_transformer.load()
      names = sorted(
          {name.split('.')[1] for name in stored if name.startswith('cache.')}
      )
      network = functools.partial(_apply, config, params)
      run = lambda tokens: sites.run(network, tokens, capture=tuple(names))
      out, seen = jax.jit(jax.vmap(run))(stored['clean'])
      np.testing.assert_allclose(
          out.logits, stored['logits_clean'], rtol=0, atol=1e-11
      )
      self.assertLen(names, 11)
      for name in names:
        for layer in range(2):
          np.testing.assert_allclose(
              seen[name][:, layer], stored[f'cache.{name}.{layer}'],
              rtol=0, atol=1e-11,
          )  # fmt: skip


class SitesTest(parameterized.TestCase):

  @parameterized.named_parameters(
      (name, config) for name, (_, config) in _FAMILIES.items()
  )
  def test_sites_are_what_the_table_says(self, config):
    params = _params(config)
    network = functools.partial(_apply, config, params)
    t, d, h, g, k, m = 5, 8, 4, config.kv_heads, 2, 12
    shapes = {
        'resid_pre': (t, d), 'ln_scale_1': (t, 1), 'q': (t, h, k),
        'k': (t, g, k), 'v': (t, g, k), 'scores': (h, t, t),
        'pattern': (h, t, t), 'z': (t, h, k), 'attn_out': (t, d),
        'resid_mid': (t, d), 'ln_scale_2': (t, 1), 'mlp_post': (t, m),
        'mlp_out': (t, d), 'resid_post': (t, d),
    }  # fmt: skip
    if config.gated:
      shapes |= {'gate_post': (t, m), 'up': (t, m)}
      shapes |= {'q_rot': (t, h, k), 'k_rot': (t, g, k)}
    else:
      shapes['mlp_pre'] = (t, m)
    last = {'embed': (t, d), 'final': (t, d)}
    if config.norm_place == 'pre':
      last['ln_scale_final'] = (t, 1)
    found = sites.find(network, _TOKENS)
    layered = {n: s.shape for n, s in found.items() if s.uses == 2}
    self.assertEqual(layered, shapes)
    alone = {n: s.shape for n, s in found.items() if s.uses is None}
    self.assertEqual(alone, last)
    # What is defined by others is what they make of it.
    everything = tuple(found)
    out, seen = sites.run(network, _TOKENS, capture=everything)
    plain = network(_TOKENS)
    np.testing.assert_array_equal(out.final, plain.final)
    np.testing.assert_allclose(seen['pattern'].sum(-1), 1, rtol=1e-5)
    v = jnp.repeat(seen['v'], h // g, 2)
    z = jnp.einsum('lhts,lshk->lthk', seen['pattern'], v)
    np.testing.assert_allclose(seen['z'], z, rtol=1e-4, atol=1e-5)
    if config.gated:
      np.testing.assert_allclose(
          seen['mlp_post'], seen['gate_post'] * seen['up'], rtol=1e-5
      )
    if config.norm_place == 'pre':
      np.testing.assert_allclose(
          seen['resid_post'],
          seen['resid_pre'] + seen['attn_out'] + seen['mlp_out'],
          rtol=1e-4, atol=1e-5,
      )  # fmt: skip

  @parameterized.named_parameters(
      (name, config) for name, (_, config) in _FAMILIES.items()
  )
  def test_gradients_of_added_values_are_differences(self, config):
    with jax.enable_x64(True):
      config = _double(config)
      params = _params(config)
      network = functools.partial(_apply, config, params)
      found = sites.find(network, _TOKENS)
      weights = jax.random.normal(jax.random.key(2), (5, 8))

      def measure(adds):
        edits = {name: sites.Edit(add=add) for name, add in adds.items()}
        return jnp.sum(weights * sites.run(network, _TOKENS, edits=edits)[0][1])

      at = {
          name: jnp.zeros((*([site.uses] if site.uses else []), *site.shape))
          for name, site in found.items()
      }
      slopes = jax.jit(jax.grad(measure))(at)
      measured = jax.jit(measure)
      for i, name in enumerate(at):
        direction = jax.random.normal(jax.random.key(i), at[name].shape)
        moved = [
            measured(at | {name: sign * 1e-5 * direction}) for sign in (1, -1)
        ]
        # Central differences of step 1e-5 are right to about 1e-9.
        np.testing.assert_allclose(
            (moved[0] - moved[1]) / 2e-5, jnp.sum(slopes[name] * direction),
            rtol=1e-5, atol=1e-7, err_msg=name,
        )  # fmt: skip

  def test_it_resumes_above_a_layer_and_reads_few_positions(self):
    params = _params(_LLAMA)
    network = functools.partial(_apply, _LLAMA, params)

    @jax.jit
    def run(tokens):
      out, seen = sites.run(network, tokens, capture=('resid_pre/1',))
      start = transformer.Start(1, seen['resid_pre/1'])
      few = jnp.array([-1, 2])
      return out, network(tokens, start=start, positions=few)

    out, later = run(_TOKENS)
    np.testing.assert_allclose(
        later.logits, out.logits[jnp.array([-1, 2])], rtol=1e-5, atol=1e-5
    )


class OptionsTest(parameterized.TestCase):

  def test_a_causal_model_reads_no_later_tokens(self):
    for config, same in ((_LLAMA, True), (_BERT, False)):
      network = functools.partial(_apply, config, _params(config))
      short, long = network(_TOKENS[:3]).final, network(_TOKENS).final[:3]
      self.assertEqual(bool(np.allclose(short, long, atol=1e-5)), same)

  def test_masked_tokens_are_not_read(self):
    network = functools.partial(_apply, _BERT, _params(_BERT))
    padded = jnp.concatenate([_TOKENS, jnp.array([9, 9])])
    mask = jnp.arange(7) < 5
    np.testing.assert_allclose(
        network(padded, mask=mask).final[:5], network(_TOKENS).final,
        rtol=1e-5, atol=1e-5,
    )  # fmt: skip

  def test_a_token_that_may_read_none_reads_nothing(self):
    params = _params(_LLAMA)  # causal: of padding on the left
    mask = jnp.arange(5) >= 2

    def run(params, mask):
      network = lambda tokens, site: transformer.apply(
          params, tokens, _LLAMA, mask=mask, site=site
      )
      out, seen = sites.run(network, _TOKENS, capture=('pattern', 'attn_out'))
      return jnp.sum(out.final), seen

    slope, seen = jax.jit(jax.grad(run, has_aux=True))(params, mask)
    np.testing.assert_array_equal(seen['pattern'][:, :, :2], 0)
    np.testing.assert_allclose(seen['pattern'][:, :, 2:].sum(-1), 1, rtol=1e-5)
    np.testing.assert_array_equal(seen['attn_out'][:, :2], 0)
    for leaf in jax.tree.leaves(slope):
      self.assertTrue(np.all(np.isfinite(leaf)))

  def test_pairs_and_halves_are_one_function_of_permuted_weights(self):
    # The head has two pairs of numbers only where it is four wide.
    wide = dataclasses.replace(_LLAMA, head_dim=4)
    params = _params(wide)
    order = jnp.array([0, 2, 1, 3])
    move = lambda linear: linear._replace(kernel=linear.kernel[..., order])
    layers = params.layers._replace(
        query=move(params.layers.query), key=move(params.layers.key)
    )
    pairs = dataclasses.replace(wide, positions='rotary_pairs')
    np.testing.assert_allclose(
        _apply(pairs, params._replace(layers=layers), _TOKENS).logits,
        _apply(wide, params, _TOKENS).logits, rtol=1e-5, atol=1e-5,
    )  # fmt: skip

  def test_only_distances_matter_to_rotary_scores(self):
    capture = ('scores/0',)
    params = _params(_LLAMA)
    network = functools.partial(_apply, _LLAMA, params)
    tokens = jnp.array([3, 1, 3, 1, 3])
    scores = sites.run(network, tokens, capture=capture)[1]['scores/0']
    np.testing.assert_allclose(
        scores[:, 2:, 2:], scores[:, :3, :3], rtol=1e-4, atol=1e-5
    )

  def test_greedy_text_is_the_argmax_of_each_prefix(self):
    params = _params(_LLAMA)
    text = transformer.generate(params, _TOKENS[:2], 5, _LLAMA)
    logits = _apply(_LLAMA, params, text).logits
    np.testing.assert_array_equal(text[2:], jnp.argmax(logits[1:-1], -1))
    np.testing.assert_array_equal(text[:2], _TOKENS[:2])

  def test_text_that_an_edited_model_writes(self):
    params = _params(_LLAMA)
    scale = jnp.ones((2, 1, 12)).at[1].set(-9)
    edits = {'mlp_post': sites.Edit(scale=scale)}
    text = transformer.generate(params, _TOKENS[:2], 4, _LLAMA, edits=edits)
    # What units say times a factor is what is read of them times it.
    down = params.layers.mlp_out
    down = down._replace(kernel=down.kernel.at[1].multiply(-9))
    loud = params._replace(layers=params.layers._replace(mlp_out=down))
    plain = transformer.generate(loud, _TOKENS[:2], 4, _LLAMA)
    np.testing.assert_array_equal(text, plain)
    whole = transformer.generate(params, _TOKENS[:2], 4, _LLAMA)
    self.assertFalse(bool(jnp.array_equal(text, whole)))

  def test_a_tied_output_is_untied(self):
    params = _params(_GPT2)
    loose, config = transformer.untie(params, _GPT2)
    self.assertEqual(config.output, 'separate')
    np.testing.assert_array_equal(
        _apply(config, loose, _TOKENS).logits,
        _apply(_GPT2, params, _TOKENS).logits,
    )
    # A change of what is said is none of what is read.
    none = loose._replace(
        output=loose.output._replace(kernel=jnp.zeros_like(params.embed.T))
    )
    out = _apply(config, none, _TOKENS)
    self.assertFalse(bool(out.logits.any()))
    np.testing.assert_array_equal(
        out.final, _apply(_GPT2, params, _TOKENS).final
    )
    again = transformer.untie(loose, config)
    self.assertEqual(again[1], config)

  @parameterized.parameters(
      (dict(tokens=jnp.array([0, 11])), r'\[0, 11\), got 11 at \[1\]'),
      (dict(tokens=jnp.zeros(8, int)), 'max_length=7 in number, got 8'),
      (dict(tokens=jnp.zeros(0, int)), 'got 0'),
      (dict(mask=jnp.ones(3, bool)), 'mask must be'),
      (dict(mask=jnp.array([0, -jnp.inf, 0, 0, 0])), r'mask must be in \[0, 1'),
      (dict(positions=jnp.array([5])), r'positions must be in \[0, 5\), got 5'),
      (dict(positions=jnp.array([-6])), r'got -1'),
      (dict(config=dataclasses.replace(_GPT2, num_heads=2)), 'belong together'),
      (
          dict(config=dataclasses.replace(_GPT2, num_layers=1)),
          'belong together',
      ),
      (dict(token_types=_TOKENS), 'token_types must be None'),
      (dict(start=transformer.Start(2, jnp.zeros((5, 8)))), 'start.layer'),
      (dict(start=transformer.Start(1, jnp.zeros((5, 9)))), 'start.resid'),
  )
  def test_bad_input_is_refused(self, options, message):
    options = {'tokens': _TOKENS, 'config': _GPT2} | options
    params = transformer.init(jax.random.key(0), _GPT2)
    with self.assertRaisesRegex(ValueError, message):
      _apply(params=params, **options)

  @parameterized.parameters(
      (dict(width=10), 'width must be a multiple of num_heads=4'),
      (dict(num_kv_heads=3), 'num_kv_heads must divide num_heads=4, got 3'),
      (dict(head_dim=3, positions='rotary'), 'head_dim must be even'),
      (dict(output='none', output_bias=True), 'output_bias must be False'),
  )
  def test_bad_config_is_refused(self, changes, message):
    with self.assertRaisesRegex(ValueError, message):
      dataclasses.replace(_GPT2, **changes)


class OfficialTest(parameterized.TestCase):

  @parameterized.named_parameters(
      (name, *pair) for name, pair in _FAMILIES.items()
  )
  def test_weights_go_out_and_come_back(self, module, config):
    params = _params(config)
    arrays = module.params_to_official(params, config)
    again = module.params_from_official(arrays, config)
    jax.tree.map(np.testing.assert_array_equal, params, again)
    name = next(n for n in arrays if 'weight' in n and arrays[n].ndim == 2)
    bad = arrays | {name: arrays[name][:, 1:]}
    with self.assertRaisesRegex(ValueError, f"array '{name}' must have shape"):
      module.params_from_official(bad, config)
    more = {'odd.weight': arrays[name]} | arrays
    del more[name]
    with self.assertRaisesRegex(ValueError, f"{name}'.*unexpected .*odd.wei"):
      module.params_from_official(more, config)
    # However many are missing, it stays a sentence.
    with self.assertRaisesRegex(ValueError, r'\] and \d+ more, unexpected no'):
      module.params_from_official({}, config)

  def test_configs_are_read(self):
    small = dict(vocab_size=11, n_layer=2, n_embd=8, n_head=4, n_positions=7)
    self.assertEqual(gpt2.config_from_official(small | {'n_inner': 12}), _GPT2)
    large = dict(
        vocab_size=11, num_hidden_layers=2, hidden_size=8, rope_theta=1e4,
        num_attention_heads=4, num_key_value_heads=2, intermediate_size=12,
        max_position_embeddings=7, rms_norm_eps=1e-5, model_type='mistral',
        hidden_act='silu', rope_scaling=None,
    )  # fmt: skip
    self.assertEqual(llama.config_from_official(large), _LLAMA)
    rope = {'rope_theta': 5e5, 'rope_type': 'default'}
    newer = llama.config_from_official(large | {'rope_parameters': rope})
    self.assertEqual(newer.rotary_base, 5e5)
    for wrong in (
        {'rope_parameters': {'rope_type': 'llama3'}},
        {'partial_rotary_factor': 0.5},
    ):
      with self.assertRaisesRegex(ValueError, 'not supported'):
        llama.config_from_official(large | wrong)
    with self.assertRaisesRegex(ValueError, "model_type='gptj'"):
      gpt2.config_from_official(small | {'model_type': 'gptj'})
    with self.assertRaisesRegex(ValueError, 'rope_scaling=.*not supported'):
      llama.config_from_official(large | {'rope_scaling': {'factor': 2}})
    qwen = llama.config_from_official(large | {'model_type': 'qwen2'})
    self.assertTrue(qwen.qkv_bias)
    encoder = dict(
        vocab_size=11, num_hidden_layers=2, hidden_size=8, type_vocab_size=2,
        num_attention_heads=4, intermediate_size=12, max_position_embeddings=7,
    )  # fmt: skip
    self.assertEqual(bert.config_from_official(encoder), _BERT)
    with self.assertRaisesRegex(ValueError, "model_type='roberta'"):
      bert.config_from_official(encoder | {'model_type': 'roberta'})
    with self.assertRaisesRegex(ValueError, 'of another family'):
      gpt2.params_to_official(
          transformer.init(jax.random.key(0), _LLAMA), _LLAMA
      )
    del encoder['hidden_size']
    with self.assertRaisesRegex(ValueError, "BERT must say 'hidden_size'"):
      bert.config_from_official(encoder)


def test_real_weights_tell_the_published_story(data_folder):
  folder = data_folder / 'tinystories260k'
  if not folder.exists():
    pytest.skip('NMLIB_DATA has no folder tinystories260k')
  model = llama2c.load(folder / 'stories260K.bin')
  config = llama.config_from_official(model.config)
  params = llama.params_from_official(model.arrays, config)
  with np.load(folder / 'reference.npz') as stored:
    prompt, logits = stored['prompt_ids'], stored['prompt_logits']
    greedy = stored['greedy_ids']
  found = _apply(config, params, jnp.asarray(prompt)).logits
  np.testing.assert_allclose(found, logits, rtol=0, atol=1e-4)  # float32
  text = transformer.generate(params, jnp.asarray(greedy[:1]), 256, config)
  np.testing.assert_array_equal(text, greedy)
  tokenizer = tokenizers.load(folder / 'tok512.bin')
  assert tokenizer.encode('Once upon a time') == [403, 407, 261, 378]
  assert len(tokenizer.decode(text.tolist())) == 565


def test_loss_of_a_uniform_model_and_its_weights():
  params = transformer.init(jax.random.key(0), _LLAMA)
  params = params._replace(output=jax.tree.map(jnp.zeros_like, params.output))
  nats = transformer.loss(params, _TOKENS[:-1], _TOKENS[1:], _LLAMA)
  np.testing.assert_allclose(nats, np.log(11), rtol=1e-6)
  params = transformer.init(jax.random.key(0), _GPT2)
  each = transformer.token_losses(params, _TOKENS[:-1], _TOKENS[1:], _GPT2)
  last = transformer.loss(
      params, _TOKENS[:-1], _TOKENS[1:], _GPT2, weights=jnp.array([0, 0, 0, 2])
  )
  np.testing.assert_array_equal(last, each[-1])
  with pytest.raises(ValueError, match='must not all be 0'):
    transformer.loss(
        params, _TOKENS[:-1], _TOKENS[1:], _GPT2, weights=jnp.zeros(4)
    )


def test_the_last_layer_says_what_the_network_says():
  for config in (_LLAMA, _GPT2):
    params = transformer.init(jax.random.key(0), config)
    tokens, targets = _TOKENS[:-1], _TOKENS[1:]
    last, first = (
        transformer.late_and_early_losses(
            params, tokens, targets, targets, config, layer
        )
        for layer in (config.num_layers - 1, 0)
    )
    np.testing.assert_allclose(last[1], last[0], rtol=1e-6)
    np.testing.assert_array_equal(first[0], last[0])
    assert (np.asarray(first[1]) != np.asarray(last[1])).all()
  with pytest.raises(ValueError, match=r'layer must be in \[0, '):
    transformer.late_and_early_losses(
        params, tokens, targets, targets, config, config.num_layers
    )


def test_a_damaged_file_of_llama2c_is_refused(tmp_path):
  header = np.array([4, 6, 1, 2, 1, 5, 3], '<i4').tobytes()
  (tmp_path / 'short.bin').write_bytes(header + b'1234')
  with pytest.raises(ValueError, match='bytes by its header, got 32'):
    llama2c.load(tmp_path / 'short.bin')
  (tmp_path / 'none.bin').write_bytes(b'')
  with pytest.raises(ValueError, match='no file of llama2.c'):
    llama2c.load(tmp_path / 'none.bin')


if __name__ == '__main__':
  absltest.main()
