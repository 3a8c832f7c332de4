"""Linear attention: three forms, one function, against a loop in NumPy."""

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

from nmlib.neurons.attention import linear_attention

_attend = linear_attention.strict_linear_attention


def _loop(q, v, k, state, decay):
  """The definition, token by token, in float64."""
  q, v, k, state = (np.asarray(a, np.float64) for a in (q, v, k, state))
  read = np.zeros(q.shape[:2] + v.shape[1:])
  for t in range(len(v)):
    read[:, t] = np.einsum('hn,hnd->hd', q[:, t], state)
    state = np.exp(-decay) * (state + np.einsum('hn,d->hnd', k[:, t], v[t]))
  return read, state


def _inputs(length, seed=0, h=2, n=6, d=3):
  rng = np.random.default_rng(seed)
  q, k = rng.normal(size=(2, h, length, n))
  return q, rng.normal(size=(length, d)), k, rng.normal(size=(h, n, d))


def _autodiff(q, v, state, decay):
  """The parallel form, left to the general rules of differentiation."""
  t = jnp.arange(len(v))
  gap = t[:, None] - t[None]
  weight = jnp.where(gap > 0, jnp.exp(-decay * gap), 0)
  scores = jnp.einsum('htn,hsn->hts', q, q) * weight[None]
  read = jnp.einsum('hts,sd->htd', scores, v)
  old = jnp.exp(-decay * t)[None, :, None]
  read += old * jnp.einsum('htn,hnd->htd', q, state)
  left = jnp.exp(-decay * (len(v) - t))[:, None] * v
  out = jnp.einsum('htn,td->hnd', q, left)
  return read, out + jnp.exp(-decay * len(v)) * state


def _assert_close(a, b):
  np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


class LinearAttentionTest(parameterized.TestCase):

  # float64 throughout: errors are a few units of 1e-16 times sums of up to 20
  # terms of order 10.
  @parameterized.parameters(*linear_attention.FORMS)
  @settings(max_examples=10, deadline=None)
  @given(
      length=st.integers(1, 20),
      chunk_size=st.integers(1, 9),
      decay=st.sampled_from([0.0, 0.05, 1.0]),
      separate=st.booleans(),
  )
  def test_every_form_equals_the_loop(
      self, form, length, chunk_size, decay, separate
  ):
    q, v, k, state = _inputs(length)
    expected = _loop(q, v, k if separate else q, state, decay)
    with jax.enable_x64(True):
      actual = _attend(
          jnp.asarray(q),
          jnp.asarray(v),
          key=jnp.asarray(k) if separate else None,
          state=jnp.asarray(state),
          form=form,
          chunk_size=chunk_size,
          decay=decay,
      )
      jax.tree.map(_assert_close, actual, expected)

  @parameterized.product(
      form=linear_attention.FORMS, decay=(0.0, 0.1), length=(1, 11)
  )
  def test_backward_equals_autodiff_with_states(self, form, decay, length):
    q, v, k, state = _inputs(length)
    with jax.enable_x64(True):
      q, v, k, state = map(jnp.asarray, (q, v, k, state))
      ours = lambda q, v, s: _attend(
          q, v, state=s, form=form, chunk_size=4, decay=decay
      )
      theirs = lambda q, v, s: _autodiff(q, v, s, decay)
      _, vjp = jax.vjp(ours, q, v, state)
      out, expected = jax.vjp(theirs, q, v, state)
      g = (jnp.cos(out[0] * 3), jnp.sin(out[1] * 5))  # for S_out, too
      jax.tree.map(_assert_close, vjp(g), expected(g))

  @parameterized.parameters(*linear_attention.FORMS)
  def test_detached_keys_and_values_leave_only_the_query(self, form):
    q, v, _, _ = _inputs(7)
    q, v = jnp.asarray(q, jnp.float32), jnp.asarray(v, jnp.float32)

    def total(q, v, **kwargs):
      read, _ = _attend(q, v, form=form, chunk_size=3, **kwargs)
      return jnp.sum(jnp.cos(read))

    dq, dv = jax.grad(total, argnums=(0, 1))(q, v, detach=True)
    np.testing.assert_array_equal(dv, jnp.zeros_like(v))
    fixed = jax.grad(lambda x: total(x, v, key=q))(q)
    # The same sums in another order, float32.
    np.testing.assert_allclose(dq, fixed, rtol=1e-4, atol=1e-5)
    self.assertGreater(np.abs(dq - jax.grad(total)(q, v)).max(), 0.1)

  def test_token_neither_reads_itself_nor_what_follows(self):
    q, v, _, _ = _inputs(6)
    q, v = jnp.asarray(q, jnp.float32), jnp.asarray(v, jnp.float32)
    jacobian = jax.jacobian(lambda v: _attend(q, v)[0])(v)  # [h, T, d, T, d]
    sizes = np.abs(jacobian).max(axis=(0, 2, 4))  # [reading, written]
    np.testing.assert_array_equal(np.triu(sizes), 0)
    self.assertGreater(sizes[np.tril_indices(6, -1)].min(), 0)

  def test_state_is_none_when_not_kept_and_reads_are_the_same(self):
    q, v, _, _ = _inputs(6)
    q, v = jnp.asarray(q, jnp.float32), jnp.asarray(v, jnp.float32)
    for form in linear_attention.FORMS:
      read, state = _attend(q, v, form=form, chunk_size=4, keep_state=False)
      self.assertIsNone(state)
      np.testing.assert_array_equal(
          read, _attend(q, v, form=form, chunk_size=4)[0]
      )

  def test_bfloat16_is_summed_in_float32(self):
    # Each of 1000 tokens adds 1; bfloat16 would stop counting at 256.
    q = jnp.ones((1, 1000, 1), jnp.bfloat16)
    v = jnp.ones((1000, 1), jnp.bfloat16)
    for form in linear_attention.FORMS:
      read, state = _attend(q, v, form=form)
      chex.assert_type((read, state), jnp.float32)
      # The state is a bfloat16 operand where it is read, of 8 bits.
      np.testing.assert_allclose(read[0, :, 0], np.arange(1000), rtol=2**-8)
      np.testing.assert_array_equal(state, [[[1000.0]]])

  @parameterized.parameters(*linear_attention.FORMS)
  def test_numpy_numbers_and_no_tokens(self, form):
    q, v, k, state = _inputs(5)
    narrow = [jnp.asarray(a, jnp.float32) for a in (q, v, k, state)]
    run = lambda q, v, k, s: _attend(
        q, v, key=k, state=s, form=form, chunk_size=2
    )
    with jax.enable_x64(True):  # where NumPy's numbers stay wide
      expected = run(*narrow)
      found = run(narrow[0], *(jnp.asarray(a) for a in (v, k, state)))
      chex.assert_trees_all_equal_shapes_and_dtypes(found, expected)
      chex.assert_trees_all_close(found, expected, rtol=1e-5)
    read, kept = run(q[:, :0], v[:0], k[:, :0], state)
    self.assertEqual(read.shape, (2, 0, 3))
    np.testing.assert_allclose(np.asarray(kept), state, rtol=1e-6)

  def test_shapes_that_do_not_fit_are_said(self):
    q, v, k, state = _inputs(5)
    refused: tuple[tuple[dict[str, Any], str], ...] = (
        ({'value': v[:4]}, r'value must be \[T=5, d=3\], got shape \[4, 3\]'),
        ({'key': k[..., :2]}, r'key must be \[h=2, T=5, N=6\]'),
        ({'state': state[0]}, r'state must be \[h=2, N=6, d=3\]'),
        ({'chunk_size': 0}, 'chunk_size must be at least 1'),
        ({'decay': -0.1}, 'decay at least 0'),
    )
    for change, message in refused:
      with self.assertRaisesRegex(ValueError, message):
        _attend(**dict[str, Any](query=q, value=v) | change)

  def test_unknown_form_is_named(self):
    with self.assertRaisesRegex(ValueError, "form must be one of .*'serial'"):
      _attend(jnp.ones((1, 2, 2)), jnp.ones((2, 1)), form='serial')


if __name__ == '__main__':
  absltest.main()
