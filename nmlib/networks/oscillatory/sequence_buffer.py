"""A theta-gamma buffer that is asked which item came when.

Items are loaded one after the other in the first theta cycle, and fire in turn
in each later one. A linear reader sees how often each fired in each bin of a
cycle of the buffer's own theta. The task is ours, the buffer is that of
`nmlib.neurons.oscillators.theta_gamma`.
"""

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons.core import checks
from nmlib.neurons.core import dtypes
from nmlib.neurons.core import limits
from nmlib.neurons.oscillators import theta_gamma


@dataclasses.dataclass(frozen=True)
class Config:
  """Hyperparameters.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  buffer: theta_gamma.Config  # of n items
  length: limits.Count = 4  # K, items of a sequence
  num_bins: limits.Count = 16  # B, of a cycle
  num_cycles: limits.Count = 3  # C, read after that of loading
  gap: limits.Positive = 0.013  # between items as they are loaded, s

  def __post_init__(self):
    limits.check(self)
    if self.length > self.buffer.num_items:
      raise ValueError(
          'sequence_buffer.Config.length must be at most'
          f' {self.buffer.num_items}, the items, got {self.length}.'
      )


class Params(NamedTuple):
  buffer: theta_gamma.Params
  readout: jax.Array  # [K, n, n, B]: position, item, item that fired, bin


def init(key: jax.Array, config: Config) -> Params:
  """Returns the buffer as configured, and a reader that answers nothing."""
  buffer = theta_gamma.init(key, config.buffer)
  items = config.buffer.num_items
  shape = config.length, items, items, config.num_bins
  return Params(buffer, jnp.zeros(shape, buffer.inhibition.dtype))


def apply(params: Params, items: jax.Array, config: Config) -> jax.Array:
  """Returns what the reader says after each cycle.

  Args:
    params: of buffer and reader.
    items: the sequence, int [K].
    config: static.

  Returns:
    Logits [C, K, n]: of the item at each position, from one cycle alone.

  Raises:
    ValueError: if items are not [K], or out of range where they can be seen.
  """
  checks.shape('items', items, length=config.length)
  checks.indices('items', items, config.buffer.num_items)
  found = features(params.buffer, items, config)
  readout = dtypes.cast(params.readout, found.dtype)
  return jnp.einsum('pijb,cjb->cpi', readout, found)


def features(
    params: theta_gamma.Params, items: jax.Array, config: Config
) -> jax.Array:
  """Returns how often each item fires in each bin, [C, n, B].

  Cycles are of the buffer's theta, cut at its troughs; the first, in which
  items are loaded, is left out. A theta slower by more than a tenth than
  configured does not end the last one.
  """
  buffer, bins = config.buffer, config.num_bins
  cycle = 1 / (buffer.theta_frequency * buffer.dt)
  steps = round(1.1 * cycle * (config.num_cycles + 1))
  xs = theta_gamma.load(items, steps, config.gap, buffer)
  start = theta_gamma.initial_state(buffer)
  _, spikes = theta_gamma.unroll(params, start, xs, buffer)
  frequency = jax.lax.stop_gradient(params.theta_frequency)
  turns = jnp.arange(steps) * buffer.dt * frequency + 0.25
  which = jnp.floor(turns * bins).astype(int) - bins
  found = jax.ops.segment_sum(spikes, which, config.num_cycles * bins)
  return found.reshape(config.num_cycles, bins, -1).swapaxes(1, 2)
