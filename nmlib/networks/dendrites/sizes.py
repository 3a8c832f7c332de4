"""How large a network gets, and how wide one of a given size must be."""

from collections.abc import Callable
from typing import Any

import jax

from nmlib.networks.dendrites import dendritic


def with_dendrites(
    network: dendritic.Network, base: Any, x: Any, num_dendrites: int
) -> int:
  """Returns the number of parameters with K dendrites on every neuron.

  Each has its layer's weights, one onto the neuron and one from each of the
  neuron's earlier dendrites.

  Args:
    network: the network, see `dendritic`.
    base: its parameters.
    x: one example, for shapes.
    num_dendrites: K.
  """
  total = dendritic.count(base)
  for layer in dendritic.layers(network, base, x).values():
    between = num_dendrites * (num_dendrites - 1) // 2
    total += num_dendrites * dendritic.count(layer.params)
    total += (num_dendrites + between) * layer.num_neurons
  return total


def matched_width(init: Callable[[jax.Array, int], Any], target: int) -> int:
  """Returns the width at which a network comes closest to so many parameters.

  Args:
    init: `(key, width) -> parameters`, more of them the wider.
    target: how many.
  """

  def size(width):
    return dendritic.count(
        jax.eval_shape(lambda key: init(key, width), jax.random.key(0))
    )

  width = 1
  while size(width + 1) <= target:
    width += 1
  return min(width, width + 1, key=lambda w: abs(size(w) - target))
