"""Sizes of the graph model, and the rotation that its synapses may see."""

import dataclasses
from typing import Annotated

import jax
import jax.numpy as jnp

from nmlib.neurons.attention import rotary
from nmlib.neurons.core import dtypes
from nmlib.neurons.core import limits

# Of BDH's `theta`; None is no rotation.
Theta = Annotated[float, limits.Range(1, open='low')] | None


@dataclasses.dataclass(frozen=True)
class Config:
  """Sizes of a graph of neurons.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  num_neurons: limits.Count  # n: nodes 0 .. n - 1, which fire
  num_layers: limits.Count  # L, of 4 rounds each
  # Nodes from n on, which only pass on: relays (claim 3) or hubs (claim 4).
  num_hidden: Annotated[int, limits.Range(0)] = 0
  theta: Theta = None  # neurons in pairs (i, i + n/2), n even
  param_dtype: dtypes.Floating = 'float32'  # of activities and synapses

  def __post_init__(self):
    limits.check(self)
    check_pairs(self)

  @property
  def num_nodes(self) -> int:
    """N, neurons and hidden nodes."""
    return self.num_neurons + self.num_hidden


def check_pairs(config) -> None:
  """Refuses a rotation of a number of neurons that is not even.

  Raises:
    ValueError: naming the number.
  """
  if config.theta is not None and config.num_neurons % 2:
    raise ValueError(
        f'{limits.full_name(type(config), "num_neurons")} must be even to'
        f' rotate pairs of neurons, got {config.num_neurons}; or set'
        ' theta=None.'
    )


def rotated(x: jax.Array, positions: jax.Array, theta: Theta) -> jax.Array:
  """Returns R_t x_t of x [T, n] at positions [T]; x itself if theta is None.

  State of synapses is kept in the frame that turns along, which is the same:
  (sigma U^t) x = sigma (R_t x), as R is orthogonal. Phases are integers, exact
  at any position.
  """
  if theta is None:
    return x
  size = x.shape[-1]
  stored = rotary.storage_order(size, 1, 1)
  table = rotary.tables(
      rotary.frequencies(size, theta)[stored],
      positions,
      exact=True,
      dtype=jnp.promote_types(x.dtype, jnp.float32),
  )
  return rotary.rotate(x, table)
