"""Past transitions as arrays: the oldest make room, any are drawn again.

Lin (1992). The state is a pytree of arrays and nothing else: it is vmapped
over seeds and saved with the rest of a checkpoint. A transition is any pytree;
what comes after its last step is kept as it was seen (`final_observation`),
with `terminated`, so that targets bootstrap through time limits.
"""

import dataclasses
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.core import checks
from nmlib.neurons.core import limits


@dataclasses.dataclass(frozen=True)
class Config:
  """Of a memory; as much is drawn at a time as `batch_size` says."""

  capacity: limits.Count  # transitions
  batch_size: limits.Count

  def __post_init__(self):
    limits.check(self)
    if self.batch_size > self.capacity:
      raise ValueError(
          f'replay.Config.capacity must be at least batch_size='
          f'{self.batch_size}, got {self.capacity}.'
      )


class State(NamedTuple):
  """Transitions, in a ring."""

  data: Any  # each leaf [capacity, ...]
  position: jax.Array  # [], where the next one goes
  size: jax.Array  # [], how many there are


def initial_state(transition: Any, config: Config) -> State:
  """Returns an empty memory for transitions like this one (any values)."""
  data = jax.tree.map(
      lambda leaf: jnp.zeros(
          (config.capacity, *jnp.shape(leaf)), jnp.asarray(leaf).dtype
      ),
      transition,
  )
  zero = jnp.zeros((), jnp.int32)
  return State(data, zero, zero)


def add(state: State, transition: Any, config: Config) -> State:
  """Returns the memory with one more transition, in the oldest one's place."""
  data = jax.tree.map(
      lambda ring, leaf: ring.at[state.position].set(leaf),
      state.data,
      transition,
  )
  position = (state.position + 1) % config.capacity
  size = jnp.minimum(state.size + 1, config.capacity)
  return State(data, position, size)


def can_draw(state: State, config: Config) -> jax.Array:
  """Whether there is a batch to draw, [] boolean."""
  return state.size >= config.batch_size


def draw(key: jax.Array, state: State, config: Config) -> Any:
  """Returns a batch, each leaf [batch_size, ...], drawn with replacement.

  Raises:
    ValueError: if a concrete memory holds less than a batch. Traced, ask
      `can_draw` first: rows that were never written are not drawn unless
      nothing was.
  """
  if checks.is_concrete(state.size) and np.any(
      np.asarray(state.size) < config.batch_size
  ):
    raise ValueError(
        f'replay must hold at least batch_size={config.batch_size} transitions'
        f' before a batch is drawn, got {np.min(state.size)}; add more first.'
    )
  rows = jax.random.randint(
      key, (config.batch_size,), 0, jnp.maximum(state.size, 1)
  )
  return jax.tree.map(lambda ring: ring[rows], state.data)
