"""A pyramidal neuron whose dendritic segments detect coincidences.

Ahmad and Hawkins (arXiv 1601.00720, 2016): a segment samples s cells of a
population of n and fires (an NMDA spike) when at least theta of them are
active at once; the neuron becomes active if any of its segments fires. What
such a neuron gets wrong is in `nmlib.analysis.sparse_codes`.
"""

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons.core import checks
from nmlib.neurons.core import limits


@dataclasses.dataclass(frozen=True)
class Config:
  """Sizes of a layer of pyramidal neurons.

  Attributes:
    num_cells: n, cells of the population that is listened to.
    num_neurons: N.
    num_segments: K, dendritic segments of each neuron.
    num_synapses: s, synapses of each segment, on different cells.
    threshold: theta, active synapses that make a segment fire; the paper's
      examples and measurements lie between 8 and 20.
  """

  num_cells: limits.Count
  num_neurons: limits.Count
  num_segments: limits.Count
  num_synapses: limits.Count = 24
  threshold: limits.Count = 12

  def __post_init__(self):
    limits.check(self)
    if self.num_synapses > self.num_cells:
      raise ValueError(
          'coincidence.Config.num_synapses must be at most'
          f' num_cells={self.num_cells}, got {self.num_synapses}.'
      )
    if self.threshold > self.num_synapses:
      raise ValueError(
          'coincidence.Config.threshold must be at most'
          f' num_synapses={self.num_synapses}, got {self.threshold}: no segment'
          ' could fire.'
      )


class Params(NamedTuple):
  synapses: jax.Array  # [N, K, s], int32: the cell of each synapse


class Output(NamedTuple):
  overlap: jax.Array  # [N, K], int32: active synapses of each segment
  fires: jax.Array  # [N, K], bool: segments at threshold
  active: jax.Array  # [N], bool: neurons with a firing segment


def init(key: jax.Array, config: Config) -> Params:
  """Connects every segment to random cells, each at most once."""
  count = config.num_neurons * config.num_segments

  def one(key):
    return jax.random.permutation(key, config.num_cells)[: config.num_synapses]

  synapses = jax.lax.map(one, jax.random.split(key, count))
  shape = config.num_neurons, config.num_segments, config.num_synapses
  return Params(synapses.astype(jnp.int32).reshape(shape))


def store(
    params: Params,
    key: jax.Array,
    pattern: jax.Array,
    neuron: int,
    segment: int,
) -> Params:
  """Makes one segment sample the active cells of a pattern, bool [n].

  If fewer than s are active, inactive cells fill the segment.

  Raises:
    ValueError: if there is no such neuron or segment.
  """
  neurons, segments = params.synapses.shape[:2]
  checks.indices('neuron', jnp.asarray(neuron), neurons)
  checks.indices('segment', jnp.asarray(segment), segments)
  order = jnp.where(pattern, jax.random.uniform(key, pattern.shape), 2.0)
  cells = jnp.argsort(order)[: params.synapses.shape[-1]]
  return Params(params.synapses.at[neuron, segment].set(cells))


def apply(params: Params, pattern: jax.Array, config: Config) -> Output:
  """Shows a pattern to the layer.

  Args:
    params: synapses.
    pattern: bool [n] or 0/1, the active cells.
    config: sizes.

  Returns:
    What segments and neurons do.

  Raises:
    ValueError: if the pattern is not of num_cells cells.
  """
  checks.shape('pattern', pattern, num_cells=config.num_cells)
  active = jnp.asarray(pattern, jnp.int32)[params.synapses]
  overlap = jnp.sum(active, axis=-1, dtype=jnp.int32)
  fires = overlap >= config.threshold
  return Output(overlap, fires, jnp.any(fires, axis=-1))
