"""BDH-Normfree as graphs with weights >= 0 and few edges (claims 3 and 4).

Low rank is what makes the graphs sparse: of n^2 possible connections, O(n d)
edges through 2d hidden nodes do.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.bdh.graph import edges
from nmlib.neurons.bdh.graph import model
from nmlib.neurons.bdh.graph import normfree
from nmlib.neurons.bdh.graph import rounds
from nmlib.neurons.core import checks


class SignedGraphs(NamedTuple):
  """D E = (excite - inhibit) into, all of it >= 0, through 2d hidden nodes."""

  into: jax.Array  # [2d, n], E' = [relu(E); relu(-E)]: neurons to hidden nodes
  excite: jax.Array  # [n, 2d], D^e = [relu(D), relu(-D)]: back to neurons
  inhibit: jax.Array  # [n, 2d], D^i = [relu(-D), relu(D)]


def lowrank_to_signed_graphs(d: jax.Array, e: jax.Array) -> SignedGraphs:
  """Splits a map of low rank, D [n, d] times E [d, n], by sign (claim 3).

  Exact: D^e E' - D^i E' = D E. Each entry of E is one edge, each of D two.

  Raises:
    ValueError: if the shapes do not fit, or a concrete entry is not finite.
  """
  checks.shape('d', d, 'n', 'd')
  checks.shape('e', e, d=d.shape[1], n=d.shape[0])
  edges.numbers('d', d)
  edges.numbers('e', e)
  return SignedGraphs(
      _split(e, 0), _split(d, 1), jnp.roll(_split(d, 1), d.shape[1], axis=1)
  )


def from_normfree(
    params: normfree.Params, config: normfree.Config
) -> tuple[rounds.Graphs, model.Config]:
  """Returns the graph model that equals BDH-Normfree (observation 4, claim 3).

  2d relays (nodes n to n + 2d - 1) add up what neurons send; every neuron has
  a synapse on every other and itself, G_s = 1.

  Args:
    params: weights; may be traced.
    config: hyperparameters.

  Returns:
    Graphs of n + 2d nodes with O(n d) edges beside the n^2 synapses, and
    their config.

  Raises:
    ValueError: if a shape does not fit, or a concrete weight is not finite.
  """
  normfree.check_params(params, config)
  n = config.num_neurons
  x = lowrank_to_signed_graphs(params.encoder.T, params.decoder.T)
  y = lowrank_to_signed_graphs(params.encoder_v.T, params.decoder.T)
  into = edges.complete(x.into, first_receiver=n)
  back = lambda matrix: edges.complete(matrix, first_sender=n)
  synapses = edges.complete(jnp.ones((n, n), config.param_dtype))
  graphs = rounds.Graphs(
      (into, back(x.excite)),
      (into, back(x.inhibit)),
      (into, back(y.excite)),
      (into, back(y.inhibit)),
      synapses,
      _damping(synapses, config),
  )
  return graphs, _config(config)


def hubs_from_normfree(
    params: normfree.Params, config: normfree.Config
) -> tuple[rounds.Graphs, model.Config]:
  """As `from_normfree`, with O(n d) synapses too, on 2d hubs (claim 4).

  A layer becomes two graph layers: in the first, hubs fire relu(E y) and
  relu(-E y); in the second, they stand for y in the four rounds: they excite
  x, receive the synapses and excite y. Then rho = E sigma of BDH-Normfree is
  the difference of the two halves of sigma. The claim is the paper's, this
  construction is ours.

  Raises:
    ValueError: as `from_normfree`.
  """
  normfree.check_params(params, config)
  n, d = config.num_neurons, config.embed_dim
  x = lowrank_to_signed_graphs(params.encoder.T, params.decoder.T)
  y = lowrank_to_signed_graphs(params.encoder_v.T, params.decoder.T)
  onto = lambda matrix: edges.complete(matrix, first_receiver=n)
  back = lambda matrix: (edges.complete(matrix, first_sender=n),)
  synapses = onto(jnp.ones((2 * d, n), config.param_dtype))
  graphs = rounds.Graphs(
      back(x.excite),
      back(x.inhibit),
      back(y.excite),
      back(y.inhibit),
      synapses,
      _damping(synapses, config),
      (onto(x.into), onto(jnp.roll(x.into, d, axis=0))),
  )
  return graphs, _config(config)


def _split(matrix, axis):
  parts = [jax.nn.relu(matrix), jax.nn.relu(-matrix)]
  return jnp.concatenate(parts, axis=axis)


def _damping(synapses, config):
  return jnp.full_like(synapses.weights, np.exp(-config.decay))


def _config(config):
  return model.Config(
      config.num_neurons,
      config.num_layers,
      2 * config.embed_dim,
      config.theta,
      config.param_dtype,
  )
