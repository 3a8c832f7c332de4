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

  num_cells: int
  num_neurons: int
  num_segments: int
  num_synapses: int = 24
  threshold: int = 12

  def __post_init__(self):
    for field in dataclasses.fields(self):
      if getattr(self, field.name) < 1:
        raise ValueError(
            f'{field.name} must be at least 1, got {getattr(self, field.name)}.'
        )
    if self.num_synapses > self.num_cells:
      raise ValueError(
          f'num_synapses must be at most num_cells={self.num_cells}, got'
          f' {self.num_synapses}.'
      )
    if self.threshold > self.num_synapses:
      raise ValueError(
          f'threshold must be at most num_synapses={self.num_synapses}, got'
          f' {self.threshold}: no segment could fire.'
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
  """
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
  if pattern.shape != (config.num_cells,):
    raise ValueError(
        f'pattern must have shape [{config.num_cells}], got'
        f' {list(pattern.shape)}.'
    )
  overlap = jnp.sum(pattern.astype(jnp.int32)[params.synapses], axis=-1)
  fires = overlap >= config.threshold
  return Output(overlap, fires, jnp.any(fires, axis=-1))
