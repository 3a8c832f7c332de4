"""One layer of units with astrocytes, between input weights and a readout.

What tells classes of spike trains apart in `launch.astrosnn`; the layer around
the unit is ours. One trial, no batch axis.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons.core import scan
from nmlib.neurons.spiking import astrocyte

_READ = 4.0  # times mean spikes


class Params(NamedTuple):
  input: jax.Array  # [channels, D]
  unit: astrocyte.Params
  readout: jax.Array  # [D, classes]


def init(
    key: jax.Array, num_channels: int, num_classes: int, unit: astrocyte.Config
) -> Params:
  """Draws inputs ~ N(0, 1.5^2 / channels), unit, readout ~ N(0, 1 / D)."""
  keys = jax.random.split(key, 3)
  size = unit.num_units
  return Params(
      1.5
      * num_channels**-0.5
      * jax.random.normal(keys[0], (num_channels, size)),
      astrocyte.init(keys[1], unit),
      size**-0.5 * jax.random.normal(keys[2], (size, num_classes)),
  )


def logits(
    params: Params, xs: jax.Array, asked: int, unit: astrocyte.Config
) -> jax.Array:
  """Returns logits [classes]: 4 W^T of the mean spikes of the last steps.

  Args:
    params: of all three layers.
    xs: spikes [T, channels], 0 or 1.
    asked: how many last steps are read.
    unit: static.
  """
  start = astrocyte.initial_state(unit)
  _, spikes = astrocyte.unroll(params.unit, start, xs @ params.input, unit)
  return _READ * jnp.mean(spikes[-asked:], 0) @ params.readout


def traces(
    params: Params, xs: jax.Array, unit: astrocyte.Config
) -> tuple[jax.Array, jax.Array]:
  """Returns spikes and astrocytes, [T, D] each, while xs [T, channels] come."""

  def step(state, drive):
    state, spikes = astrocyte.step(params.unit, state, drive, unit)
    return state, (spikes, state.astrocyte)

  start = astrocyte.initial_state(unit)
  return scan.scan(step, start, xs @ params.input)[1]


def num_params(
    num_channels: int, num_classes: int, unit: astrocyte.Config
) -> int:
  """Counts the weights that act: of the astrocytes, those in use."""
  size = unit.num_units
  count = size * (num_channels + num_classes)
  if unit.source != 'none':
    count += size * size + size * unit.multiplicative
  learns = unit.source == 'astrocyte' and unit.fixed_slow_decay is None
  return count + size * learns
