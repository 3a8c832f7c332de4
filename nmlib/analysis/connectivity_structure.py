"""Connectivity with the structure of circuits, and controls that remove it.

What Liu et al. (arXiv 2310.08513) start networks from beside random matrices
of a rank: motifs, distance; and, for a measured matrix, controls that keep one
statistic each. `dale` has excitatory and inhibitory units. Rows are targets,
columns sources.
"""

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.analysis import connectivity
from nmlib.neurons.core import checks
from nmlib.neurons.core import normalization


def motifs(
    key: jax.Array,
    size: int,
    gain: float = 1.25,
    *,
    convergent: float = 0.0,
    divergent: float = 0.0,
    chain: float = 0.0,
    reciprocal: float = 0.0,
) -> connectivity.Connectivity:
  """Draws Gaussian weights with given correlations of pairs of synapses.

  The second-order networks of Zhao et al. (Front. Comput. Neurosci. 5, 2011)
  for Gaussian weights: W_ij = g / sqrt(N) (sqrt(c) u_i + sqrt(d) v_j +
  sqrt(1 - c - d) z_ij), with u_i and v_i, z_ij and z_ji correlated. Chains
  put eigenvalues at +- g sqrt(N chain), outside the bulk.

  Args:
    key: of the draw.
    size: N.
    gain: standard deviation of an entry is gain / sqrt(N).
    convergent: correlation of two synapses onto one target, at least 0: it is
      the share of the variance that targets explain.
    divergent: of two synapses of one source, at least 0 likewise.
    chain: of one synapse onto a unit and one from it.
    reciprocal: of the synapses between two units.

  Raises:
    ValueError: if no such weights exist.
  """
  shares = convergent + divergent
  if min(convergent, divergent) < 0 or shares > 1:
    raise ValueError(
        'convergent and divergent are shares of the variance, at least 0 and'
        f' at most 1 together, got {convergent} and {divergent}.'
    )
  most = (convergent * divergent) ** 0.5
  if abs(chain) > most:
    raise ValueError(
        f'chain must be within +-sqrt(convergent * divergent) = {most:.4g}, got'
        f' {chain}.'
    )
  left = reciprocal - 2 * chain
  if abs(left) > 1 - shares + 1e-12:
    raise ValueError(
        'reciprocal must be within 1 - convergent - divergent ='
        f' {1 - shares:.4g} of 2 * chain = {2 * chain:.4g}, got {reciprocal}.'
    )
  u_key, v_key, z_key = jax.random.split(key, 3)
  u, other = jax.random.normal(u_key, (size,)), jax.random.normal(
      v_key, (size,)
  )
  rho = chain / most if most else 0.0
  v = rho * u + (1 - rho**2) ** 0.5 * other
  z = jax.random.normal(z_key, (size, size))
  tie = left / (1 - shares) if shares < 1 else 0.0
  # a z + b z^T has correlation 2 a b of mirrored entries, with a^2 + b^2 = 1.
  a = ((1 + tie) ** 0.5 + (1 - tie) ** 0.5) / 2
  b = ((1 + tie) ** 0.5 - (1 - tie) ** 0.5) / 2
  z = jnp.where(jnp.eye(size, dtype=bool), z, a * z + b * z.T)
  matrix = (
      convergent**0.5 * u[:, None]
      + divergent**0.5 * v[None]
      + max(0.0, 1 - shares) ** 0.5 * z
  )
  return connectivity.describe(gain * matrix / size**0.5)


def motif_statistics(matrix: jax.Array) -> dict[str, jax.Array]:
  """Returns the four correlations [] of `motifs` in a matrix [N, N].

  Entries are standardised off the diagonal; self-connections do not count.

  Raises:
    ValueError: if there are fewer than 3 units, or all entries off the diagonal
      are alike; of the latter, NaN inside of `jit`.
  """
  size = matrix.shape[0]
  if size < 3:
    raise ValueError(f'motifs need at least 3 units, got {size}.')
  off = ~jnp.eye(size, dtype=bool)
  count = size * (size - 1)
  w = jnp.where(off, matrix - jnp.sum(jnp.where(off, matrix, 0)) / count, 0)
  power = jnp.sum(w**2)
  variance = power / count
  if checks.is_concrete(power) and not power > 0:
    raise ValueError(
        'matrix must have different entries off the diagonal to have'
        ' correlations, got all alike.'
    )
  rows, columns = jnp.sum(w, 1), jnp.sum(w, 0)
  mirrored = jnp.sum(w * w.T)
  triples = count * (size - 2)
  return {
      'convergent': (jnp.sum(rows**2) - power) / triples / variance,
      'divergent': (jnp.sum(columns**2) - power) / triples / variance,
      'chain': (jnp.sum(rows * columns) - mirrored) / triples / variance,
      'reciprocal': mirrored / power,
  }


def distance_dependent(
    key: jax.Array,
    positions: jax.Array,
    length_constant: float,
    gain: float = 1.25,
    *,
    match: str | None = 'frobenius',
) -> connectivity.Connectivity:
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
  base = connectivity.gaussian(key, positions.shape[0], gain).matrix
  gaps = positions[:, None] - positions[None]
  distance = normalization.safe_norm(gaps, -1)  # 0 of a unit to itself
  matrix = base * jnp.exp(-distance / length_constant)
  return connectivity.describe(connectivity.match_norm(matrix, base, match))


def bulk_radius(matrix: jax.Array) -> jax.Array:
  """Returns where the eigenvalues [] of W [M, N] would end without structure.

  The circular law for columns that differ in variance, sqrt(sum_j var_i W_ij)
  (Rajan and Abbott, Phys. Rev. Lett. 97, 2006). An eigenvalue far outside is
  an outlier, of the mean or of motifs.
  """
  return normalization.safe_sqrt(jnp.sum(jnp.var(matrix, 0)))


def outliers(matrix: jax.Array, beyond: float = 1.1) -> np.ndarray:
  """Returns eigenvalues of W [N, N] further out than `beyond` bulk radii.

  Complex, largest first; their number depends on W, so that this runs outside
  of `jit` only.
  """
  values = np.linalg.eigvals(np.asarray(matrix))
  far = values[np.abs(values) > beyond * float(bulk_radius(matrix))]
  return far[np.argsort(-np.abs(far))]


def same_spectrum(
    key: jax.Array, matrix: jax.Array
) -> connectivity.Connectivity:
  """Keeps the singular values of W [N, N], draws the vectors at random."""
  left, right = jax.random.split(key)
  size = matrix.shape[0]
  values = jnp.linalg.svd(matrix, compute_uv=False)
  u = jax.random.orthogonal(left, size)
  v = jax.random.orthogonal(right, size)
  return connectivity.describe((u * values[None]) @ v)


def same_degrees(
    rng: np.random.Generator, matrix: np.ndarray, swaps_per_edge: int = 10
) -> connectivity.Connectivity:
  """Rewires W [N, N], keeping every unit's number of synapses in and out.

  Swaps the targets of two synapses at a time where neither new synapse exists
  yet (Maslov and Sneppen, Science 296, 2002). A weight stays with its source,
  so that Dale's law holds where it held.

  Args:
    rng: of the swaps; runs on the host.
    matrix: the entries that are not 0 are the synapses.
    swaps_per_edge: attempts.
  """
  matrix = np.asarray(matrix)
  targets, sources = np.nonzero(matrix)
  weights = matrix[targets, sources]
  taken = set(zip(targets.tolist(), sources.tolist(), strict=True))
  for i, j in rng.integers(
      len(sources), size=(swaps_per_edge * len(sources), 2)
  ):
    new = (targets[j], sources[i]), (targets[i], sources[j])
    if targets[i] == targets[j] or new[0] in taken or new[1] in taken:
      continue
    taken -= {(targets[i], sources[i]), (targets[j], sources[j])}
    taken |= set(new)
    targets[i], targets[j] = targets[j], targets[i]
  rewired = np.zeros_like(matrix)
  rewired[targets, sources] = weights
  return connectivity.from_array(rewired)
