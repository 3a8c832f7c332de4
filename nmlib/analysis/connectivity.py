"""Initial connectivity of a chosen effective rank, norm and structure.

The initialisers of Liu et al. (arXiv 2310.08513, ICLR 2024) and the controls
that its comparison needs. Rank confounds with scale unless a norm is matched,
so that the matched norm is always said: `match` is one of NORMS or None.
Rows are targets, columns sources. Every initialiser returns the matrix with
its effective ranks (`effective_rank.SINGULAR_KINDS`).
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.analysis import effective_rank
from nmlib.neurons.core import checks


class Connectivity(NamedTuple):
  """A matrix, and how many dimensions it uses."""

  matrix: jax.Array  # W [N, N]
  effective_ranks: dict[str, jax.Array]  # each [], by kind


def _spectral_radius(matrix: jax.Array) -> jax.Array:
  return jnp.max(jnp.abs(jnp.linalg.eigvals(matrix)))


# Eigenvalues of a general matrix are computed on CPU only, as in JAX.
NORMS: dict[str, Callable[[jax.Array], jax.Array]] = {
    'frobenius': lambda w: jnp.linalg.norm(w.ravel()),
    'spectral': lambda w: jnp.linalg.norm(w, ord=2),
    'radius': _spectral_radius,
}


def describe(matrix: jax.Array) -> Connectivity:
  """Returns a square matrix [N, N] with its effective ranks.

  Raises:
    ValueError: if the matrix is not square, not finite, or 0.
  """
  if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
    raise ValueError(
        'a connectivity matrix must be square [N, N], one row and one column a'
        f' unit, got {list(matrix.shape)}.'
    )
  effective_rank.require_matrix(matrix)
  values = jnp.linalg.svd(matrix, compute_uv=False)
  return Connectivity(
      matrix,
      {
          kind: effective_rank.from_singular_values(values, kind)
          for kind in effective_rank.SINGULAR_KINDS
      },
  )


def from_array(
    values: np.ndarray, signs: np.ndarray | None = None
) -> Connectivity:
  """Takes a measured matrix [N, N].

  Args:
    values: its entries; kept as float32.
    signs: [N] of the columns, each +-1, if Dale's law shall hold.

  Raises:
    ValueError: if it is not square, not finite, or 0; or a column breaks
      Dale's law.
  """
  found = describe(jnp.asarray(values, jnp.float32))
  if signs is not None:
    check_signs(values, signs)
  return found


def truncate_rank(matrix: jax.Array, rank: int) -> jax.Array:
  """Returns the nearest matrix of at most this rank, U_r S_r V_r^T.

  Raises:
    ValueError: if rank is not in [1, min(M, N)], or the matrix not finite.
  """
  effective_rank.require_matrix(matrix)
  most = min(matrix.shape)
  if not 1 <= rank <= most:
    raise ValueError(
        f'rank must be in [1, {most}] for a matrix {list(matrix.shape)}, got'
        f' {rank}.'
    )
  u, s, vt = jnp.linalg.svd(matrix, full_matrices=False)
  return (u[:, :rank] * s[None, :rank]) @ vt[:rank]


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
    effective_rank.require_matrix(one)
  own = NORMS[match](matrix)
  if checks.is_concrete(own) and not own > 0:
    raise ValueError(
        f'the {match} norm of the matrix is {own}: no scaling matches that of'
        ' the reference; match another norm.'
    )
  return matrix * (NORMS[match](reference) / own)


def gaussian(key: jax.Array, size: int, gain: float = 1.25) -> Connectivity:
  """Draws W ~ gain N(0, 1) / sqrt(N), the W_0 that all ranks share."""
  return describe(gain * jax.random.normal(key, (size, size)) / size**0.5)


def low_rank(
    key: jax.Array,
    size: int,
    rank: int,
    gain: float = 1.25,
    *,
    match: str | None = 'frobenius',
    dense_part: float = 0.0,
) -> Connectivity:
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
  base = gaussian(key, size, gain).matrix
  matrix = match_norm(truncate_rank(base, rank), base, match)
  if dense_part:
    other = jax.random.normal(dense_key, base.shape)
    other = match_norm(other, base, 'frobenius')
    matrix = (1 - dense_part) ** 0.5 * matrix + dense_part**0.5 * other
    matrix = match_norm(matrix, base, match)
  return describe(matrix)


def power_law(
    key: jax.Array,
    size: int,
    exponent: float,
    gain: float = 1.25,
    *,
    match: str | None = 'frobenius',
) -> Connectivity:
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
  base = gaussian(key, size, gain).matrix
  u, _, vt = jnp.linalg.svd(base)
  spectrum = jnp.arange(1, size + 1, dtype=base.dtype) ** -exponent
  return describe(match_norm((u * spectrum[None]) @ vt, base, match))


def check_signs(matrix: np.ndarray, signs: np.ndarray) -> None:
  """Refuses a matrix [N, N] whose columns do not have signs [N], each +-1.

  Raises:
    ValueError: naming the first column that breaks Dale's law.
  """
  matrix, signs = np.asarray(matrix), np.asarray(signs)
  if signs.shape != matrix.shape[1:] or not np.isin(signs, (-1, 1)).all():
    raise ValueError(
        f'signs must be {matrix.shape[1]} numbers +1 or -1, one a column, got'
        f' shape {signs.shape} with values {np.unique(signs)[:5].tolist()}.'
    )
  wrong = np.flatnonzero((matrix * signs[None] < 0).any(0))
  if wrong.size:
    raise ValueError(
        f'column {wrong[0]} has weights of a sign that is not its own'
        f" ({signs[wrong[0]]:+g}), against Dale's law; {wrong.size} columns do."
    )


def cell_types(
    key: jax.Array,
    types: jax.Array,
    means: jax.Array,
    deviations: jax.Array,
) -> Connectivity:
  """Draws W_ij ~ N(mu_kl, sigma_kl^2 / N) for types k of i and l of j.

  Args:
    key: of the draw.
    types: int [N], each in [0, K).
    means: mu [K, K], row: target.
    deviations: sigma [K, K], at least 0.

  Raises:
    ValueError: if means and deviations are not square and alike, a deviation
      is negative, or a unit's type is none of theirs.
  """
  if means.shape != deviations.shape or means.shape != (len(means),) * 2:
    raise ValueError(
        'means and deviations must be [K, K], one row and column a cell type,'
        f' got {list(means.shape)} and {list(deviations.shape)}.'
    )
  if checks.is_concrete(deviations) and np.any(np.asarray(deviations) < 0):
    raise ValueError(
        f'deviations must be at least 0, got {np.min(deviations)}.'
    )
  checks.indices('types', types, len(means))
  size = types.shape[0]
  pick = lambda table: table[types[:, None], types[None, :]]
  noise = jax.random.normal(key, (size, size)) / size**0.5
  return describe(pick(means) + pick(deviations) * noise)


def shuffled(key: jax.Array, matrix: jax.Array) -> Connectivity:
  """Permutes all entries: the same norm, sparsity and weights, no structure."""
  flat = jax.random.permutation(key, matrix.ravel())
  return describe(flat.reshape(matrix.shape))
