"""A GRU that is asked which item came when: beside `sequence_buffer`.

Items come one a step in the first cycle of so many steps, then nothing does; it
answers at the end of each later cycle.
"""

import dataclasses

import jax
import jax.numpy as jnp

from nmlib.networks.oscillatory import sequence_buffer
from nmlib.neurons.core import checks
from nmlib.neurons.core import dtypes
from nmlib.neurons.core import limits
from nmlib.neurons.oscillators import theta_gamma
from nmlib.neurons.rate import gru

Params = gru.Params


@dataclasses.dataclass(frozen=True)
class Config:
  """Hyperparameters.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  num_items: limits.Count  # n
  length: limits.Count = 4  # K, items of a sequence
  num_units: limits.Count = 28
  slots: limits.Count = 10  # steps of a cycle
  num_cycles: limits.Count = 3  # C, after that in which items come
  gain: limits.Positive = 1.25  # of the recurrent weights, as in `gru`
  param_dtype: dtypes.Floating = 'float32'  # of parameters and state

  def __post_init__(self):
    limits.check(self)
    most = min(self.num_items, self.slots)
    if self.length > most:
      raise ValueError(
          'sequence_gru.Config.length must be at most the items and slots,'
          f' {most}, got {self.length}.'
      )

  @property
  def cell(self) -> gru.Config:
    """Of the GRU, whose outputs are the answers for all positions."""
    return gru.Config(
        self.num_items,
        self.num_units,
        self.num_items * self.length,
        self.gain,
        param_dtype=self.param_dtype,
    )


def like(buffer: sequence_buffer.Config) -> Config:
  """Returns the GRU for a buffer's task with next to as many weights."""
  items = buffer.buffer.num_items
  outputs = items * buffer.length
  wanted = outputs * items * buffer.num_bins + len(theta_gamma.Params._fields)
  weights = lambda n: 3 * n * (n + items) + n * outputs
  best = min(range(1, 2000), key=lambda n: abs(weights(n) - wanted))
  return Config(items, buffer.length, best, num_cycles=buffer.num_cycles)


def init(key: jax.Array, config: Config) -> Params:
  """Returns the weights of the GRU."""
  return gru.init(key, config.cell)


def apply(params: Params, items: jax.Array, config: Config) -> jax.Array:
  """Returns what it answers after each cycle.

  Args:
    params: weights.
    items: the sequence, int [K].
    config: static.

  Returns:
    Logits [C, K, n]: of the item at each position.

  Raises:
    ValueError: if items are not [K], or out of range where they can be seen.
  """
  checks.shape('items', items, length=config.length)
  checks.indices('items', items, config.num_items)
  steps = config.slots * (config.num_cycles + 1)
  shown = jnp.zeros((steps, config.num_items), config.param_dtype)
  shown = shown.at[jnp.arange(config.length), items].set(1)
  cell = config.cell
  _, out = gru.unroll(params, gru.initial_state(cell), shown, cell)
  ends = out.logits[2 * config.slots - 1 :: config.slots]
  return ends.reshape(config.num_cycles, config.length, config.num_items)
