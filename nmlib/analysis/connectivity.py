"""Statistics of connectivity that structure moves away from random weights'.

`nmlib.neurons.initializers.structured` draws matrices with them.
"""

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.core import checks
from nmlib.neurons.core import normalization


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
