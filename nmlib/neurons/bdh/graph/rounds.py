"""The four rounds of a layer (definition 2, "equations of reasoning").

Each round first communicates, along edges, then computes locally, at each node
or synapse alone; all of it is a rule of the edge-reweighting kernel, which
touches nodes i, j and the edge (i, j) only.

- round 4l - 1: `excite_x`, X^e and X^i += G_x Y; then `fire_x`,
  X += relu(X^e - X^i)
- round 4l: `read`, A = sigma X; nothing locally
- round 4l + 1: `write`, sigma += (Y X^T) G_s; then `damp`, sigma *= u
- round 4l + 2: `excite_y`, Y^e and Y^i += G_y A; then `fire_y`,
  Y = relu(Y^e - Y^i) X

for layers l = 1 .. L: rounds 3 to 4L + 2, 4L a token. The paper counts from the
read, and forms X of the next layer in the last round of a layer; that is the
first round here. Which round clears which counter is inferred: each clears its
own, and `fire_x` also A.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons.bdh.graph import edges

Pathway = tuple[edges.Edges, ...]  # hops in turn, through nodes that add up


class Graphs(NamedTuple):
  """All parameters of the graph model; every weight is >= 0.

  A synapse leads from node j to node i, and sigma_ij grows where j fires in X
  and i has fired in Y, of the layer below.
  """

  x_excite: Pathway  # G_x^e
  x_inhibit: Pathway  # G_x^i
  y_excite: Pathway  # G_y^e
  y_inhibit: Pathway  # G_y^i
  synapses: edges.Edges  # G_s, m edges; weights scale what is written
  damping: jax.Array  # [m], u in [0, 1] of each synapse a token
  # Claim 4: (excite, inhibit), a graph layer of its own before each other
  # layer, in which hubs take over Y; () for none.
  hubs: Pathway = ()


class Nodes(NamedTuple):
  """What each of N nodes holds between rounds."""

  x: jax.Array  # [N]
  q: jax.Array  # [N], X as synapses see it: rotated, if there is a rotation
  y: jax.Array  # [N]
  a: jax.Array  # [N], read from synapses
  excited: jax.Array  # [N], counter X^e or Y^e
  inhibited: jax.Array  # [N], X^i or Y^i


def at_rest(y: jax.Array) -> Nodes:
  """Returns nodes that hold y [N], all else being 0."""
  zero = jnp.zeros_like(y)
  return Nodes(zero, zero, y, zero, zero, zero)


def along(pathway: Pathway, values: jax.Array) -> jax.Array:
  """Sends values [N] along the hops of a pathway, one after the other."""
  for hop in pathway:
    values = edges.propagate(hop, values)
  return values


def excite_hubs(graphs: Graphs, nodes: Nodes) -> Nodes:
  """Communicates Y to the hubs (claim 4)."""
  excite, inhibit = graphs.hubs
  return _counted(nodes, (excite,), (inhibit,), nodes.y)


def fire_hubs(nodes: Nodes) -> Nodes:
  """Y <- relu(e - i), at hubs: neurons count nothing, and lose their Y."""
  return _cleared(nodes._replace(y=_drive(nodes)))


def excite_x(graphs: Graphs, nodes: Nodes) -> Nodes:
  """Round 4l - 1, communication: X^e += G_x^e Y, X^i += G_x^i Y."""
  return _counted(nodes, graphs.x_excite, graphs.x_inhibit, nodes.y)


def fire_x(nodes: Nodes) -> Nodes:
  """Round 4l - 1, locally: X <- X + relu(X^e - X^i); clears A and counters."""
  x = nodes.x + _drive(nodes)
  return _cleared(nodes._replace(x=x, q=x, a=jnp.zeros_like(x)))


def read(graphs: Graphs, sigma: jax.Array, nodes: Nodes) -> Nodes:
  """Round 4l: A = sigma X, of synapses sigma [m] from the tokens before."""
  synapses = graphs.synapses._replace(weights=sigma)
  return nodes._replace(a=edges.propagate(synapses, nodes.q))


def write(graphs: Graphs, sigma: jax.Array, nodes: Nodes) -> jax.Array:
  """Round 4l + 1, communication: sigma_ij += Y_i X_j, scaled by G_s."""
  senders, receivers, scale = graphs.synapses
  return sigma + scale * nodes.y[receivers] * nodes.q[senders]


def damp(graphs: Graphs, sigma: jax.Array) -> jax.Array:
  """Round 4l + 1, locally at each synapse: sigma_ij *= u(i, j)."""
  return sigma * graphs.damping


def excite_y(graphs: Graphs, nodes: Nodes) -> Nodes:
  """Round 4l + 2, communication: Y^e += G_y^e A, Y^i += G_y^i A."""
  return _counted(nodes, graphs.y_excite, graphs.y_inhibit, nodes.a)


def fire_y(nodes: Nodes) -> Nodes:
  """Round 4l + 2, locally: Y <- relu(Y^e - Y^i) X; clears counters."""
  return _cleared(nodes._replace(y=_drive(nodes) * nodes.x))


def _counted(nodes, excite, inhibit, values):
  return nodes._replace(
      excited=nodes.excited + along(excite, values),
      inhibited=nodes.inhibited + along(inhibit, values),
  )


def _drive(nodes):
  return jax.nn.relu(nodes.excited - nodes.inhibited)


def _cleared(nodes):
  zero = jnp.zeros_like(nodes.x)
  return nodes._replace(excited=zero, inhibited=zero)
