"""Decoding with the active neurons alone equals the dense step, always."""

import dataclasses
import functools

from absl.testing import absltest
from absl.testing import parameterized
import chex
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons import bdh
from tests.neurons.bdh import parity_test

_CONFIG = bdh.Config(7, 8, 2, 48, 2)  # N = 24


def _params(config, seed=0, alive=0.5):
  """Weights that make activity; the other neurons never fire."""
  scaled = zip(
      (4, 4, 6, 20, 10), bdh.init(jax.random.key(seed), config), strict=True
  )
  params = bdh.Params(*(s * a for s, a in scaled))
  on = jax.random.bernoulli(jax.random.key(1), alive, params.encoder.shape[::2])
  return params._replace(encoder=params.encoder * on[:, None])


@functools.partial(jax.jit, static_argnames=('config', 'capacity'))
def _sparse(params, tokens, config, capacity):
  """Logits [T, V], the state, and overflows [T, L]."""
  weights = bdh.rows(params)

  def body(state, token):
    state, *out = bdh.sparse_step(weights, state, token, config, capacity)
    return state, out

  state, (logits, overflow) = jax.lax.scan(
      body, bdh.initial_state(config), tokens
  )
  return logits, state, overflow


@functools.partial(jax.jit, static_argnames='config')
def _dense(params, tokens, config):
  """Logits, the state, and how many neurons each layer needs, [T, L]."""
  out = bdh.apply(params, tokens, config, form='recurrent', capture=('x', 'q'))
  blocks = config.num_merged * config.blocks_per_head
  x = out.captured['x']  # [L, h, T, N]
  pairs = (x.reshape(*x.shape[:-1], blocks, 2, -1) > 0).any(-2).sum((-1, -2))
  return out.logits, out.state, 2 * pairs.max(1).T


class SparseStepTest(parameterized.TestCase):

  def assert_equals_dense(self, params, tokens, config, capacity, atol=1e-5):
    logits, state, overflow = _sparse(params, tokens, config, capacity)
    expected, expected_state, need = _dense(params, tokens, config)
    np.testing.assert_allclose(logits, expected, rtol=0, atol=atol)
    scale = max(1, np.abs(expected_state.rho).max())
    np.testing.assert_allclose(
        state.rho, expected_state.rho, rtol=0, atol=atol * scale
    )
    self.assertEqual(state.position, len(tokens))
    np.testing.assert_array_equal(overflow, need > capacity)
    return overflow

  @parameterized.parameters(('base', 0.5), ('heads8', 0.9))
  def test_equals_dense_step_with_the_authors_weights(self, name, share):
    arrays, config = parity_test._load(name)
    params = parity_test._params(arrays, config)
    tokens = jnp.asarray(arrays['tokens'][0])
    capacity = bdh.sufficient_capacity(params, tokens, config, share)
    overflow = self.assert_equals_dense(params, tokens, config, capacity)
    self.assertLessEqual(overflow.mean(), 1 - share + 1e-6)

  @parameterized.parameters(2, 12, 24)
  def test_any_capacity_is_exact_and_counts_what_did_not_fit(self, capacity):
    tokens = jnp.arange(30) % 7
    overflow = self.assert_equals_dense(
        _params(_CONFIG), tokens, _CONFIG, capacity
    )
    if capacity == 2:
      self.assertTrue(overflow.any())
    if capacity == 24:
      self.assertFalse(overflow.any())

  @settings(max_examples=3, deadline=None)
  @given(
      residual=st.sampled_from(('value', 'neuron')),
      decay=st.sampled_from((0.0, 0.1)),
      models=st.sampled_from((1, 3)),
      blocks=st.sampled_from((1, 2)),
      heads=st.sampled_from((1, 2)),
      exact=st.booleans(),
      half=st.integers(1, 12),
      alive=st.floats(0, 1),
  )
  def test_equals_dense_step_in_float64(
      self, residual, decay, models, blocks, heads, exact, half, alive
  ):
    with jax.enable_x64(True):
      config = bdh.Config(
          7, 8, heads, 24 * heads, 2, residual=residual, decay=decay,
          num_merged=models, blocks_per_head=blocks, exact_phases=exact,
          param_dtype='float64',
      )  # fmt: skip
      self.assert_equals_dense(
          _params(config, alive=alive),
          jnp.arange(12) % 7,
          config,
          2 * half,
          atol=1e-11,
      )

  def test_no_activity_at_all(self):
    params, tokens = _params(_CONFIG, alive=0.0), jnp.arange(5)
    overflow = self.assert_equals_dense(params, tokens, _CONFIG, 2)
    self.assertFalse(overflow.any())

  def test_bfloat16_products(self):
    config = dataclasses.replace(_CONFIG, dtype='bfloat16')
    # Both round what they compare to 8 bits, in the same places.
    self.assert_equals_dense(
        _params(config), jnp.arange(8) % 7, config, 16, atol=2e-2
    )

  def test_same_200_tokens_as_dense_generation(self):
    params, prompt = _params(_CONFIG), jnp.arange(5)
    run = functools.partial(
        bdh.generate, params, prompt, 200, _CONFIG, temperature=0
    )
    np.testing.assert_array_equal(run(capacity=12), run())

  def test_vmap_equals_loop(self):
    params = _params(_CONFIG)
    tokens = jnp.array([[1, 2, 3], [3, 2, 1]])
    run = lambda row: _sparse(params, row, _CONFIG, 12)
    both = jax.vmap(run)(tokens)
    chex.assert_trees_all_close(
        both,
        jax.tree.map(lambda *x: jnp.stack(x), *map(run, tokens)),
        atol=1e-5,
    )

  @parameterized.parameters(0, 3, 26, -2)
  def test_refuses_bad_capacities(self, capacity):
    params = _params(_CONFIG)
    message = rf'even number of neurons of a head, in \[2, 24\], got {capacity}'
    with self.assertRaisesRegex(ValueError, message):
      bdh.sparse_step(
          bdh.rows(params),
          bdh.initial_state(_CONFIG),
          jnp.int32(0),
          _CONFIG,
          capacity,
      )
    with self.assertRaisesRegex(ValueError, message):
      bdh.generate(
          params, jnp.arange(2), 1, _CONFIG, temperature=0, capacity=capacity
      )

  @parameterized.product(residual=('value', 'neuron'), token=(-8, -1, 7))
  def test_a_traced_token_that_is_none_is_nan_in_both_forms(
      self, residual, token
  ):
    config = dataclasses.replace(_CONFIG, residual=residual)
    params, tokens = _params(config), jnp.array([token])
    for forms in (
        _sparse(params, tokens, config, 8),
        _dense(params, tokens, config),
    ):
      self.assertTrue(jnp.isnan(forms[0]).all())
      self.assertTrue(jnp.isnan(forms[1].rho).any())

  def test_refuses_unknown_tokens_and_shares(self):
    params = _params(_CONFIG)
    with self.assertRaisesRegex(
        ValueError, r'token must be in \[0, 7\), got 7'
    ):
      bdh.sparse_step(
          bdh.rows(params), bdh.initial_state(_CONFIG), jnp.int32(7), _CONFIG, 2
      )
    with self.assertRaisesRegex(
        ValueError, r'share must be in \(0, 1\], got 0'
    ):
      bdh.sufficient_capacity(params, jnp.arange(3), _CONFIG, share=0)


if __name__ == '__main__':
  absltest.main()
