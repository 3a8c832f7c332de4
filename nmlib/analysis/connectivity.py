"""Statistics of connectivity that structure moves away from random weights'.

`nmlib.neurons.initializers.structured` draws matrices with them.
"""

import jax
import jax.numpy as jnp
import numpy as np


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


def bulk_radius(matrix: jax.Array) -> jax.Array:
  """Returns where the eigenvalues [] of W [M, N] would end without structure.

  The circular law for columns that differ in variance, sqrt(sum_j var_i W_ij)
  (Rajan and Abbott, Phys. Rev. Lett. 97, 2006). An eigenvalue far outside is
  an outlier, of the mean or of motifs.
  """
  return jnp.sqrt(jnp.sum(jnp.var(matrix, 0)))


def outliers(matrix: jax.Array, beyond: float = 1.1) -> np.ndarray:
  """Returns eigenvalues of W [N, N] further out than `beyond` bulk radii.

  Complex, largest first; their number depends on W, so that this runs outside
  of `jit` only.
  """
  values = np.linalg.eigvals(np.asarray(matrix))
  far = values[np.abs(values) > beyond * float(bulk_radius(matrix))]
  return far[np.argsort(-np.abs(far))]
