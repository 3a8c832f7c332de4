"""Recurrent weights of a chosen rank or spectrum, at a chosen norm.

The initialisers of Liu et al. (arXiv 2310.08513, ICLR 2024). Rank confounds
with scale unless a norm is matched, so that the matched norm is always said:
`match` is one of NORMS or None. Rows are targets, columns sources.
`nmlib.analysis.effective_rank` measures how many dimensions a matrix uses.
"""

from collections.abc import Callable
from collections.abc import Sequence
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.core import checks

Norm = Literal['frobenius', 'spectral', 'radius']


def _spectral_radius(matrix: jax.Array) -> jax.Array:
  return jnp.max(jnp.abs(jnp.linalg.eigvals(matrix)))


# Eigenvalues of a general matrix are computed on CPU only, as in JAX.
NORMS: dict[Norm, Callable[[jax.Array], jax.Array]] = {
    'frobenius': lambda w: jnp.linalg.norm(w.ravel()),
    'spectral': lambda w: jnp.linalg.norm(w, ord=2),
    'radius': _spectral_radius,
}


def require_matrix(matrix: jax.Array) -> None:
  """Refuses what has no rank; values are seen outside of `jit` only.

  Raises:
    ValueError: for an array that is not [M, N], has an entry that is not
      finite, or is 0 everywhere.
  """
  if matrix.ndim != 2 or not matrix.size:
    raise ValueError(f'matrix must be [M, N], got {list(matrix.shape)}.')
  if not checks.is_concrete(matrix):
    return
  values = np.asarray(matrix)
  bad = np.argwhere(~np.isfinite(values))
  if bad.size:
    raise ValueError(
        f'matrix must be finite, got {values[tuple(bad[0])]} at'
        f' {bad[0].tolist()}; set missing connections to 0.'
    )
  if not values.any():
    raise ValueError(
        'matrix must have an entry other than 0, got none: it has no rank, and'
        ' no norm to scale.'
    )


def checked(matrix: jax.Array) -> jax.Array:
  """Returns recurrent weights [N, N] as they are, if they can be such.

  Raises:
    ValueError: if the matrix is not square, not finite, or 0.
  """
  if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
    raise ValueError(
        'a connectivity matrix must be square [N, N], one row and one column a'
        f' unit, got {list(matrix.shape)}.'
    )
  require_matrix(matrix)
  return matrix


def truncate_rank(matrix: jax.Array, rank: int) -> jax.Array:
  """Returns the nearest matrix of at most this rank, U_r S_r V_r^T.

  Raises:
    ValueError: if rank is not in [1, min(M, N)], or the matrix not finite.
  """
  require_matrix(matrix)
  most = min(matrix.shape)
  if not 1 <= rank <= most:
    raise ValueError(
        f'rank must be in [1, {most}] for a matrix {list(matrix.shape)}, got'
        f' {rank}.'
    )
  u, s, vt = jnp.linalg.svd(matrix, full_matrices=False)
  return (u[:, :rank] * s[None, :rank]) @ vt[:rank]


def ranks_at(size: int, ranks: Sequence[int], before: int) -> tuple[int, ...]:
  """Returns the ranks of a sweep for matrices of another size.

  Full rank stays full rank, and ranks above the new size are left out.

  Args:
    size: N now.
    ranks: of matrices of size `before`, rising.
    before: that size.
  """
  if size == before:
    return tuple(ranks)
  kept = {rank for rank in ranks if rank < min(size, before)}
  return tuple(sorted((kept or {1}) | {size}))


def match_norm(
    matrix: jax.Array, reference: jax.Array, match: str | None
) -> jax.Array:
  """Scales a matrix to the reference's norm of the kind `match`.

  Args:
    matrix: [N, N].
    reference: [N, N].
    match: 'frobenius', 'spectral', 'radius' (of eigenvalues), or None: as is.

  Raises:
    ValueError: for another kind, or a matrix without a norm of this kind.
  """
  if match is None:
    return matrix
  if match not in NORMS:
    raise ValueError(
        f'match must be one of {tuple(NORMS)} or None, got {match!r}.'
    )
  for one in matrix, reference:
    require_matrix(one)
  own = NORMS[match](matrix)
  if checks.is_concrete(own) and not own > 0:
    raise ValueError(
        f'the {match} norm of the matrix is {own}: no scaling matches that of'
        ' the reference; match another norm.'
    )
  return matrix * (NORMS[match](reference) / own)


def gaussian(key: jax.Array, size: int, gain: float = 1.25) -> jax.Array:
  """Draws W ~ gain N(0, 1) / sqrt(N), the W_0 that all ranks share."""
  return checked(gain * jax.random.normal(key, (size, size)) / size**0.5)


def low_rank(
    key: jax.Array,
    size: int,
    rank: int,
    gain: float = 1.25,
    *,
    match: str | None = 'frobenius',
    dense_part: float = 0.0,
) -> jax.Array:
  """Truncates the `gaussian` of the same key to a rank, at matched norm.

  Args:
    key: the same key gives the same W_0 for every rank.
    size: N.
    rank: in [1, N].
    gain: of W_0.
    match: the norm of W_0 that is kept.
    dense_part: e in sqrt(1 - e) W_r + sqrt(e) W': a low rank without a null
      space; W' is another Gaussian of W_0's Frobenius norm.

  Raises:
    ValueError: if a value is out of range.
  """
  if not 0 <= dense_part <= 1:
    raise ValueError(f'dense_part must be in [0, 1], got {dense_part}.')
  dense_key = jax.random.fold_in(key, 1)
  base = gaussian(key, size, gain)
  matrix = match_norm(truncate_rank(base, rank), base, match)
  if dense_part:
    other = jax.random.normal(dense_key, base.shape)
    other = match_norm(other, base, 'frobenius')
    matrix = (1 - dense_part) ** 0.5 * matrix + dense_part**0.5 * other
    matrix = match_norm(matrix, base, match)
  return checked(matrix)


def power_law(
    key: jax.Array,
    size: int,
    exponent: float,
    gain: float = 1.25,
    *,
    match: str | None = 'frobenius',
) -> jax.Array:
  """Gives W_0's singular vectors the spectrum s_i ~ i^-exponent.

  Args:
    key: of W_0, as in `low_rank`.
    size: N.
    exponent: at least 0; 0 is a scaled orthogonal matrix.
    gain: of W_0.
    match: the norm of W_0 that is kept.

  Raises:
    ValueError: for a negative exponent.
  """
  if not exponent >= 0:
    raise ValueError(f'exponent must be at least 0, got {exponent}.')
  base = gaussian(key, size, gain)
  u, _, vt = jnp.linalg.svd(base)
  spectrum = jnp.arange(1, size + 1, dtype=base.dtype) ** -exponent
  return checked(match_norm((u * spectrum[None]) @ vt, base, match))
