"""The graph of neurons that weights of low rank stand for, and its edges.

Section 5 of the BDH paper (arXiv 2509.26507): G = D_x E sends what neurons y
of one layer fire to the neurons x of the next; a graph of its strongest edges
has communities. Compare only graphs of equally many edges: few edges look
modular however they are drawn.
"""

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.core import checks
from nmlib.neurons.initializers import low_rank

Array = jax.Array | np.ndarray


def block(
    encoder: jax.Array, decoder: jax.Array, target: int, source: int
) -> jax.Array:
  """Returns D_x E between two heads of a BDH model: float [N, N].

  Entry [i, j] is what neuron j of head `source` adds to the drive of neuron i
  of head `target`, through d numbers, before normalisation. Neurons are in
  the stored order, of which `bdh.neuron_order` gives the authors' indices.

  Args:
    encoder: `bdh.Params.encoder`, D_x, [h, d, N].
    decoder: `bdh.Params.decoder`, E, [h, N, d].
    target: head that receives.
    source: head that sends; the paper's G* is of one head, target = source.

  Raises:
    ValueError: if a head is out of range, or the two are not of one model.
  """
  checks.shape('encoder', encoder, 'h', 'd', 'N')
  h, d, n = encoder.shape
  checks.shape('decoder', decoder, h=h, N=n, d=d)
  for name, head in (('target', target), ('source', source)):
    if not 0 <= head < h:
      raise ValueError(f'{name} must be a head in [0, {h}), got {head}.')
  return encoder[target].T @ decoder[source].T


def above(weights: Array, threshold: float) -> jax.Array:
  """Keeps weights [N, N] above a threshold, the paper's beta; others are 0.

  Self-connections are left out.

  Raises:
    ValueError: if the threshold is negative or the weights cannot be a graph's.
  """
  if not threshold >= 0:
    raise ValueError(
        f'threshold must be at least 0, since 0 is no edge, got {threshold}.'
    )
  weights = low_rank.checked(jnp.asarray(weights))
  return jnp.where(_between(weights) & (weights > threshold), weights, 0)


def strongest(weights: Array, num_edges: int) -> jax.Array:
  """Keeps the largest `num_edges` positive weights of [N, N]; others are 0.

  Self-connections do not count. Where the last is tied, the first in C order
  are kept.

  Raises:
    ValueError: if there are fewer such weights, or they are not finite.
  """
  weights = low_rank.checked(jnp.asarray(weights))
  candidates = jnp.where(_between(weights), weights, -jnp.inf).ravel()
  if checks.is_concrete(weights):
    most = int(jnp.sum(candidates > 0))
    if not 1 <= num_edges <= most:
      raise ValueError(
          f'num_edges must be in [1, {most}], the positive weights between'
          f' different neurons, got {num_edges}.'
      )
  kept, places = jax.lax.top_k(candidates, num_edges)
  edges = jnp.zeros_like(candidates).at[places].set(kept)
  return edges.reshape(weights.shape)


def undirected(weights: Array) -> jax.Array:
  """Returns W + W^T [N, N] without self-connections."""
  weights = jnp.asarray(weights)
  return jnp.where(_between(weights), weights + weights.T, 0)


def _between(weights: Array) -> jax.Array:
  """Tells which entries are between different neurons, bool [N, N]."""
  return ~jnp.eye(len(weights), dtype=bool)
