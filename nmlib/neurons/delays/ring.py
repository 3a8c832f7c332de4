"""A ring buffer for whole delays: what is sent now arrives `delay` steps later.

One slot a step that is ahead. Adding to a slot and emptying it touch that slot
alone, however long the longest delay is; a window of the past, as in
`learnable`, moves as a whole in every step.
"""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons.core import checks
from nmlib.neurons.delays import synapses as synapses_lib


class State(NamedTuple):
  slots: jax.Array  # [D + 1, ...], what arrives, the slots in a circle
  position: jax.Array  # [], int32, the slot of this step


def steps(delay: float, dt: float, *, least: int = 1) -> int:
  """Returns a delay in steps.

  Args:
    delay: in the unit of dt.
    dt: step.
    least: steps that it must have.

  Raises:
    ValueError: if it has fewer steps, or is no whole number of them, or dt is
      not positive.
  """
  if not 0 < dt < math.inf:
    raise ValueError(f'a step dt must be positive and finite, got {dt}.')
  whole = round(delay / dt) if math.isfinite(delay) else -1
  if whole < least or abs(whole * dt - delay) > 1e-6 * dt:
    raise ValueError(
        f'a delay must be a whole number of steps dt={dt}, at least {least},'
        f' got {delay}; round it, or make the step smaller.'
    )
  return whole


def initial_state(
    max_delay: int,
    shape: tuple[int, ...],
    dtype: jax.typing.DTypeLike = float,
) -> State:
  """Returns an empty buffer.

  Args:
    max_delay: D, the longest delay in steps, at least 0.
    shape: of what arrives in a step.
    dtype: of it.

  Raises:
    ValueError: if max_delay is negative.
  """
  checks.count('max_delay', max_delay, 0)
  return State(jnp.zeros((max_delay + 1, *shape), dtype), jnp.int32(0))


def add(state: State, values: jax.Array, delay: int) -> State:
  """Adds what arrives `delay` steps after this one.

  Args:
    state: of the buffer.
    values: of the shape of a slot.
    delay: steps; 0: before `arrive` is called in this step.

  Raises:
    ValueError: if the delay is not from 0 to D.
  """
  size = len(state.slots)
  if not 0 <= delay < size:
    raise ValueError(f'delay must be in [0, {size - 1}] steps, got {delay}.')
  slot = (state.position + delay) % size
  return state._replace(slots=state.slots.at[slot].add(values))


def send(
    state: State, spikes: jax.Array, synapses: synapses_lib.Synapses
) -> State:
  """Adds what spikes [N] of this step send through a list of synapses.

  Args:
    state: of a buffer whose slots are [M].
    spikes: [N], or counts.
    synapses: from N to M neurons, each with its own delay.

  Raises:
    ValueError: if a synapse has no such source, target or delay.
  """
  size, targets = state.slots.shape
  checks.indices('synapses.source', synapses.source, len(spikes))
  checks.indices('synapses.target', synapses.target, targets)
  checks.indices('synapses.delay', synapses.delay, size)
  slot = (state.position + synapses.delay) % size
  values = (spikes[synapses.source] * synapses.weight).astype(state.slots.dtype)
  return state._replace(slots=state.slots.at[slot, synapses.target].add(values))


def arrive(state: State) -> tuple[State, jax.Array]:
  """Ends the step: empties its slot; returns what has arrived in it."""
  arriving = state.slots[state.position]
  return (
      State(
          state.slots.at[state.position].set(jnp.zeros_like(arriving)),
          (state.position + 1) % len(state.slots),
      ),
      arriving,
  )
