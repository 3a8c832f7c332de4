"""BDH: what must hold of it whatever its weights, in float64 where exact."""

import dataclasses
import functools
from typing import Any

from absl.testing import absltest
from absl.testing import parameterized
import chex
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import optax

from nmlib.neurons import bdh

_FORMS = ('parallel', 'chunked', 'recurrent')
_CONFIG = bdh.Config(
    vocab_size=11,
    embed_dim=8,
    num_heads=2,
    num_neurons=48,
    num_layers=2,
    chunk_size=4,
    exact_phases=True,
    param_dtype='float64',
)
_EXACT = dataclasses.replace(_CONFIG, epsilon=1e-30)  # scale invariance
_SINGLE = dataclasses.replace(
    _CONFIG, param_dtype='float32', exact_phases=False
)
# Errors of float64 sums of a few hundred terms of order 1, through two layers.
_CLOSE = dict(rtol=0, atol=1e-11)
_SEEDS = st.integers(0, 2**31 - 1)
_few = settings(max_examples=6, deadline=None)


def _params(seed, config=_CONFIG, dtype=np.float64):
  """Weights large enough for activations to be well above epsilon."""
  name = 'float32' if dtype == np.float32 else 'float64'
  config = dataclasses.replace(config, param_dtype=name)
  params = bdh.init(jax.random.key(seed), config)
  scaled = zip((4, 4, 6, 20, 10), params, strict=True)
  return bdh.Params(*(jnp.asarray(s * np.array(a, dtype)) for s, a in scaled))


_value_and_grad = jax.jit(
    jax.value_and_grad(bdh.loss), static_argnames=('config', 'form')
)


def _tokens(seed, length=10):
  rng = np.random.default_rng(seed)
  return jnp.asarray(rng.integers(0, _CONFIG.vocab_size, length), jnp.int32)


def _logits(params, tokens, config=_CONFIG, **kwargs):
  run = jax.jit(bdh.apply, static_argnames=('config', 'form', 'capture'))
  return np.asarray(run(params, tokens, config=config, **kwargs).logits)


def _oracle(params, tokens, config):
  """The equations, token by token, in NumPy: logits [T, V]."""
  p = jax.tree.map(lambda a: np.asarray(a, np.float64), params)
  frequency = np.float64(bdh.frequencies(config)).reshape(2, -1)[0]
  relu = lambda z: np.maximum(z, 0)

  def norm(z):
    z = z - z.mean(-1, keepdims=True)
    return z / np.sqrt((z * z).mean(-1, keepdims=True) + config.epsilon)

  rho = np.zeros((config.num_layers, *p.decoder.shape))
  logits = []
  for t, token in enumerate(np.asarray(tokens)):
    turn = np.exp(2j * np.pi * t * frequency)
    v, x = norm(p.embed[token]), 0.0
    for memory in rho:
      fired = relu(np.einsum('d,hdn->hn', v, p.encoder))
      x = x + fired if config.residual == 'neuron' else fired
      first, second = np.split(x, 2, axis=-1)
      z = (first + 1j * second) * turn
      q = np.concatenate([z.real, z.imag], axis=-1)
      a = np.einsum('hn,hnd->hd', q, memory)
      memory += np.einsum('hn,d->hnd', q, v)
      memory *= np.exp(-config.decay)
      y = relu(np.einsum('hd,hdn->hn', norm(a), p.encoder_v)) * x
      u = norm(np.einsum('hn,hnd->d', y, p.decoder))
      v = u if config.residual == 'neuron' else norm(v + u)
    logits.append(v @ p.lm_head)
  return np.stack(logits)


@functools.partial(jax.jit, static_argnums=2)
@functools.partial(jax.value_and_grad, has_aux=True)
def _two_windows(params, tokens, form):
  """Runs over both rows of tokens [2, T], the state carried on."""
  config = dataclasses.replace(_CONFIG, decay=0.01, dropout_rate=0.3)
  kwargs = dict(form=form, key=jax.random.key(1), capture=('q', 'u'))
  a = bdh.apply(params, tokens[0], config, **kwargs)
  b = bdh.apply(params, tokens[1], config, state=a.state, **kwargs)
  return jnp.sum(jnp.cos(b.logits)) + jnp.sum(b.state.rho), (a, b)


class EquationsTest(parameterized.TestCase):

  @parameterized.product(
      form=_FORMS, residual=('value', 'neuron'), decay=(0.0, 0.1)
  )
  def test_every_form_equals_the_equations_in_numpy(
      self, form, residual, decay
  ):
    config = dataclasses.replace(
        _SINGLE, residual=residual, decay=decay, num_layers=3
    )
    params, tokens = _params(0, dtype=np.float32), _tokens(0)
    actual = _logits(params, tokens, config, form=form)
    # float32 against float64, as in the parity tests.
    np.testing.assert_allclose(
        actual, _oracle(params, tokens, config), rtol=0, atol=2e-5
    )

  @parameterized.product(
      remat=('none', 'wide', 'all'),
      scan_layers=(False, True),
      residual=('value', 'neuron'),
  )
  def test_how_layers_are_run_changes_nothing(
      self, remat, scan_layers, residual
  ):
    key = jax.random.key(3)
    tokens = _tokens(0)

    def grads(**kwargs):
      config = dataclasses.replace(_CONFIG, residual=residual, **kwargs)
      run = lambda p: bdh.loss(p, tokens[:-1], tokens[1:], config, key=key)
      return jax.jit(jax.grad(run))(_params(0))

    with jax.enable_x64(True):
      chex.assert_trees_all_close(
          grads(remat=remat, scan_layers=scan_layers),
          grads(remat='none', scan_layers=False),
          **_CLOSE,
      )

  @parameterized.parameters(*_FORMS)
  @_few
  @given(seed=_SEEDS, length=st.sampled_from([1, 6, 8]))
  def test_forms_agree_with_states_captures_gradients_and_dropout(
      self, form, seed, length
  ):
    tokens = _tokens(seed, 2 * length).reshape(2, length)
    with jax.enable_x64(True):
      actual = _two_windows(_params(seed), tokens, form)
      expected = _two_windows(_params(seed), tokens, 'parallel')
      # Gradients of sums of thousands of terms.
      chex.assert_trees_all_close(actual, expected, rtol=1e-9, atol=1e-9)
    (_, (_, last)), _ = actual
    self.assertEqual(int(last.state.position), 2 * length)

  def test_scanning_step_equals_unroll(self):
    params, tokens = _params(0, dtype=np.float32), _tokens(1, 9)
    state = bdh.initial_state(_SINGLE)
    scanned = jax.lax.scan(
        lambda s, x: bdh.step(params, s, x, _SINGLE), state, tokens
    )
    # float32 sums in another order.
    chex.assert_trees_all_close(
        scanned, bdh.unroll(params, state, tokens, _SINGLE), rtol=0, atol=2e-5
    )

  def test_detached_keys_and_values_change_gradients_only(self):
    params, tokens = _params(0, dtype=np.float32), _tokens(2)
    detached = dataclasses.replace(_SINGLE, detach=True)
    grads = {}
    for name, config, form in (
        ('full', _SINGLE, 'parallel'),
        ('detached', detached, 'parallel'),
        ('recurrent', detached, 'recurrent'),
    ):
      loss, grads[name] = _value_and_grad(
          params, tokens[:-1], tokens[1:], config, form=form
      )
      np.testing.assert_allclose(  # the same function, in float32
          loss, bdh.loss(params, tokens[:-1], tokens[1:], _SINGLE), rtol=1e-6
      )
    chex.assert_trees_all_close(
        grads['detached'], grads['recurrent'], rtol=0, atol=2e-5
    )
    gap = jax.tree.map(
        lambda a, b: float(jnp.abs(a - b).max() / jnp.abs(a).max()),
        grads['full'],
        grads['detached'],
    )
    self.assertGreater(gap.encoder, 0.01)

  def test_nothing_is_backpropagated_through_time_when_detached(self):
    # With keys and values detached, the loss of the last token does not
    # depend, for its gradient, on the embedding of an earlier token.
    config = dataclasses.replace(_SINGLE, detach=True)
    params, tokens = _params(0, dtype=np.float32), jnp.array([3, 4, 5])

    def last(embed, config):
      out = bdh.apply(params._replace(embed=embed), tokens, config)
      return jnp.sum(jnp.cos(out.logits[-1]))

    grad = jax.grad(last)(params.embed, config)
    np.testing.assert_array_equal(grad[3:5], 0)
    self.assertGreater(np.abs(grad[5]).max(), 0)
    self.assertGreater(
        np.abs(jax.grad(last)(params.embed, _SINGLE)[3]).max(), 0
    )


class InvariantsTest(parameterized.TestCase):

  @_few
  @given(seed=_SEEDS)
  def test_first_logits_depend_on_the_token_alone(self, seed):
    with jax.enable_x64(True):
      params, tokens = _params(seed), _tokens(seed)
      logits = _logits(params, tokens)
    z = np.asarray(params.embed)[tokens[0]]
    for _ in range(_CONFIG.num_layers + 1):
      z = (z - z.mean()) / np.sqrt(z.var() + _CONFIG.epsilon)
    expected = z @ np.asarray(params.lm_head)
    np.testing.assert_allclose(logits[0], expected, **_CLOSE)

  @_few
  @given(seed=_SEEDS, shift=st.integers(0, 2**31 - 100))
  def test_shift_of_all_positions_changes_nothing(self, seed, shift):
    with jax.enable_x64(True):
      params, tokens = _params(seed), _tokens(seed)
      moved = bdh.initial_state(_CONFIG)._replace(position=jnp.int32(shift))
      np.testing.assert_allclose(
          _logits(params, tokens, state=moved),
          _logits(params, tokens),
          **_CLOSE,
      )

  @_few
  @given(
      seed=_SEEDS,
      name=st.sampled_from(['encoder', 'encoder_v', 'decoder']),
      scale=st.floats(0.25, 4),
  )
  def test_scale_of_a_matrix_of_neurons_changes_nothing(
      self, seed, name, scale
  ):
    with jax.enable_x64(True):
      params, tokens = _params(seed), _tokens(seed)
      scaled = params._replace(**{name: scale * getattr(params, name)})
      np.testing.assert_allclose(
          _logits(scaled, tokens, _EXACT),
          _logits(params, tokens, _EXACT),
          rtol=0,
          atol=1e-9,  # of logits of order 100
      )

  @_few
  @given(seed=_SEEDS)
  def test_gradients_are_orthogonal_to_scale_free_weights(self, seed):
    with jax.enable_x64(True):
      params, tokens = _params(seed), _tokens(seed)
      _, grads = _value_and_grad(params, tokens[:-1], tokens[1:], _EXACT)
      for name in ('encoder', 'encoder_v', 'decoder'):
        w, g = (np.ravel(getattr(p, name)) for p in (params, grads))
        self.assertGreater(np.linalg.norm(g), 0)
        cosine = w @ g / np.linalg.norm(w) / np.linalg.norm(g)
        self.assertLess(abs(cosine), 1e-10)

  @_few
  @given(seed=_SEEDS)
  def test_permuted_heads_and_rescaled_neurons_change_nothing(self, seed):
    rng = np.random.default_rng(seed)
    c = rng.uniform(0.5, 2, size=(2, 1, 24))
    with jax.enable_x64(True):
      params, tokens = _params(seed), _tokens(seed)
      other = params._replace(
          encoder=params.encoder[::-1],
          encoder_v=(params.encoder_v * c)[::-1],
          decoder=(params.decoder / c.swapaxes(1, 2))[::-1],
      )
      np.testing.assert_allclose(
          _logits(other, tokens), _logits(params, tokens), **_CLOSE
      )

  @_few
  @given(seed=_SEEDS)
  def test_silent_neurons_change_nothing(self, seed):
    twice = bdh.merged_config(_CONFIG, 2)
    with jax.enable_x64(True):
      params, tokens = _params(seed), _tokens(seed)
      silent = jax.tree.map(jnp.zeros_like, params)
      both = bdh.merge([params, silent])._replace(
          embed=params.embed, lm_head=params.lm_head
      )
      np.testing.assert_allclose(
          _logits(both, tokens, twice), _logits(params, tokens), **_CLOSE
      )

  @_few
  @given(seed=_SEEDS, blocks=st.sampled_from([2, 3, 4, 12]))
  def test_storage_order_changes_nothing(self, seed, blocks):
    stored = dataclasses.replace(_CONFIG, blocks_per_head=blocks)
    with jax.enable_x64(True):
      official = bdh.params_to_official(_params(seed), _CONFIG)
      other, params = (
          bdh.params_from_official(official, c) for c in (stored, _CONFIG)
      )
      tokens = _tokens(seed)
      np.testing.assert_allclose(
          _logits(other, tokens, stored), _logits(params, tokens), **_CLOSE
      )

  @_few
  @given(seed=_SEEDS)
  def test_model_merged_with_itself_is_itself(self, seed):
    with jax.enable_x64(True):
      params, tokens = _params(seed), _tokens(seed)
      np.testing.assert_allclose(
          _logits(
              bdh.merge([params] * 3), tokens, bdh.merged_config(_EXACT, 3)
          ),
          _logits(params, tokens, _EXACT),
          rtol=0,
          atol=1e-9,
      )

  @_few
  @given(seed=_SEEDS, t=st.integers(0, 9), form=st.sampled_from(_FORMS))
  def test_no_logit_depends_on_a_later_token(self, seed, t, form):
    with jax.enable_x64(True):
      params, tokens = _params(seed), _tokens(seed)
      other = tokens.at[t].set((tokens[t] + 1) % _CONFIG.vocab_size)
      a, b = (_logits(params, x, form=form) for x in (tokens, other))
      np.testing.assert_allclose(a[:t], b[:t], **_CLOSE)
      self.assertGreater(np.abs(a[t:] - b[t:]).max(axis=1).min(), 1e-6)

  @_few
  @given(seed=_SEEDS, decay=st.sampled_from([0.0, 0.02]))
  def test_gated_activations_are_a_subset_of_activations(self, seed, decay):
    config = dataclasses.replace(_SINGLE, decay=decay)
    params = _params(seed, dtype=np.float32)
    captured = bdh.apply(
        params,
        _tokens(seed),
        config,
        capture=('x', 'y', 'x_active', 'y_active'),
    ).captured
    x, y = captured['x'], captured['y']
    self.assertGreaterEqual(x.min(), 0)
    np.testing.assert_array_equal(y * (x == 0), 0)
    for name, a in (('x_active', x), ('y_active', y)):
      np.testing.assert_allclose(  # a float32 mean of zeros and ones
          captured[name], np.moveaxis(np.mean(a > 0, -1), 1, 2), rtol=1e-6
      )
    self.assertLess(np.mean(y > 0), np.mean(x > 0))

  @parameterized.parameters(False, True)
  @_few
  @given(seed=_SEEDS)
  def test_rebased_state_continues_the_same_stream(self, exact, seed):
    config = dataclasses.replace(_CONFIG, exact_phases=exact, decay=0.02)
    with jax.enable_x64(True):
      params, tokens = _params(seed), _tokens(seed, 20)
      state = bdh.apply(params, tokens[:9], config).state
      rebased = bdh.rebase_state(state, config)
      self.assertEqual(int(rebased.position), 0)
      # float32 phases of up to 20 rad have errors of up to 2e-6 rad.
      atol = 1e-11 if exact else 1e-3
      np.testing.assert_allclose(
          _logits(params, tokens[9:], config, state=rebased),
          _logits(params, tokens[9:], config, state=state),
          rtol=0,
          atol=atol,
      )


class PrecisionTest(parameterized.TestCase):

  def test_bfloat16_is_near_and_keeps_sums_and_state_in_float32(self):
    tokens = _tokens(0, 32)
    config = dataclasses.replace(_SINGLE, dtype='bfloat16')
    params = _params(0, dtype=np.float32)
    out = bdh.apply(params, tokens, config)
    self.assertEqual(out.logits.dtype, jnp.float32)
    self.assertEqual(out.state.rho.dtype, jnp.float32)
    window = tokens[:-1], tokens[1:]
    loss, grads = _value_and_grad(params, *window, config)
    exact_loss, exact = _value_and_grad(params, *window, _SINGLE)
    # 8 bits an operand, some ten products deep: 4 % of the loss, and
    # gradients that point the same way to 3 % (cosine 0.98).
    np.testing.assert_allclose(loss, exact_loss, rtol=0.04)
    self.assertNotEqual(float(loss), float(exact_loss))
    for g, e in zip(grads, exact, strict=True):
      self.assertEqual(g.dtype, jnp.float32)
      cosine = jnp.vdot(g, e) / jnp.linalg.norm(g) / jnp.linalg.norm(e)
      self.assertGreater(cosine, 0.98)

  def test_twenty_steps_of_adamw_lower_the_loss(self):
    tokens = _tokens(0, 33)
    optimizer = optax.adamw(1e-2)
    for dtype in ('float32', 'bfloat16'):
      config = dataclasses.replace(_SINGLE, dtype=dtype)
      params = bdh.init(jax.random.key(0), config)
      opt_state = optimizer.init(params)

      @jax.jit
      def train_step(params, opt_state, key, config=config):
        run = lambda p: bdh.loss(p, tokens[:-1], tokens[1:], config, key=key)
        loss, grads = jax.value_and_grad(run)(params)
        updates, opt_state = optimizer.update(grads, opt_state, params)
        return optax.apply_updates(params, updates), opt_state, loss

      losses = []
      for key in jax.random.split(jax.random.key(1), 20):
        params, opt_state, loss = train_step(params, opt_state, key)
        losses.append(float(loss))
      # From ln 11 = 2.4; a text of 32 tokens can be learnt by heart.
      self.assertAlmostEqual(losses[0], np.log(11), delta=0.1)
      self.assertLess(losses[-1], losses[0] - 0.2)


class DropoutTest(parameterized.TestCase):

  def test_no_key_is_no_dropout_and_keys_differ(self):
    params, tokens = _params(0, dtype=np.float32), _tokens(0)
    config = dataclasses.replace(_SINGLE, dropout_rate=0.5)
    plain = _logits(params, tokens, config)
    np.testing.assert_array_equal(plain, _logits(params, tokens, _SINGLE))
    a, b = (
        _logits(params, tokens, config, key=jax.random.key(i)) for i in (0, 1)
    )
    self.assertGreater(np.abs(a - plain).max(), 0.1)
    self.assertGreater(np.abs(a - b).max(), 0.1)

  @_few
  @given(chunk_size=st.sampled_from([1, 3, 10]), start=st.integers(0, 1000))
  def test_mask_does_not_depend_on_chunks_or_form(self, chunk_size, start):
    config = dataclasses.replace(
        _CONFIG, dropout_rate=0.5, chunk_size=chunk_size
    )
    with jax.enable_x64(True):
      state = bdh.initial_state(config)._replace(position=jnp.int32(start))
      kwargs = dict(state=state, key=jax.random.key(0))
      params, tokens = _params(0), _tokens(0)
      np.testing.assert_allclose(
          _logits(params, tokens, config, form='chunked', **kwargs),
          _logits(params, tokens, _drop(config), **kwargs),
          **_CLOSE,
      )

  def test_activity_is_counted_before_dropout(self):
    params, tokens = _params(0, dtype=np.float32), _tokens(0)
    config = dataclasses.replace(_SINGLE, dropout_rate=0.9, num_layers=1)
    names = ('y', 'y_active')
    plain, dropped = (
        bdh.apply(params, tokens, config, key=key, capture=names).captured
        for key in (None, jax.random.key(0))
    )
    chex.assert_trees_all_equal(plain, dropped)


def _drop(config):
  return dataclasses.replace(config, chunk_size=5)


class ParamsTest(parameterized.TestCase):

  def test_init_is_normal_with_deviation_two_hundredths(self):
    config = bdh.Config(embed_dim=32, num_neurons=1024)
    params = bdh.init(jax.random.key(0), config)
    shapes = [a.shape for a in params]
    self.assertEqual(
        shapes,
        [(4, 32, 256), (4, 32, 256), (4, 256, 32), (256, 32), (32, 256)],
    )
    for a in params:
      # Five standard errors of 8192 samples or more.
      self.assertLess(abs(float(a.mean())), 5 * 0.02 / 8192**0.5)
      self.assertAlmostEqual(float(a.std()) / 0.02, 1, delta=5 / 16384**0.5)
    flat = np.concatenate([np.ravel(a)[:100] for a in params])
    self.assertLen(np.unique(flat), 500)  # no two arrays share a key

  def test_default_size_is_that_of_the_authors(self):
    shapes = jax.eval_shape(lambda: bdh.init(jax.random.key(0), bdh.Config()))
    self.assertEqual(sum(a.size for a in shapes), 25296896)
    self.assertEqual(bdh.num_params(bdh.Config()), 25296896)
    state = jax.eval_shape(lambda: bdh.initial_state(bdh.Config()))
    self.assertEqual(state.rho.size, 6 * 256 * 32768)

  def test_config_is_hashable_and_equal_by_value(self):
    self.assertEqual(hash(_CONFIG), hash(dataclasses.replace(_CONFIG)))
    self.assertEqual(_CONFIG, dataclasses.replace(_CONFIG))

  @parameterized.parameters(
      (dict(num_neurons=36), r'must be a multiple of .* = 8, got 36'),
      (dict(num_merged=3, num_neurons=32), r'multiple of .* = 24, got 32'),
      (dict(dtype='float64'), "dtype must be no wider than .*'float32'"),
  )
  def test_fields_that_do_not_go_together_are_refused(self, kwargs, message):
    with self.assertRaisesRegex(ValueError, message):
      bdh.Config(**kwargs)

  def test_bad_arguments_say_what_and_why(self):
    params, tokens = _params(0, dtype=np.float32), _tokens(0)
    with self.assertRaisesRegex(ValueError, "form must be one of .*'serial'"):
      bdh.apply(params, tokens, _SINGLE, form='serial')
    with self.assertRaisesRegex(ValueError, "no site 'z'; it has v, x, q, a, "):
      bdh.apply(params, tokens, _SINGLE, capture=('z',))
    with self.assertRaisesRegex(ValueError, 'tokens must not be empty'):
      bdh.apply(params, tokens[:0], _SINGLE)
    with self.assertRaisesRegex(ValueError, 'needs at least one model'):
      bdh.merge([])
    config = dataclasses.replace(_CONFIG, param_dtype='float32')
    params: Any = bdh.init(jax.random.key(0), config)
    with self.assertRaisesRegex(ValueError, 'takes a list of models'):
      bdh.merge(params)
    longer = params._replace(decoder=jnp.repeat(params.decoder, 2, axis=1))
    with self.assertRaisesRegex(ValueError, r'decoder must be \[num_heads'):
      bdh.merge(iter([longer]))

  @parameterized.parameters(
      (dict(num_neurons=24), 'equal neurons_per_head, got 24 and 12'),
      (dict(num_heads=4, num_neurons=96), 'equal num_heads, got 2 and 4'),
      (dict(vocab_size=12), 'equal vocab_size, got 11 and 12'),
      (dict(decay=0.1), 'equal decay, got 0.0 and 0.1'),
      (dict(theta=9.0), 'equal theta, got 65536.0 and 9.0'),
      (dict(num_merged=2), 'equal num_merged, got 1 and 2'),
  )
  def test_models_that_do_not_merge_are_refused(self, changes, message):
    configs = _SINGLE, dataclasses.replace(_SINGLE, **changes)
    models = [bdh.init(jax.random.key(0), config) for config in configs]
    with self.assertRaisesRegex(ValueError, message):
      bdh.merge(models, configs)
    with self.assertRaisesRegex(ValueError, 'a config for each model, got 1 '):
      bdh.merge(models, configs[:1])
    bdh.merge(models[:1] * 2, configs[:1] * 2)

  def test_surprisal_is_minus_the_log_of_the_probability(self):
    rng = np.random.default_rng(0)
    logits, targets = 5 * rng.normal(size=(7, 11)), rng.integers(0, 11, 7)
    chance = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    expected = -np.log(chance[np.arange(7), targets])
    with jax.enable_x64(True):
      pair = jnp.asarray(logits), jnp.asarray(targets)
      found, mean = bdh.surprisal(*pair), bdh.cross_entropy(*pair)
      np.testing.assert_allclose(found, expected, rtol=1e-12)
      np.testing.assert_allclose(mean, expected.mean(), rtol=1e-12)

  def test_out_of_range_token_is_not_silent(self):
    params, tokens = _params(0, dtype=np.float32), jnp.array([1, 99])
    state = bdh.initial_state(_SINGLE)
    for call in (
        lambda: bdh.apply(params, tokens, _SINGLE),
        lambda: bdh.unroll(params, state, tokens, _SINGLE),
        lambda: bdh.step(params, state, tokens[1], _SINGLE),
        lambda: bdh.loss(params, tokens[:1], tokens[1:], _SINGLE),
        lambda: bdh.generate(params, tokens, 1, _SINGLE, temperature=0),
    ):
      with self.assertRaisesRegex(ValueError, r'must be in \[0, .*, got 99 at'):
        call()
    # Where it cannot be seen, the logits say so.
    logits = jax.jit(lambda t: bdh.apply(params, t, _SINGLE).logits)(tokens)
    self.assertTrue(np.isnan(logits[1]).all())
    logits = jnp.zeros((2, 11))
    for target, known in ((10, True), (11, False), (-1, False)):
      loss = jax.jit(bdh.cross_entropy)(logits, jnp.array([0, target]))
      self.assertEqual(np.isfinite(loss), known)


if __name__ == '__main__':
  absltest.main()
