"""Connectivity with the structure of circuits, and controls that remove it.

What Liu et al. (arXiv 2310.08513) start networks from beside random matrices
of a rank: motifs, heavy-tailed weights; and, for a measured matrix, controls
that keep one statistic each. Rows are targets, columns sources.
"""

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.analysis import connectivity


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
  """
  size = matrix.shape[0]
  off = ~jnp.eye(size, dtype=bool)
  count = size * (size - 1)
  w = jnp.where(off, matrix - jnp.sum(jnp.where(off, matrix, 0)) / count, 0)
  power = jnp.sum(w**2)
  variance = power / count
  rows, columns = jnp.sum(w, 1), jnp.sum(w, 0)
  mirrored = jnp.sum(w * w.T)
  triples = count * (size - 2)
  return {
      'convergent': (jnp.sum(rows**2) - power) / triples / variance,
      'divergent': (jnp.sum(columns**2) - power) / triples / variance,
      'chain': (jnp.sum(rows * columns) - mirrored) / triples / variance,
      'reciprocal': mirrored / power,
  }


def log_normal(
    key: jax.Array,
    num_excitatory: int,
    num_inhibitory: int,
    gain: float = 1.25,
    *,
    deviation: float = 0.94,
    match: str | None = 'frobenius',
) -> connectivity.Connectivity:
  """Draws |W| from a log-normal, signs by column as `connectivity.dale`.

  Args:
    key: of the draw.
    num_excitatory: columns of sign +; they come first.
    num_inhibitory: columns of sign -, stronger, so that rows sum to 0 on
      average.
    gain: of the Gaussian matrix whose norm is kept.
    deviation: of log |W|, positive; 0.94 as synapses of rat visual cortex
      (Song et al., PLoS Biology 3, 2005).
    match: the norm of that Gaussian matrix that is kept.

  Raises:
    ValueError: if deviation is not positive, or a sign has no unit.
  """
  if not deviation > 0:
    raise ValueError(f'deviation must be positive, got {deviation}.')
  weight_key, base_key = jax.random.split(key)
  size = num_excitatory + num_inhibitory
  signs = connectivity.dale_signs(num_excitatory, num_inhibitory)
  base = connectivity.gaussian(base_key, size, gain).matrix
  draw = jnp.exp(deviation * jax.random.normal(weight_key, (size, size)))
  draw *= jnp.asarray(signs, draw.dtype)[None] / size**0.5
  return connectivity.describe(connectivity.match_norm(draw, base, match))


def project_to_dale(weights: jax.Array, signs: jax.Array) -> jax.Array:
  """Sets weights [N, N] of the wrong sign for their column [N] to 0.

  The nearest matrix that keeps Dale's law: call it after an update.
  """
  return jnp.where(weights * signs[None] >= 0, weights, 0)


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
