"""Effective ranks: parity, closed forms, invariances."""

import pathlib

from hypothesis import given
from hypothesis import strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nmlib.analysis import effective_rank as er

_FIXTURE_NAMES = {
    'hard': 'rank_hard',
    'entropy': 'entropy_s',
    'entropy_energy': 'entropy_s2',
}


def test_equals_the_reference():
  path = (
      pathlib.Path(__file__).parents[1]
      / 'fixtures/rich_lazy_rank_effective_rank_and_theory.npz'
  )
  checked = 0
  with np.load(path) as stored, jax.enable_x64(True):
    for name in (k[2:] for k in stored if k.startswith('W/')):
      for kind, got in er.effective_ranks(
          jnp.asarray(stored[f'W/{name}'])
      ).items():
        expected = stored[f'eff/{name}/{_FIXTURE_NAMES.get(kind, kind)}']
        np.testing.assert_allclose(got, expected, rtol=1e-8, err_msg=name)
        checked += 1
  assert checked == 8 * 8 + 6


@pytest.mark.parametrize('size', (1, 5))
def test_identity_has_full_rank_by_every_measure(size):
  ranks = er.effective_ranks(3.0 * jnp.eye(size))
  assert set(ranks) == set(er.KINDS)
  for kind, rank in ranks.items():
    full = 1 if kind == 'eig_ratio_norm' else size
    np.testing.assert_allclose(rank, full, rtol=1e-6, err_msg=kind)


@given(st.integers(0, 100), st.floats(1e-3, 1e3))
def test_bounds_and_invariances(seed, scale):
  a, b, w = jax.random.normal(jax.random.key(seed), (3, 6, 6))
  rotated = jnp.linalg.qr(a)[0] @ w @ jnp.linalg.qr(b)[0] * scale
  for kind in er.SINGULAR_KINDS:
    rank = er.effective_rank(w, kind)
    assert 1 <= rank <= 6.0001
    # float32 singular values of a random matrix
    np.testing.assert_allclose(
        er.effective_rank(rotated, kind), rank, rtol=1e-3
    )


def test_many_matrices_have_the_ranks_of_each():
  matrices = np.random.default_rng(0).normal(size=(2, 3, 5, 5))
  found = er.of_matrices(jnp.asarray(matrices))
  assert tuple(found) == er.KINDS
  alone = er.effective_ranks(jnp.asarray(matrices[1, 2]))
  for kind, values in found.items():
    assert values.shape == (2, 3)
    np.testing.assert_allclose(values[1, 2], alone[kind], rtol=1e-5)


def test_rectangles_have_no_eigenvalues():
  assert set(er.effective_ranks(jnp.ones((2, 3)))) == set(er.SINGULAR_KINDS)
  with pytest.raises(ValueError, match=r'square matrix, got \[2, 3\]'):
    er.effective_rank(jnp.ones((2, 3)), 'eig_ratio')
  with pytest.raises(ValueError, match='kind must be one of'):
    er.effective_rank(jnp.eye(2), 'true')
  with pytest.raises(ValueError, match=r'must be \[M, N\]'):
    er.effective_rank(jnp.ones(3), 'hard')
  with pytest.raises(ValueError, match=r'finite, got nan at \[1, 0\]'):
    er.effective_ranks(jnp.array([[1.0, 2.0], [jnp.nan, 3.0]]))
  with pytest.raises(ValueError, match='other than 0'):
    er.effective_rank(jnp.zeros((3, 3)), 'stable')


def test_no_eigenvalue_is_no_rank_by_eigenvalues():
  ranks = er.effective_ranks(jnp.eye(3, k=1))
  assert ranks['eig_ratio'] == ranks['eig_ratio_norm'] == 0
  assert ranks['hard'] == 2
