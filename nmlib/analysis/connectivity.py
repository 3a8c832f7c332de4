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
    ValueError: if the matrix is not square.
  """
  if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
    raise ValueError(
        'a connectivity matrix must be square [N, N], one row and one column a'
        f' unit, got {list(matrix.shape)}.'
    )
  values = jnp.linalg.svd(matrix, compute_uv=False)
  return Connectivity(
      matrix,
      {
          kind: effective_rank.from_singular_values(values, kind)
          for kind in effective_rank.SINGULAR_KINDS
      },
  )


def from_array(values: np.ndarray) -> Connectivity:
  """Takes a measured matrix [N, N].

  Raises:
    ValueError: if it is not square, or has entries that are not finite.
  """
  values = np.asarray(values, np.float32)
  bad = np.argwhere(~np.isfinite(values))
  if bad.size:
    raise ValueError(
        'a connectivity matrix must be finite, got'
        f' {values[tuple(bad[0])]} at {bad[0].tolist()}; set missing'
        ' connections to 0.'
    )
  return describe(jnp.asarray(values))


def truncate_rank(matrix: jax.Array, rank: int) -> jax.Array:
  """Returns the nearest matrix of at most this rank, U_r S_r V_r^T.

  Raises:
    ValueError: if rank is not in [1, min(M, N)].
  """
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
    ValueError: for another kind.
  """
  if match is None:
    return matrix
  if match not in NORMS:
    raise ValueError(
        f'match must be one of {tuple(NORMS)} or None, got {match!r}.'
    )
  norm = NORMS[match]
  return matrix * (norm(reference) / norm(matrix))


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


def dale_signs(num_excitatory: int, num_inhibitory: int) -> np.ndarray:
  """Returns signs [N], excitatory first, that balance: their sum is 0.

  Raises:
    ValueError: unless there is a unit of either sign.
  """
  if num_excitatory < 1 or num_inhibitory < 1:
    raise ValueError(
        "Dale's law needs at least one excitatory and one inhibitory unit, got"
        f' {num_excitatory} and {num_inhibitory}.'
    )
  balance = num_excitatory / num_inhibitory
  size = num_excitatory + num_inhibitory
  return np.where(np.arange(size) < num_excitatory, 1.0, -balance)


def dale(
    key: jax.Array,
    num_excitatory: int,
    num_inhibitory: int,
    gain: float = 1.25,
    *,
    match: str | None = 'frobenius',
) -> Connectivity:
  """Draws columns of one sign: excitatory sources first, balanced on average.

  |N(0, 1)| entries; inhibitory columns are num_excitatory / num_inhibitory
  times stronger, so that the expected sum of a row is 0.

  Raises:
    ValueError: unless there is a unit of either sign.
  """
  signs = dale_signs(num_excitatory, num_inhibitory)
  size = num_excitatory + num_inhibitory
  base = gaussian(key, size, gain).matrix
  matrix = jnp.abs(base) * jnp.asarray(signs, base.dtype)[None]
  return describe(match_norm(matrix, base, match))


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
    ValueError: if means and deviations are not square and alike.
  """
  if means.shape != deviations.shape or means.shape != (len(means),) * 2:
    raise ValueError(
        'means and deviations must be [K, K], one row and column a cell type,'
        f' got {list(means.shape)} and {list(deviations.shape)}.'
    )
  size = types.shape[0]
  pick = lambda table: table[types[:, None], types[None, :]]
  noise = jax.random.normal(key, (size, size)) / size**0.5
  return describe(pick(means) + pick(deviations) * noise)


def distance_dependent(
    key: jax.Array,
    positions: jax.Array,
    length_constant: float,
    gain: float = 1.25,
    *,
    match: str | None = 'frobenius',
) -> Connectivity:
  """Weights W_0 by exp(-distance / length_constant) between units.

  Args:
    key: of W_0.
    positions: [N, D].
    length_constant: positive, in the unit of the positions.
    gain: of W_0.
    match: the norm of W_0 that is kept.

  Raises:
    ValueError: if length_constant is not positive.
  """
  if not length_constant > 0:
    raise ValueError(
        f'length_constant must be positive, got {length_constant}.'
    )
  base = gaussian(key, positions.shape[0], gain).matrix
  gaps = positions[:, None] - positions[None]
  distance = jnp.sqrt(jnp.sum(gaps**2, -1))
  matrix = base * jnp.exp(-distance / length_constant)
  return describe(match_norm(matrix, base, match))


def shuffled(key: jax.Array, matrix: jax.Array) -> Connectivity:
  """Permutes all entries: the same norm, sparsity and weights, no structure."""
  flat = jax.random.permutation(key, matrix.ravel())
  return describe(flat.reshape(matrix.shape))
