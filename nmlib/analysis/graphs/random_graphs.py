"""Graphs without structure, of as many edges as the one they are held against.

A sparse graph has communities by chance: its modularity means something only
beside these (section 5 of the BDH paper, arXiv 2509.26507).
"""

import jax
import jax.numpy as jnp

from nmlib.analysis.graphs import neuron_graph
from nmlib.neurons.initializers import low_rank


def rewired(key: jax.Array, weights: jax.Array) -> jax.Array:
  """Puts the weights [N, N] off the diagonal at random places there.

  G(n, m) of Erdos and Renyi, with the very weights of the graph.

  Raises:
    ValueError: if the weights cannot be a graph's.
  """
  weights = low_rank.checked(weights)
  size = len(weights)
  # Row r of the N - 1 rows of N holds entries between the diagonal's.
  off = weights.ravel()[1:].reshape(size - 1, size + 1)[:, :-1]
  off = jax.random.permutation(key, off.ravel()).reshape(size - 1, size)
  zero = jnp.zeros((size - 1, 1), weights.dtype)
  rest = jnp.concatenate([off, zero], 1).ravel()
  return jnp.concatenate([zero[0], rest]).reshape(size, size)


def gaussian_product(
    key: jax.Array, size: int, rank: int, num_edges: int
) -> jax.Array:
  """Returns the strongest entries of D E [N, N], both N(0, 1).

  Args:
    key: of the D [N, rank] and the E [rank, N].
    size: N.
    rank: d, of which the excess kurtosis of D E is 6 / d.
    num_edges: how many to keep, as `neuron_graph.strongest` does.

  Raises:
    ValueError: if size, rank or num_edges is out of range.
  """
  if size < 2 or rank < 1:
    raise ValueError(
        f'size must be at least 2 and rank at least 1, got {size} and {rank}.'
    )
  first, second = jax.random.split(key)
  d = jax.random.normal(first, (size, rank))
  e = jax.random.normal(second, (rank, size))
  return neuron_graph.strongest(d @ e, num_edges)
