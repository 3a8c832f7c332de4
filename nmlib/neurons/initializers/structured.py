"""Connectivity with the structure of circuits, and controls that remove it.

What Liu et al. (arXiv 2310.08513) start networks from beside random matrices
of a rank: motifs, distance; and, for a measured matrix, controls that keep one
statistic each. `dale` has excitatory and inhibitory units. Rows are targets,
columns sources.
"""

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from nmlib.neurons.core import checks
from nmlib.neurons.core import normalization
from nmlib.neurons.initializers import dale
from nmlib.neurons.initializers import low_rank


def cell_types(
    key: jax.Array,
    types: jax.Array,
    means: jax.Array,
    deviations: jax.Array,
) -> jax.Array:
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
  return low_rank.checked(pick(means) + pick(deviations) * noise)


def random_cell_types(
    key: jax.Array, size: int, num_types: int = 4, gain: float = 1.25
) -> jax.Array:
  """Draws `cell_types` of equal size, with means and deviations at random.

  mu_kl ~ gain N(0, 1 / N), log (sigma_kl / gain) ~ N(0, 1 / 4).

  Args:
    key: of the draw.
    size: N.
    num_types: K, at most N.
    gain: of both.
  """
  mean_key, spread_key, key = jax.random.split(key, 3)
  blocks = (num_types, num_types)
  means = gain * jax.random.normal(mean_key, blocks) / size**0.5
  deviations = gain * jnp.exp(0.5 * jax.random.normal(spread_key, blocks))
  types = jnp.arange(size) * num_types // size
  return cell_types(key, types, means, deviations)


def motifs(
    key: jax.Array,
    size: int,
    gain: float = 1.25,
    *,
    convergent: float = 0.0,
    divergent: float = 0.0,
    chain: float = 0.0,
    reciprocal: float = 0.0,
) -> jax.Array:
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
  return low_rank.checked(gain * matrix / size**0.5)


def distance_dependent(
    key: jax.Array,
    positions: jax.Array,
    length_constant: float,
    gain: float = 1.25,
    *,
    match: str | None = 'frobenius',
) -> jax.Array:
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
  base = low_rank.gaussian(key, positions.shape[0], gain)
  gaps = positions[:, None] - positions[None]
  distance = normalization.safe_norm(gaps, -1)  # 0 of a unit to itself
  matrix = base * jnp.exp(-distance / length_constant)
  return low_rank.checked(low_rank.match_norm(matrix, base, match))


def from_array(
    values: np.ndarray, signs: np.ndarray | None = None
) -> jax.Array:
  """Takes a measured matrix [N, N].

  Args:
    values: its entries; kept as float32.
    signs: [N] of the columns, each +-1, if Dale's law shall hold.

  Raises:
    ValueError: if it is not square, not finite, or 0; or a column breaks
      Dale's law.
  """
  found = low_rank.checked(jnp.asarray(values, jnp.float32))
  if signs is not None:
    dale.check_signs(values, signs)
  return found


def shuffled(key: jax.Array, matrix: jax.Array) -> jax.Array:
  """Permutes all entries: the same norm, sparsity and weights, no structure."""
  flat = jax.random.permutation(key, matrix.ravel())
  return low_rank.checked(flat.reshape(matrix.shape))


def same_spectrum(key: jax.Array, matrix: jax.Array) -> jax.Array:
  """Keeps the singular values of W [N, N], draws the vectors at random."""
  left, right = jax.random.split(key)
  size = matrix.shape[0]
  values = jnp.linalg.svd(matrix, compute_uv=False)
  u = jax.random.orthogonal(left, size)
  v = jax.random.orthogonal(right, size)
  return low_rank.checked((u * values[None]) @ v)


def same_degrees(
    rng: np.random.Generator, matrix: npt.ArrayLike, swaps_per_edge: int = 10
) -> jax.Array:
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
  return from_array(rewired)
