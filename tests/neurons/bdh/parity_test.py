"""BDH against the authors' PyTorch code (see tests/fixtures/README.md).

Tolerances are about four times what two float32 implementations of the same
function differ by: the authors' own float32 logits are up to 1.7e-6, their
loss 1.4e-6, their gradients 1e-6 of the largest entry from float64.
"""

import dataclasses
import functools
import pathlib

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np
import optax

from nmlib.neurons import bdh

_FORMS = ('parallel', 'chunked', 'recurrent')
_PLAIN = ('base', 'one_layer', 'odd_t', 'heads8', 'long')
_LOGITS = 1e-5
_LOSS = 5e-6
_RELATIVE = 5e-6  # of the largest entry: gradients and states


@functools.cache
def _load(name):
  folder = pathlib.Path(__file__).parents[2] / 'fixtures'
  with np.load(folder / f'bdh_official_{name}.npz') as arrays:
    arrays = dict(arrays)
  config = bdh.Config(
      vocab_size=int(arrays['cfg_vocab_size']),
      embed_dim=int(arrays['cfg_n_embd']),
      num_heads=int(arrays['cfg_n_head']),
      num_neurons=int(arrays['cfg_mult'] * arrays['cfg_n_embd']),
      num_layers=int(arrays['cfg_n_layer']),
      chunk_size=7,  # divides none of the lengths
  )
  return arrays, config


def _official(arrays, prefix='param_'):
  names = {'embed': 'embed.weight'}
  found = {
      names.get(k[len(prefix) :], k[len(prefix) :]): v
      for k, v in arrays.items()
      if k.startswith(prefix)
  }
  return found | {'attn.freqs': arrays['rope_freqs'].reshape(1, 1, 1, -1)}


def _params(arrays, config, prefix='param_'):
  return bdh.params_from_official(_official(arrays, prefix), config)


def _loss(params, tokens, targets, config, form='parallel'):
  one = lambda x, y: bdh.loss(params, x, y, config, form=form)
  return jnp.mean(jax.vmap(one)(tokens, targets))


class ParityTest(parameterized.TestCase):

  def assert_near_relative(self, actual, expected, name):
    scale = np.abs(expected).max()
    self.assertGreater(scale, 0)
    np.testing.assert_allclose(
        actual, expected, rtol=0, atol=_RELATIVE * scale, err_msg=name
    )

  @parameterized.product(name=_PLAIN, form=_FORMS)
  def test_logits_loss_and_gradients(self, name, form):
    arrays, config = _load(name)
    params = _params(arrays, config)

    @jax.jit
    def program(params, tokens, targets):
      run = lambda x: bdh.apply(params, x, config, form=form).logits
      both = jax.value_and_grad(_loss)(params, tokens, targets, config, form)
      return jax.vmap(run)(tokens), *both

    logits, loss, grads = program(params, arrays['tokens'], arrays['targets'])
    np.testing.assert_allclose(logits, arrays['logits'], rtol=0, atol=_LOGITS)
    np.testing.assert_allclose(
        logits, arrays['logits_f64'], rtol=0, atol=_LOGITS
    )
    np.testing.assert_allclose(loss, arrays['loss'], rtol=0, atol=_LOSS)
    np.testing.assert_allclose(loss, arrays['loss_f64'], rtol=0, atol=_LOSS)
    grads = bdh.params_to_official(grads, config)
    for key, expected in _official(arrays, 'grad_').items():
      if key != 'attn.freqs':
        self.assert_near_relative(grads[key], expected, key)

  @parameterized.product(name=('one_layer', 'odd_t'), form=_FORMS)
  def test_intermediates_and_synaptic_states(self, name, form):
    arrays, config = _load(name)
    params = _params(arrays, config)
    captures = dict(  # ours: theirs
        x='x_sparse', q='qr', a='attn', y_ungated='y_sparse', y='xy', u='ymlp'
    )
    run = lambda x: bdh.apply(
        params, x, config, form=form, capture=(*captures, 'v')
    )
    out = jax.jit(jax.vmap(run))(arrays['tokens'])
    order = np.argsort(bdh.neuron_order(config))
    checked = 0
    for layer in range(config.num_layers):
      expected = arrays[f'mid_rho_{layer}']
      self.assert_near_relative(
          out.state.rho[:, layer][:, :, order], expected, f'rho {layer}'
      )
      for ours, theirs in captures.items():
        if f'mid_{theirs}_{layer}' not in arrays:
          continue
        actual = np.asarray(out.captured[ours][:, layer])
        if ours in ('x', 'q', 'y', 'y_ungated'):
          actual = actual[..., order]
        expected = arrays[f'mid_{theirs}_{layer}'].reshape(actual.shape)
        self.assert_near_relative(actual, expected, f'{ours} {layer}')
        checked += 1
    for layer in range(config.num_layers + 1):
      if f'mid_v{layer}' in arrays:
        actual = out.captured['v'][:, layer]
        expected = arrays[f'mid_v{layer}'].reshape(actual.shape)
        self.assert_near_relative(actual, expected, f'v {layer}')
        checked += 1
    self.assertEqual(checked, 8 if name == 'one_layer' else 0)
    np.testing.assert_array_equal(out.state.position, arrays['tokens'].shape[1])

  @parameterized.parameters(*_FORMS)
  def test_eight_steps_of_adamw_with_decay_on_everything(self, form):
    arrays, config = _load('adamw')
    params = _params(arrays, config)
    optimizer = optax.adamw(
        float(arrays['lr']),
        b1=float(arrays['b1']),
        b2=float(arrays['b2']),
        eps=float(arrays['eps']),
        weight_decay=float(arrays['weight_decay']),
    )
    opt_state, losses = optimizer.init(params), []

    @jax.jit
    def train_step(params, opt_state, tokens, targets):
      loss, grads = jax.value_and_grad(_loss)(
          params, tokens, targets, config, form
      )
      updates, opt_state = optimizer.update(grads, opt_state, params)
      return optax.apply_updates(params, updates), opt_state, loss

    for tokens, targets in zip(
        arrays['tokens'], arrays['targets'], strict=True
    ):
      params, opt_state, loss = train_step(params, opt_state, tokens, targets)
      losses.append(float(loss))
    np.testing.assert_allclose(losses, arrays['losses'], rtol=0, atol=1e-5)
    ours = bdh.params_to_official(params, config)
    theirs = _official(arrays, 'final_param_')
    # Adam divides by sqrt(v): where a gradient is about 1e-8, rounding flips
    # an update of the size of the learning rate, 1e-3. Mostly in the encoder.
    for name, expected in theirs.items():
      atol = 5e-4 if name == 'encoder' else 5e-5
      if name == 'attn.freqs':
        atol = 0  # no optimizer can reach the frequencies
      np.testing.assert_allclose(
          ours[name], expected, rtol=0, atol=atol, err_msg=name
      )

  @parameterized.parameters(4, 100)
  def test_greedy_continuation(self, chunk_size):
    # A chunk of 4 cuts the prompt of 7; the smallest margin between the two
    # most likely tokens is 1e-3, a thousand times the error of a logit.
    arrays, config = _load('long')
    out = bdh.generate(
        _params(arrays, config),
        arrays['prompt'][0],
        arrays['greedy'].shape[1],
        dataclasses.replace(config, chunk_size=chunk_size),
        temperature=0,
    )
    np.testing.assert_array_equal(out, arrays['greedy'][0])

  @parameterized.parameters(*_FORMS)
  def test_merged_models(self, form):
    arrays, config = _load('merge')
    a, b = (_params(arrays, config, f'{m}_param_') for m in 'ab')

    def logits(params, config):
      run = lambda x: bdh.apply(params, x, config, form=form).logits
      return jax.jit(jax.vmap(run))(arrays['tokens'])

    twice = bdh.merged_config(config, 2)
    for actual, name, atol in (
        (logits(a, config), 'a_logits', _LOGITS),
        (logits(b, config), 'b_logits', _LOGITS),
        (logits(bdh.merge([a, b]), twice), 'merged_ab_logits', _LOGITS),
        (logits(bdh.merge([a, a]), twice), 'merged_aa_logits', _LOGITS),
        # Exact only for epsilon -> 0; the authors' code differs by 9.7e-4.
        (logits(bdh.merge([a, a]), twice), 'a_logits', 2e-3),
    ):
      np.testing.assert_allclose(
          actual, arrays[name], rtol=0, atol=atol, err_msg=name
      )

  def test_three_merged_models_in_float64(self):
    # Phases are float32 in both, cosines one unit in their last place apart.
    with jax.enable_x64(True):
      arrays, config = _load('merge3')
      config = dataclasses.replace(config, param_dtype='float64')
      models = [_params(arrays, config, f'{m}_param_') for m in 'abc']
      thrice = bdh.merged_config(config, 3)
      merged = bdh.merge(models, [config] * 3)
      tokens, targets = arrays['tokens'], arrays['targets']
      run = lambda p, c: jax.vmap(lambda x: bdh.apply(p, x, c).logits)(tokens)
      for params, expected in zip(
          models, arrays['alone_logits_f64'], strict=True
      ):
        logits = run(params, config)
        np.testing.assert_allclose(logits, expected, rtol=0, atol=2e-6)
      logits = run(merged, thrice)
      np.testing.assert_allclose(
          logits, arrays['merged_logits_f64'], rtol=0, atol=2e-6
      )
      loss, grads = jax.value_and_grad(_loss)(merged, tokens, targets, thrice)
      np.testing.assert_allclose(loss, arrays['loss_f64'], rtol=0, atol=2e-7)
      decoder = bdh.params_to_official(grads, thrice)['decoder']
      self.assert_near_relative(decoder, arrays['grad_decoder_f64'], 'decoder')

  def test_two_hundred_steps_of_adamw_in_float64(self):
    with jax.enable_x64(True):
      arrays, config = _load('training')
      config = dataclasses.replace(config, param_dtype='float64')
      params = _params(arrays, config)
      optimizer = optax.adamw(
          float(arrays['lr']), weight_decay=float(arrays['weight_decay'])
      )

      def train_step(carry, tokens):
        params, opt_state = carry
        loss, grads = jax.value_and_grad(_loss)(
            params, tokens[:, :-1], tokens[:, 1:], config
        )
        updates, opt_state = optimizer.update(grads, opt_state, params)
        return (optax.apply_updates(params, updates), opt_state), loss

      (params, _), losses = jax.jit(
          functools.partial(jax.lax.scan, train_step)
      )((params, optimizer.init(params)), arrays['tokens'].astype(np.int32))
      expected = arrays['losses_f64']
      self.assertLess(expected[-1], expected[0] - 0.5)
      np.testing.assert_allclose(losses, expected, rtol=0, atol=1e-7)
      ours = bdh.params_to_official(params, config)
      for name, value in _official(arrays, 'final_param_').items():
        self.assert_near_relative(ours[name], value, name)

  @parameterized.parameters('one_layer', 'odd_t', 'adamw')
  def test_frequencies_to_the_last_bit(self, name):
    arrays, config = _load(name)
    frequencies = bdh.frequencies(config)
    np.testing.assert_array_equal(
        frequencies, arrays['rope_freqs'][bdh.neuron_order(config)]
    )

  @parameterized.product(name=('heads8', 'odd_t'), blocks=(1, 2, 4))
  def test_weights_return_to_the_authors_layout_unchanged(self, name, blocks):
    arrays, config = _load(name)
    config = dataclasses.replace(config, blocks_per_head=blocks)
    theirs = _official(arrays)
    ours = bdh.params_to_official(_params(arrays, config), config)
    self.assertCountEqual(ours, theirs)
    for key, value in theirs.items():
      np.testing.assert_array_equal(ours[key], value, err_msg=key)

  def test_merged_weights_return_to_the_authors_layout(self):
    arrays, config = _load('merge')
    a, b = (_params(arrays, config, f'{m}_param_') for m in 'ab')
    twice = bdh.merged_config(config, 2)
    merged = bdh.params_to_official(bdh.merge([a, b]), twice)
    np.testing.assert_array_equal(
        merged['encoder'],
        np.concatenate(
            [arrays['a_param_encoder'], arrays['b_param_encoder']], axis=2
        ),
    )
    h, d = config.num_heads, config.embed_dim
    np.testing.assert_array_equal(
        merged['decoder'].reshape(h, 2, -1, d)[:, 1].reshape(-1, d),
        arrays['b_param_decoder'],
    )
    np.testing.assert_array_equal(
        merged['attn.freqs'].reshape(2, -1), [arrays['rope_freqs']] * 2
    )
    back = bdh.params_from_official(merged, twice)
    np.testing.assert_array_equal(back.decoder, bdh.merge([a, b]).decoder)


class OfficialErrorsTest(parameterized.TestCase):

  @parameterized.named_parameters(
      (
          'missing',
          lambda a: a.pop('lm_head'),
          r"official BDH weights lack \['lm_head'\]; got",
      ),
      (
          'unknown',
          lambda a: a.update(bias=np.zeros(3)),
          r"official BDH weights have no \['bias'\]",
      ),
      (
          'misshapen',
          lambda a: a.update(decoder=a['decoder'].T),
          r"'decoder' must have the shape \(256, 32\) for this config",
      ),
      (
          'not_finite',
          lambda a: a.update(encoder=a['encoder'] * np.nan),
          "'encoder' holds NaN or infinity",
      ),
      (
          'too_few_frequencies',
          lambda a: a.update({'attn.freqs': np.ones(4)}),
          "'attn.freqs' must have 256 numbers for this config, got the shape",
      ),
      (
          'merged_frequencies',
          lambda a: a.update(
              {
                  'attn.freqs': np.tile(
                      bdh.params_to_official(
                          bdh.init(jax.random.key(0), _MERGED), _MERGED
                      )['attn.freqs'].reshape(2, -1)[0],
                      2,
                  )
              }
          ),
          'it starts anew 2 time.s., so perhaps num_merged=2',
      ),
  )
  def test_bad_weights_say_what_and_why(self, change, message):
    arrays, config = _load('odd_t')
    arrays = _official(arrays)
    change(arrays)
    with self.assertRaisesRegex(ValueError, message):
      bdh.params_from_official(arrays, config)

  def test_frequencies_may_be_absent(self):
    arrays, config = _load('odd_t')
    with_buffer = _params(arrays, config)
    arrays = _official(arrays)
    del arrays['attn.freqs']
    without = bdh.params_from_official(arrays, config)
    jax.tree.map(np.testing.assert_array_equal, with_buffer, without)


_MERGED = bdh.Config(97, 32, 1, 256, 3, num_merged=2)


if __name__ == '__main__':
  absltest.main()
