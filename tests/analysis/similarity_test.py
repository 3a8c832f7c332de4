"""Similarity of kernels and states: equal forms, invariants, closed forms."""

from hypothesis import given
from hypothesis import strategies as st
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.analysis import similarity


@given(st.integers(0, 100), st.sampled_from([(2, 9), (9, 2), (5, 5)]))
def test_representation_alignment_is_that_of_gram_matrices(seed, shape):
  h, h0 = jax.random.normal(jax.random.key(seed), (2, *shape))
  got = similarity.representation_alignment(h, h0)
  np.testing.assert_allclose(
      got, similarity.kernel_alignment(h @ h.T, h0 @ h0.T), rtol=1e-4
  )
  assert 0 <= got <= 1.0001
  np.testing.assert_allclose(
      similarity.representation_alignment(2 * h, h), 1.0, rtol=1e-5
  )


def test_centred_alignment_sees_neither_mean_nor_rotation_nor_scale():
  h, h0 = jax.random.normal(jax.random.key(0), (2, 8, 5))
  turn = jax.random.orthogonal(jax.random.key(1), 5)
  gram = lambda h: h @ h.T
  aligned = similarity.centred_kernel_alignment
  np.testing.assert_allclose(
      aligned(gram(3 * h @ turn + 2), gram(h)), 1.0, rtol=1e-5
  )
  centred = lambda h: h - h.mean(0, keepdims=True)
  np.testing.assert_allclose(
      aligned(gram(h), gram(h0)),
      similarity.representation_alignment(centred(h), centred(h0)),
      rtol=1e-5,
  )


def test_alignment_with_a_target():
  target = jnp.array([1.0, 2.0])
  np.testing.assert_allclose(
      similarity.kernel_target_alignment(jnp.outer(target, target), target), 1.0
  )
  np.testing.assert_allclose(
      similarity.kernel_target_alignment(jnp.eye(2), target), 0.5
  )


def test_signs_count_zero_as_a_sign():
  a, b = jnp.array([0.0, 1.0, -2.0, 0.0]), jnp.array([0.0, 3.0, 2.0, 1.0])
  assert similarity.sign_similarity(a, b) == 0.5


def test_jaccard_of_sets():
  a = jnp.array([True, True, False, False])
  b = jnp.array([True, False, True, False])
  np.testing.assert_allclose(similarity.jaccard(a, b), 1 / 3, rtol=1e-6)
  assert similarity.jaccard(a, a) == 1
  assert similarity.jaccard(a, ~a) == 0
  assert similarity.jaccard(a & ~a, b & ~b) == 0
