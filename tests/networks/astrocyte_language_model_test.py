"""A spiking language model whose state does not grow."""

import dataclasses
from typing import Any

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np
import optax

from nmlib.networks import astrocyte_language_model as lm

_CONFIG = lm.Config(16, 12, 2, 2)
_init = jax.jit(lm.init, static_argnames='config')
_unroll = jax.jit(lm.unroll, static_argnames='config')
_step = jax.jit(lm.step, static_argnames='config')


class AstrocyteLanguageModelTest(parameterized.TestCase):

  def test_token_by_token_is_all_at_once(self):
    params = _init(jax.random.key(0), _CONFIG)
    tokens = jax.random.randint(jax.random.key(1), (20,), 0, 16)
    state, logits = _unroll(params, lm.initial_state(_CONFIG), tokens, _CONFIG)
    now, seen = lm.initial_state(_CONFIG), []
    for token in tokens:
      now, out = _step(params, now, token, _CONFIG)
      seen.append(out)
    np.testing.assert_allclose(np.stack(seen), logits, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(now.astrocyte, state.astrocyte, atol=1e-5)
    half, first = _unroll(
        params, lm.initial_state(_CONFIG), tokens[:7], _CONFIG
    )
    _, second = _unroll(params, half, tokens[7:], _CONFIG)
    np.testing.assert_allclose(
        np.concatenate([first, second]), logits, rtol=1e-4, atol=1e-4
    )

  def test_the_state_is_as_large_after_4096_tokens_as_after_64(self):
    sizes = {lm.state_bytes(_CONFIG, length) for length in (64, 4096)}
    self.assertEqual(sizes, {2 * 2 * 12 * 4})

  def test_text_is_continued_as_the_key_says(self):
    params = _init(jax.random.key(0), _CONFIG)
    prompt = jnp.array([1, 2, 3])
    sample = lambda n, **options: np.asarray(
        lm.generate(params, prompt, n, _CONFIG, **options)
    )
    greedy = sample(6, temperature=0.0)
    state, logits = _unroll(params, lm.initial_state(_CONFIG), prompt, _CONFIG)
    for token in greedy:
      self.assertEqual(token, int(jnp.argmax(logits[-1])))
      state, logits = _unroll(params, state, jnp.array([token]), _CONFIG)
    key = jax.random.key(4)
    long = sample(12, key=key)
    np.testing.assert_array_equal(sample(6, key=key), long[:6])
    np.testing.assert_array_equal(sample(6, key=key, top_k=1), greedy)
    other = sample(12, key=jax.random.key(5))
    self.assertFalse(np.array_equal(other, long))

  def test_it_learns_64_characters_by_heart(self):
    config = lm.Config(16, 24, 2)
    tokens = jax.random.randint(jax.random.key(1), (65,), 0, 16)
    optimizer: Any = optax.adam(1e-2)
    params = _init(jax.random.key(0), config)

    def advance(carry, _):
      params, opt_state = carry
      grads, nats = jax.grad(
          lambda p: lm.loss(p, tokens[:-1], tokens[1:], config), has_aux=True
      )(params)
      updates, opt_state = optimizer.update(grads, opt_state)
      return (optax.apply_updates(params, updates), opt_state), nats

    run = jax.jit(lambda c: jax.lax.scan(advance, c, length=200)[1])
    nats = run((params, optimizer.init(params)))
    self.assertTrue(np.isfinite(nats).all())
    self.assertGreater(float(nats[0]), 2)
    self.assertLess(float(nats[-1]), 0.1)

  def test_counts_and_products(self):
    both: tuple[dict[str, Any], ...] = ({}, {'block': 4})
    for changes in both:
      config = dataclasses.replace(_CONFIG, **changes)
      params = _init(jax.random.key(0), config)
      self.assertEqual(
          lm.num_params(config), sum(a.size for a in jax.tree.leaves(params))
      )
    params = _init(jax.random.key(0), _CONFIG)
    narrow = dataclasses.replace(_CONFIG, dtype='bfloat16')
    tokens = jnp.arange(16)
    found = lm.apply(params, tokens, narrow)
    self.assertEqual(found.dtype, jnp.float32)
    self.assertGreater(float(jnp.abs(
        found - lm.apply(params, tokens, _CONFIG)
    ).max()), 0)  # fmt: skip
    rates = lm.activity(params, tokens, _CONFIG)
    self.assertEqual(rates.shape, (2,))

  @parameterized.parameters(
      ({'num_tokens': -1}, 'num_tokens must be at least 0, got -1'),
      ({}, 'sampling needs a key'),
      ({'temperature': -1.0}, 'temperature must be at least 0'),
      ({'temperature': 0.0, 'top_k': 0}, 'top_k must be at least 1'),
      ({'temperature': 0.0, 'top_p': 0.0}, r'top_p must be in \(0, 1\]'),
  )
  def test_bad_requests_are_refused(self, options, message):
    params = _init(jax.random.key(0), _CONFIG)
    options = {'num_tokens': 2} | options
    with self.assertRaisesRegex(ValueError, message):
      lm.generate(params, jnp.array([1]), config=_CONFIG, **options)

  def test_bad_tokens_are_refused(self):
    params = _init(jax.random.key(0), _CONFIG)
    with self.assertRaisesRegex(ValueError, r'tokens must be in \[0, 16\)'):
      lm.apply(params, jnp.array([16]), _CONFIG)
    with self.assertRaisesRegex(ValueError, 'at least one token, got none'):
      none = jnp.zeros(0, jnp.int32)
      lm.generate(params, none, 1, _CONFIG, temperature=0.0)
    with self.assertRaisesRegex(ValueError, 'targets must be'):
      lm.loss(params, jnp.arange(3), jnp.arange(4), _CONFIG)
    with self.assertRaisesRegex(ValueError, 'block must divide'):
      lm.Config(dim=6, block=4)


if __name__ == '__main__':
  absltest.main()
