"""A weighted graph as a list of edges: what a node sends, others add up.

Nodes are numbered; an edge has a sender, a receiver and a weight. In matrices
the receiver is the row and the sender the column, as in sigma of BDH.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.core import checks


class Edges(NamedTuple):
  """A list of m edges; the order does not matter, repeated edges add up."""

  senders: jax.Array  # [m], int32
  receivers: jax.Array  # [m], int32
  weights: jax.Array  # [m]


def propagate(edges: Edges, x: jax.Array) -> jax.Array:
  """Sends x [N] along all edges: out_i = sum of weights w_ij x_j, float [N].

  Raises:
    ValueError: if a concrete index is outside [0, N).
  """
  _check_ends(edges, len(x))
  sent = edges.weights * x[edges.senders]
  return jax.ops.segment_sum(sent, edges.receivers, num_segments=len(x))


def to_dense(edges: Edges, num_nodes: int) -> jax.Array:
  """Returns the matrix [N, N] of the edges: w_ij of receiver i, sender j.

  Raises:
    ValueError: if a concrete index is outside [0, N).
  """
  _check_ends(edges, num_nodes)
  matrix = jnp.zeros((num_nodes, num_nodes), edges.weights.dtype)
  return matrix.at[edges.receivers, edges.senders].add(edges.weights)


def from_dense(matrix: jax.typing.ArrayLike) -> Edges:
  """Returns the non-zero entries of a concrete matrix [N, N] as edges.

  Raises:
    ValueError: if the matrix is traced, not square or not finite.
  """
  if not checks.is_concrete(matrix):
    raise ValueError(
        'edges.from_dense got a traced matrix, whose zeros are unknown; use'
        ' edges.complete.'
    )
  matrix = np.asarray(matrix)
  checks.shape('matrix', matrix, num_nodes=len(matrix), same=len(matrix))
  numbers('matrix', matrix)
  receivers, senders = (i.astype(np.int32) for i in np.nonzero(matrix))
  kept = (senders, receivers, matrix[receivers, senders])
  return Edges(*map(jnp.asarray, kept))


def complete(
    matrix: jax.Array, first_receiver: int = 0, first_sender: int = 0
) -> Edges:
  """Returns all entries of a matrix [R, S] as edges, also those that are 0.

  Args:
    matrix: weights, which may be traced.
    first_receiver: node of row 0; the next rows are the next nodes.
    first_sender: node of column 0, likewise.
  """
  receivers, senders = np.indices(matrix.shape, np.int32).reshape(2, -1)
  return Edges(
      jnp.asarray(senders + first_sender),
      jnp.asarray(receivers + first_receiver),
      jnp.reshape(matrix, -1),
  )


def check(
    name: str, edges: Edges, num_nodes: int, *, signed: bool = False
) -> None:
  """Refuses edges that lead nowhere, where their values can be seen.

  Args:
    name: of the edges, in messages.
    edges: what to check.
    num_nodes: N.
    signed: whether weights may be negative.

  Raises:
    ValueError: if the three arrays differ in length, an index is outside
      [0, N), or a weight is not finite or, unless signed, negative.
  """
  checks.shape(f'{name}.senders', edges.senders, 'm')
  size = len(edges.senders)
  checks.shape(f'{name}.receivers', edges.receivers, senders=size)
  checks.shape(f'{name}.weights', edges.weights, senders=size)
  _check_ends(edges, num_nodes, f'{name}.')
  numbers(f'{name}.weights', edges.weights, low=None if signed else 0)


def _check_ends(edges: Edges, num_nodes: int, prefix: str = 'edges.') -> None:
  checks.indices(f'{prefix}senders', edges.senders, num_nodes)
  checks.indices(f'{prefix}receivers', edges.receivers, num_nodes)


def numbers(
    name: str,
    values: jax.typing.ArrayLike,
    low: float | None = None,
    high: float = np.inf,
) -> None:
  """Refuses numbers that are not finite or out of range, where concrete.

  Args:
    name: of the numbers, in messages.
    values: numbers of any shape.
    low: the least that is allowed; None: any.
    high: the most.

  Raises:
    ValueError: naming the first of them, its place, and what is allowed.
  """
  if not checks.is_concrete(values):
    return
  found = np.asarray(values)
  least = -np.inf if low is None else low
  wrong = ~np.isfinite(found) | (found < least) | (found > high)
  allowed = 'finite' if low is None else f'finite and at least {low:g}'
  allowed += '' if high == np.inf else f' and at most {high:g}'
  checks.refuse(name, found, wrong, allowed)
