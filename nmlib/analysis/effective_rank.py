"""Effective ranks: how many dimensions a matrix really uses.

With singular values s_1 >= s_2 >= ... and eigenvalues l_i of a square W:
  hard           #{s_i > s_1 max(m, n) eps}
  entropy        exp(-sum p log p), p = s / sum s (Roy and Vetterli 2007)
  entropy_energy the same with p = s^2 / sum s^2
  stable         |W|_F^2 / s_1^2
  participation  (sum s^2)^2 / sum s^4
  nuclear_ratio  sum s / s_1
  eig_ratio      sum |l| / |l_1|; square only; 0 if all l are 0 (nilpotent)
  eig_ratio_norm eig_ratio / N, the measure of Liu et al. (2024); square only
"""

import jax
import jax.numpy as jnp
import numpy.typing as npt

from nmlib.neurons.core import normalization
from nmlib.neurons.initializers import low_rank

SINGULAR_KINDS = (
    'hard',
    'entropy',
    'entropy_energy',
    'stable',
    'participation',
    'nuclear_ratio',
)
EIGEN_KINDS = ('eig_ratio', 'eig_ratio_norm')
KINDS = SINGULAR_KINDS + EIGEN_KINDS


def effective_rank(matrix: jax.Array, kind: str) -> jax.Array:
  """Returns one effective rank [] of a matrix [M, N].

  Eigenvalues of a general matrix are computed on CPU only, as in JAX.

  Raises:
    ValueError: for an unknown kind, an array that is no finite matrix other
      than 0, or an eigenvalue measure of a matrix that is not square.
  """
  if kind not in KINDS:
    raise ValueError(f'kind must be one of {KINDS}, got {kind!r}.')
  low_rank.require_matrix(matrix)
  if kind in EIGEN_KINDS:
    return _from_eigenvalues(matrix, kind)
  return from_singular_values(
      jnp.linalg.svd(matrix, compute_uv=False), kind, max(matrix.shape)
  )


def effective_ranks(matrix: jax.Array) -> dict[str, jax.Array]:
  """Returns every effective rank that the matrix's shape allows, by kind."""
  low_rank.require_matrix(matrix)
  values = jnp.linalg.svd(matrix, compute_uv=False)
  size = max(matrix.shape)
  ranks = {k: from_singular_values(values, k, size) for k in SINGULAR_KINDS}
  if matrix.shape[0] == matrix.shape[1]:
    ratio = _from_eigenvalues(matrix, 'eig_ratio')
    ranks |= {'eig_ratio': ratio, 'eig_ratio_norm': ratio / size}
  return ranks


def of_matrices(matrices: npt.ArrayLike) -> dict[str, jax.Array]:
  """Returns every effective rank of matrices [..., N, N], [...] by kind.

  One matrix after the other: many large decompositions at once can block XLA's
  threads on a CPU for good.
  """
  matrices = jnp.asarray(matrices)
  flat = matrices.reshape(-1, *matrices.shape[-2:])
  found = jax.lax.map(effective_ranks, flat)
  return {k: found[k].reshape(matrices.shape[:-2]) for k in KINDS}


def from_singular_values(
    values: jax.Array, kind: str, size: int | None = None
) -> jax.Array:
  """Returns an effective rank [] from singular values [R].

  Args:
    values: at least 0, not all 0; in any order.
    kind: one of SINGULAR_KINDS.
    size: the matrix's larger side, for 'hard'; by default R.
  """
  s = jnp.asarray(values)
  s = s / jnp.max(s)
  match kind:
    case 'hard':
      tolerance = (size or s.size) * jnp.finfo(s.dtype).eps
      return jnp.sum(s > tolerance)
    case 'entropy':
      return _perplexity(s)
    case 'entropy_energy':
      return _perplexity(s**2)
    case 'stable':
      return jnp.sum(s**2)
    case 'participation':
      return jnp.sum(s**2) ** 2 / jnp.sum(s**4)
    case 'nuclear_ratio':
      return jnp.sum(s)
  raise ValueError(f'kind must be one of {SINGULAR_KINDS}, got {kind!r}.')


def _from_eigenvalues(matrix: jax.Array, kind: str) -> jax.Array:
  rows, columns = matrix.shape
  if rows != columns:
    raise ValueError(f'{kind} needs a square matrix, got {list(matrix.shape)}.')
  sizes = jnp.abs(jnp.linalg.eigvals(matrix))
  ratio = normalization.safe_ratio(jnp.sum(sizes), jnp.max(sizes))
  return ratio / rows if kind == 'eig_ratio_norm' else ratio


def _perplexity(weights: jax.Array) -> jax.Array:
  p = weights / jnp.sum(weights)
  return jnp.exp(jnp.sum(jax.scipy.special.entr(p)))
