"""How many edges neurons have: most few, some many, if tails are heavy."""

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.core import checks


def degrees(weights: jax.Array) -> tuple[jax.Array, jax.Array]:
  """Returns in-degrees and out-degrees, int [N] each, of weights [N, N].

  Raises:
    ValueError: if the weights are not square.
  """
  checks.shape('weights', weights, num_nodes=len(weights), same=len(weights))
  edges = weights != 0
  return jnp.sum(edges, 1), jnp.sum(edges, 0)


def survival(degrees: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
  """Returns the degrees that occur, and the share of neurons with no less.

  On logarithmic axes a power law is a straight line; unlike a histogram it
  needs no bins.

  Args:
    degrees: int, of any shape.

  Returns:
    Degrees of at least 1, increasing, int [K], and shares [K].

  Raises:
    ValueError: if a degree is negative, or none is above 0.
  """
  counts = np.bincount(np.ravel(degrees))  # refuses what is negative
  if not counts[1:].any():
    raise ValueError('degrees must not all be 0: there is no tail to show.')
  found = np.flatnonzero(counts)
  shares = counts[::-1].cumsum()[::-1][found] / counts.sum()
  return found[found > 0], shares[found > 0]
