"""BDH equals the authors' PyTorch model, in all three forms.

Tolerances: the authors' model in float32 differs from itself in float64 by up
to 2e-6 in a logit and 1e-6 of the largest gradient; ours may differ from it by
a few times that, since sums are taken in another order.
"""

import functools
import pathlib

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np
import optax

from nmlib.neurons import bdh
from nmlib.neurons.bdh import params as bdh_params

_FIXTURES = pathlib.Path(__file__).parents[1] / 'fixtures'
_NAMES = ('base', 'one_layer', 'odd_t', 'heads8', 'long')
_WEIGHTS = ('encoder', 'encoder_v', 'decoder', 'embed.weight', 'lm_head')


def _load(name):
  with np.load(_FIXTURES / f'bdh_official_{name}.npz') as stored:
    return dict(stored)


def _config(fixture, **kwargs):
  width = int(fixture['cfg_n_embd'])
  return bdh.Config(
      vocab_size=int(fixture['cfg_vocab_size']),
      embed_dim=width,
      num_heads=int(fixture['cfg_n_head']),
      num_neurons=int(fixture['cfg_mult']) * width,
      num_layers=int(fixture['cfg_n_layer']),
      dropout_rate=0.0,
      **kwargs,
  )


def _stored(fixture, prefix):
  return {k: fixture[prefix + k.removesuffix('.weight')] for k in _WEIGHTS}


def _params(fixture, config, prefix='param_'):
  return bdh.params_from_official(_stored(fixture, prefix), config)


def _mean_loss(params, tokens, targets, config, form='parallel'):
  loss = functools.partial(bdh.loss, config=config, form=form)
  return jnp.mean(jax.vmap(lambda x, y: loss(params, x, y))(tokens, targets))


class OfficialTest(parameterized.TestCase):

  @parameterized.product(
      name=_NAMES,
      how=(
          ('parallel', True),
          ('parallel', False),
          ('chunked', False),
          ('recurrent', True),
      ),
  )
  def test_logits_loss_and_gradients(self, name, how):
    form, scan = how
    fixture = _load(name)
    config = _config(fixture, chunk_size=7, scan_layers=scan)
    params = _params(fixture, config)
    tokens, targets = jnp.array(fixture['tokens']), jnp.array(
        fixture['targets']
    )
    logits = jax.jit(
        jax.vmap(lambda t: bdh.apply(params, t, config, form=form).logits)
    )(tokens)
    np.testing.assert_allclose(logits, fixture['logits'], rtol=0, atol=1e-5)
    loss, gradient = jax.jit(
        jax.value_and_grad(_mean_loss), static_argnums=(3, 4)
    )(params, tokens, targets, config, form)
    np.testing.assert_allclose(loss, fixture['loss'], rtol=0, atol=5e-6)
    found = bdh.params_to_official(gradient, config)
    for key, expected in _stored(fixture, 'grad_').items():
      scale = np.abs(expected).max()
      np.testing.assert_allclose(
          found[key] / scale, expected / scale, rtol=0, atol=5e-6, err_msg=key
      )

  @parameterized.product(name=('one_layer', 'odd_t'), size=(5, 64))
  def test_intermediates_and_synaptic_state(self, name, size):
    fixture = _load(name)
    config = _config(fixture, chunk_size=size)
    params = _params(fixture, config)
    names = ('v', 'x', 'q', 'a', 'y_ungated', 'y', 'u')
    out = jax.vmap(
        lambda t: bdh.apply(params, t, config, form='chunked', capture=names)
    )(jnp.array(fixture['tokens']))
    order = np.argsort(bdh.neuron_order(config))  # back to the authors'
    theirs = {
        'x': 'mid_x_sparse_{}',
        'q': 'mid_qr_{}',
        'a': 'mid_attn_{}',
        'y_ungated': 'mid_y_sparse_{}',
        'y': 'mid_xy_{}',
        'u': 'mid_ymlp_{}',
    }
    for layer in range(config.num_layers):
      for ours, key in theirs.items():
        key = key.format(layer)
        if key not in fixture:
          continue
        found = out.captured[ours][:, layer]
        if ours in ('x', 'q', 'y_ungated', 'y'):
          found = found[..., order]
        expected = fixture[key].reshape(found.shape)
        scale = np.abs(expected).max()
        np.testing.assert_allclose(
            found / scale, expected / scale, rtol=0, atol=5e-6, err_msg=key
        )
      expected = fixture[f'mid_rho_{layer}']
      scale = np.abs(expected).max()
      np.testing.assert_allclose(
          out.state.rho[:, layer][..., order, :] / scale,
          expected / scale,
          rtol=0,
          atol=5e-6,
      )
    for layer in range(config.num_layers + 1):
      if f'mid_v{layer}' in fixture:
        np.testing.assert_allclose(
            out.captured['v'][:, layer],
            fixture[f'mid_v{layer}'][:, 0],
            rtol=0,
            atol=1e-5,
        )

  def test_adamw_trajectory(self):
    fixture = _load('adamw')
    config = _config(fixture)
    params = _params(fixture, config)
    optimizer = optax.adamw(1e-3, weight_decay=0.1)
    state = optimizer.init(params)

    @jax.jit
    def step(params, state, tokens, targets):
      loss, gradient = jax.value_and_grad(_mean_loss)(
          params, tokens, targets, config
      )
      updates, state = optimizer.update(gradient, state, params)
      return optax.apply_updates(params, updates), state, loss

    losses = []
    for tokens, targets in zip(
        fixture['tokens'], fixture['targets'], strict=True
    ):
      params, state, loss = step(params, state, tokens, targets)
      losses.append(loss)
    np.testing.assert_allclose(losses, fixture['losses'], rtol=0, atol=1e-5)
    found = bdh.params_to_official(params, config)
    for key, expected in _stored(fixture, 'final_param_').items():
      # Adam divides by sqrt(v): where a gradient is about 1e-8, rounding
      # turns an update of the size of the learning rate, 1e-3, around.
      limit = 5e-4 if key == 'encoder' else 5e-5
      np.testing.assert_allclose(
          found[key], expected, rtol=0, atol=limit, err_msg=key
      )

  def test_greedy_continuation(self):
    fixture = _load('long')
    config = _config(fixture)
    params = _params(fixture, config)
    for prompt in (fixture['prompt'][0], list(fixture['prompt'][0])):
      found = bdh.generate(
          params,
          jnp.array(prompt),
          fixture['greedy'].shape[1],
          config,
          temperature=0.0,
      )
      np.testing.assert_array_equal(found, fixture['greedy'][0])

  def test_merging(self):
    fixture = _load('merge')
    config = _config(fixture)
    a, b = (_params(fixture, config, f'{m}_param_') for m in 'ab')
    tokens = jnp.array(fixture['tokens'])
    merged = bdh.merged_config(config, 2)

    def logits(params, config):
      return jax.vmap(lambda t: bdh.apply(params, t, config).logits)(tokens)

    for params, of, key in (
        (a, config, 'a_logits'),
        (b, config, 'b_logits'),
        (bdh.merge([a, b]), merged, 'merged_ab_logits'),
        (bdh.merge([a, a]), merged, 'merged_aa_logits'),
    ):
      np.testing.assert_allclose(
          logits(params, of), fixture[key], rtol=0, atol=1e-5, err_msg=key
      )

  @parameterized.parameters(*_NAMES)
  def test_rotary_frequencies(self, name):
    fixture = _load(name)
    config = _config(fixture)
    order = np.argsort(bdh.neuron_order(config))
    np.testing.assert_allclose(
        bdh.frequencies(config)[order], fixture['rope_freqs'], rtol=0, atol=1e-8
    )

  def test_weights_round_trip_exactly(self):
    fixture = _load('heads8')
    config = _config(fixture)
    back = bdh.params_to_official(_params(fixture, config), config)
    for key, expected in _stored(fixture, 'param_').items():
      np.testing.assert_array_equal(back[key], expected)
    self.assertIs(bdh_params.Params, bdh.Params)

  @parameterized.parameters(
      (lambda w: w.pop('encoder'), 'encoder'),
      (lambda w: w.update(lm_head=np.zeros((2, 2))), 'lm_head'),
      (lambda w: w.update(extra=np.zeros(2)), 'extra'),
  )
  def test_wrong_arrays_are_named(self, change, message):
    fixture = _load('heads8')
    weights = _stored(fixture, 'param_')
    change(weights)
    with self.assertRaisesRegex(ValueError, message):
      bdh.params_from_official(weights, _config(fixture))


if __name__ == '__main__':
  absltest.main()
