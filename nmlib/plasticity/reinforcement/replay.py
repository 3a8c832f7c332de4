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
  """Returns the memory with one more transition, in the oldest one's place.

  Args:
    state: for transitions like this one.
    transition: numbers of another width are cast.
    config: that the memory was begun with.

  Raises:
    ValueError: if the memory was begun for another structure, shape, kind of
      numbers or capacity.
  """
  _check_fits(state, transition, config)
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
    ValueError: if the memory was begun with another capacity, or a concrete
      one holds less than a batch. Traced, ask
      `can_draw` first: rows that were never written are not drawn unless
      nothing was.
  """
  _check_capacity(state, config)
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


def _check_fits(state, transition, config):
  """Refuses a transition that the memory was not begun for."""
  _check_capacity(state, config)
  wanted, found = map(jax.tree.structure, (state.data, transition))
  if found != wanted:
    raise ValueError(
        f'transition must be a tree like that of initial_state, {wanted}, got'
        f' {found}.'
    )
  rings = jax.tree.leaves(state.data)
  given = jax.tree_util.tree_leaves_with_path(transition)
  for ring, (path, leaf) in zip(rings, given, strict=True):
    name = f'transition{jax.tree_util.keystr(path)}'
    leaf = jnp.asarray(leaf)
    if leaf.shape != ring.shape[1:]:
      raise ValueError(
          f'{name} must be {list(ring.shape[1:])} as in initial_state, got'
          f' shape {list(leaf.shape)}.'
      )
    if _kind(leaf.dtype) > _kind(ring.dtype):
      raise ValueError(
          f'{name} must be {ring.dtype} as in initial_state, got {leaf.dtype},'
          ' which would be cut; begin the memory with such numbers.'
      )


def _check_capacity(state, config):
  """Refuses a memory of another capacity than the config's."""
  for ring in jax.tree.leaves(state.data)[:1]:
    if ring.shape[0] != config.capacity:
      raise ValueError(
          f'replay must have capacity={config.capacity} as its config says, got'
          f' a memory begun with {ring.shape[0]}.'
      )


def _kind(dtype):
  """Returns how much a dtype holds: truth, whole, real or complex numbers."""
  kinds = jnp.bool_, jnp.integer, jnp.floating, jnp.complexfloating
  return [jnp.issubdtype(dtype, kind) for kind in kinds].index(True)
