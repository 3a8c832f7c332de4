r"""Equation (6): the graph model with matrices, which the rounds must equal.

.. math::
  x_l &= x_{l-1} + relu((G_x^e - G_x^i)\, y_{l-1}) \\
  y_l &= relu((G_y^e - G_y^i)\, \sigma_{t-1,l}\, x_l) \odot x_l \\
  \sigma_{t,l} &= (\sigma_{t-1,l} + (y_{l-1} x_l^T) \odot G_s) \odot U

sigma has the row from y and the column from x. U damps each synapse; a rotation
acts on x instead (`config.rotated`).
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons.bdh.graph import edges
from nmlib.neurons.bdh.graph import model
from nmlib.neurons.bdh.graph import rounds
from nmlib.neurons.bdh.graph.config import Config
from nmlib.neurons.core import checks
from nmlib.neurons.core import dtypes


class Matrices(NamedTuple):
  """The graphs as matrices."""

  x: jax.Array  # [N, N], G_x^e - G_x^i
  y: jax.Array  # [N, N], G_y^e - G_y^i
  synapses: jax.Array  # [N, N], G_s
  damping: jax.Array  # [N, N], U; 0 where there is no synapse
  hubs: jax.Array | None  # [N, N], onto hubs; None: there are none


def matrices(graphs: rounds.Graphs, config: Config) -> Matrices:
  """Returns the matrices of graphs whose synapses are no edge twice.

  Raises:
    ValueError: as `graph.check`.
  """
  model.check(graphs, config)
  size = config.num_nodes

  def dense(pathway):
    product = jnp.eye(size, dtype=dtypes.named(config.param_dtype))
    for hop in pathway:
      product = edges.to_dense(hop, size) @ product
    return product

  hubs = None
  if graphs.hubs:
    hubs = dense(graphs.hubs[:1]) - dense(graphs.hubs[1:])
  damping = graphs.synapses._replace(weights=graphs.damping)
  return Matrices(
      dense(graphs.x_excite) - dense(graphs.x_inhibit),
      dense(graphs.y_excite) - dense(graphs.y_inhibit),
      edges.to_dense(graphs.synapses, size),
      edges.to_dense(damping, size),
      hubs,
  )


def initial_state(config: Config) -> model.State:
  """Returns sigma of 0, [L, N, N]."""
  shape = (config.num_layers, config.num_nodes, config.num_nodes)
  dtype = dtypes.named(config.param_dtype)
  return model.State(jnp.zeros(shape, dtype), jnp.zeros((), jnp.int32))


def step(
    matrix: Matrices, state: model.State, y_t: jax.Array, config: Config
) -> tuple[model.State, model.Output]:
  """As `graph.step`, with sigma [L, N, N].

  Raises:
    ValueError: if a shape does not fit.
  """
  n, size = config.num_neurons, config.num_nodes
  checks.shape('y_t', y_t, num_neurons=n)
  sizes = dict(num_layers=config.num_layers, receivers=size, senders=size)
  checks.shape('state.sigma', state.sigma, **sizes)
  matrix, sigma, y_t = dtypes.cast(
      (matrix, state.sigma, y_t), config.param_dtype
  )

  def layer(carry, sigma):
    x, y = carry
    if matrix.hubs is not None:
      y = jax.nn.relu(matrix.hubs @ y)
    x = x + jax.nn.relu(matrix.x @ y)
    q = model.turned(x, state.position, config)
    a = sigma @ q
    sigma = (sigma + jnp.outer(y, q) * matrix.synapses) * matrix.damping
    y = jax.nn.relu(matrix.y @ a) * x
    return (x, y), (sigma, model.Output(x[:n], y[:n]))

  y = jnp.pad(y_t, (0, config.num_hidden))
  _, (sigma, out) = jax.lax.scan(layer, (jnp.zeros_like(y), y), sigma)
  return model.State(sigma, state.position + 1), out


def unroll(
    matrix: Matrices, state: model.State, ys: jax.Array, config: Config
) -> tuple[model.State, model.Output]:
  """Scans `step` over ys [T, n]; outputs are [T, L, n]."""
  return jax.lax.scan(lambda s, y: step(matrix, s, y, config), state, ys)
