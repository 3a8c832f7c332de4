"""How much more of a graph lies inside of communities than chance puts there.

Newman (PNAS 103, 2006); with directions, Leicht and Newman (Phys. Rev. Lett.
100, 2008). Communities themselves are found by any method, such as networkx'
`louvain_communities`.
"""

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.core import checks
from nmlib.neurons.initializers import low_rank

Array = jax.Array | np.ndarray


def modularity(weights: Array, labels: Array) -> jax.Array:
  r"""Returns the modularity [] of communities.

  .. math::
    Q = \frac1m \sum_{ij} \left(w_{ij} - \frac{k_i k'_j}{m}\right)
      [c_i = c_j],\quad m = \sum_{ij} w_{ij}

  with k the sums of rows, k' those of columns. For a symmetric matrix it is
  Newman's of the undirected graph, in which m here counts each edge twice.

  Args:
    weights: at least 0, 0 where there is no edge, float [N, N].
    labels: community of each neuron, int [N], in [0, N).

  Returns:
    A number in [-1, 1); 0 if all are in one community.

  Raises:
    ValueError: if there is no edge, a weight is negative or not finite, or a
      label out of range.
  """
  weights = low_rank.checked(jnp.asarray(weights))
  size = len(weights)
  checks.shape('labels', labels, N=size)
  checks.indices('labels', labels, size)
  if checks.is_concrete(weights) and jnp.min(weights) < 0:
    raise ValueError(
        f'weights must be at least 0, got {float(jnp.min(weights))}; keep'
        ' those above a threshold.'
    )
  total = jnp.sum(weights)
  labels = jnp.asarray(labels)
  same = labels[:, None] == labels[None]
  inside = jnp.sum(jnp.where(same, weights, 0)) / total
  rows, columns = (
      jax.ops.segment_sum(jnp.sum(weights, axis) / total, labels, size)
      for axis in (1, 0)
  )
  return inside - rows @ columns
