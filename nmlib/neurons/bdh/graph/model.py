"""The graph model: a token as 4 rounds a layer along edges."""

import functools
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons.bdh.graph import edges
from nmlib.neurons.bdh.graph import rounds
from nmlib.neurons.bdh.graph.config import Config
from nmlib.neurons.bdh.graph.config import rotated
from nmlib.neurons.core import checks
from nmlib.neurons.core import dtypes


class State(NamedTuple):
  """What evolves in time: a number a synapse and layer, and a clock."""

  sigma: jax.Array  # [L, m], of G_s; in the dense form [L, N, N]
  position: jax.Array  # [], int32: tokens seen so far


class Output(NamedTuple):
  """Activities of the neurons in all layers."""

  x: jax.Array  # [L, n]
  y: jax.Array  # [L, n]


def initial_state(graphs: rounds.Graphs, config: Config) -> State:
  """Returns synapses of 0.

  Raises:
    ValueError: as `check`.
  """
  check(graphs, config)
  shape = (config.num_layers, len(graphs.synapses.weights))
  dtype = dtypes.named(config.param_dtype)
  return State(jnp.zeros(shape, dtype), jnp.zeros((), jnp.int32))


def check(graphs: rounds.Graphs, config: Config) -> None:
  """Refuses graphs that do not fit the config, where values can be seen.

  Raises:
    ValueError: naming the edges, if an index is no node, a weight is negative
      or not finite, a damping is outside [0, 1], or a shape does not fit.
  """
  pathways = graphs._asdict()
  synapses, damping = pathways.pop('synapses'), pathways.pop('damping')
  for name, pathway in pathways.items():
    for i, hop in enumerate(pathway):
      edges.check(f'graphs.{name}[{i}]', hop, config.num_nodes)
  if len(graphs.hubs) not in (0, 2):
    raise ValueError(
        'graphs.hubs must be (excite, inhibit) or (), got'
        f' {len(graphs.hubs)} lists of edges.'
    )
  edges.check('graphs.synapses', synapses, config.num_nodes)
  checks.shape('graphs.damping', damping, synapses=len(synapses.weights))
  edges.numbers('graphs.damping', damping, low=0, high=1)
  if config.theta is not None and checks.is_concrete(synapses.senders):
    checks.indices(
        'graphs.synapses.senders of a graph that rotates',
        synapses.senders,
        config.num_neurons,
    )


def step(
    graphs: rounds.Graphs, state: State, y_t: jax.Array, config: Config
) -> tuple[State, Output]:
  """Reasons about one token, in 4L rounds; equation (6), rule by rule.

  Args:
    graphs: parameters.
    state: synapses before the token.
    y_t: what the token excites, Y of layer 0, float [n]; X starts at 0.
    config: sizes, static under jit.

  Returns:
    The state after the token, and X, Y of the neurons in all layers.

  Raises:
    ValueError: as `check`, or if the state or y_t does not fit.
  """
  check(graphs, config)
  checks.shape('y_t', y_t, num_neurons=config.num_neurons)
  checks.shape(
      'state.sigma',
      state.sigma,
      num_layers=config.num_layers,
      synapses=len(graphs.synapses.weights),
  )
  checks.shape('state.position', state.position)
  return _step(graphs, state, y_t, config)


# Under jit, so that the rounds do not check again what was checked above.
@functools.partial(jax.jit, static_argnums=3)
def _step(graphs, state, y_t, config):
  graphs = jax.tree.map(lambda leaf: _floats(leaf, config.param_dtype), graphs)
  sigma, y_t = dtypes.cast((state.sigma, y_t), config.param_dtype)
  nodes = rounds.at_rest(jnp.pad(y_t, (0, config.num_hidden)))
  layer = lambda nodes, sigma: _layer(
      graphs, config, state.position, nodes, sigma
  )
  _, (sigma, out) = jax.lax.scan(layer, nodes, sigma)
  return State(sigma, state.position + 1), out


def unroll(
    graphs: rounds.Graphs, state: State, ys: jax.Array, config: Config
) -> tuple[State, Output]:
  """Scans `step` over ys [T, n]; outputs are [T, L, n]."""
  return jax.lax.scan(lambda s, y: step(graphs, s, y, config), state, ys)


def _layer(graphs, config, position, nodes, sigma):
  """Four rounds, after one to the hubs if there are any; sigma is [m]."""
  if graphs.hubs:
    nodes = rounds.fire_hubs(rounds.excite_hubs(graphs, nodes))
  nodes = rounds.fire_x(rounds.excite_x(graphs, nodes))
  nodes = nodes._replace(q=turned(nodes.x, position, config))
  nodes = rounds.read(graphs, sigma, nodes)
  sigma = rounds.damp(graphs, rounds.write(graphs, sigma, nodes))
  nodes = rounds.fire_y(rounds.excite_y(graphs, nodes))
  n = config.num_neurons
  return nodes, (sigma, Output(nodes.x[:n], nodes.y[:n]))


def turned(x: jax.Array, position: jax.Array, config: Config) -> jax.Array:
  """Returns X [N] with the pairs of neurons rotated; hidden nodes are not."""
  n = config.num_neurons
  q = rotated(x[None, :n], position[None], config.theta)[0]
  return jnp.concatenate([q, x[n:]])


def _floats(leaf, dtype):
  leaf = jnp.asarray(leaf)
  return (
      leaf.astype(dtype) if jnp.issubdtype(leaf.dtype, jnp.floating) else leaf
  )
