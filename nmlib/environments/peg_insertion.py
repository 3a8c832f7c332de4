"""A peg, a plate and a hole, on a grid: the last step is the risky one.

Ours, in the sense of Tan et al. (arXiv 2512.23703): a task with sub-goals (the
hole's mouth, its bottom) that is seen by two cameras, and in which an agent
that is paid for progress alone does best to stop in front of the goal. Places
are numbered row by row from the hole's bottom, y width + x.
"""

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.environments import contract
from nmlib.neurons.core import limits

ACTIONS = ('stay', 'left', 'right', 'up', 'down')
NUM_VIEWS = 2  # from the front, which an arm may hide, and around the peg
_MOVES = ((0, 0), (-1, 0), (1, 0), (0, 1), (0, -1))
_REACH = 2  # cells that the second camera sees, to each side


@dataclasses.dataclass(frozen=True)
class Config:
  """Rows 0 to depth - 1 are the plate, those above are free."""

  width: limits.Count = 8
  height: limits.Count = 5  # free rows
  depth: limits.Count = 4  # rows of the plate; the hole's bottom is the goal
  hole: limits.Natural = 5  # its column
  start: tuple[limits.Natural, limits.Natural] = (0, 8)  # column and row
  success: limits.Probability = 0.3  # of the last step; the peg slips otherwise

  def __post_init__(self):
    limits.check(self)
    if self.hole >= self.width:
      raise ValueError(
          f'peg_insertion.Config.hole must be a column below width='
          f'{self.width}, got {self.hole}: the goal would be in a wall.'
      )
    x, y = self.start
    free = y >= self.depth or (x == self.hole and y > 0)
    if x >= self.width or y >= self.height + self.depth or not free:
      raise ValueError(
          'peg_insertion.Config.start must be a free place (column, row) that'
          f' is not the goal, got {self.start}.'
      )

  @property
  def num_places(self) -> int:
    """How many places there are, those in the plate included."""
    return self.width * (self.height + self.depth)

  @property
  def goal(self) -> int:
    """The number of the hole's bottom."""
    return self.hole


class State(NamedTuple):
  """Where the peg is, and from where it begins."""

  place: jax.Array  # [] int32, also the observation
  start: jax.Array  # [] int32, to which it slips


def begin(start: jax.typing.ArrayLike) -> tuple[jax.Array, State]:
  """Begins at a place [], whose every episode then does."""
  place = jnp.asarray(start, jnp.int32)
  return place, State(place, place)


def reset(key: jax.Array, config: Config) -> tuple[jax.Array, State]:
  """Begins at the config's start; nothing is drawn."""
  del key
  x, y = config.start
  return begin(y * config.width + x)


def restart(
    key: jax.Array, state: State, config: Config
) -> tuple[jax.Array, State]:
  """Begins anew from the state's own start."""
  del key, config
  return begin(state.start)


def step(
    key: jax.Array, state: State, action: jax.typing.ArrayLike, config: Config
) -> contract.Step:
  """Moves the peg, or leaves it where a wall is; reward 1 at the goal.

  The step onto the goal succeeds with a probability, otherwise the peg is back
  at its start. An ended world stays as it is, with reward 0.

  Args:
    key: of the last step.
    state: where it is.
    action: [], one of `ACTIONS`.
    config: of the world.

  Raises:
    ValueError: if a concrete action is NaN, no integer, or none of the five.
  """
  action = contract.numbered(action, len(ACTIONS))
  ended = state.place == config.goal
  x, y = state.place % config.width, state.place // config.width
  move = jnp.asarray(_MOVES)[action]
  new = x + move[0], y + move[1]
  ahead = jnp.where(
      is_free(*new, config), new[1] * config.width + new[0], state.place
  )
  slips = (ahead == config.goal) & ~jax.random.bernoulli(key, config.success)
  ahead = jnp.where(slips, state.start, ahead)
  place = jnp.where(ended, state.place, ahead).astype(jnp.int32)
  won = place == config.goal
  reward = jnp.where(won & ~ended, 1.0, 0.0)
  no = jnp.zeros((), bool)
  return contract.Step(place, state._replace(place=place), reward, won, no, {})


def is_free(x: jax.Array, y: jax.Array, config: Config) -> jax.Array:
  """Whether the peg can be in a column and row, of any shape."""
  inside = (x >= 0) & (x < config.width) & (y >= 0)
  inside &= y < config.height + config.depth
  return inside & ((y >= config.depth) | (x == config.hole))


def distance(place: jax.Array, config: Config) -> jax.Array:
  """Returns the steps that are left from free places, of any shape."""
  x, y = place % config.width, place // config.width
  return jnp.abs(x - config.hole) + y


def progress(place: jax.Array, config: Config) -> jax.Array:
  """Returns the share of the way from the start that is done, in [0, 1]."""
  first, _ = reset(jax.random.key(0), config)
  return jnp.clip(1 - distance(place, config) / distance(first, config), 0, 1)


def render(
    place: jax.Array,
    hidden: jax.Array | bool,
    config: Config,
    size: int = 16,
) -> jax.Array:
  """Returns what the cameras see, [2, size, size]: free 0, wall 0.5, peg 1.

  Args:
    place: [], of the peg.
    hidden: [], whether an arm hides the scene from the front camera, which then
      sees 0.
    config: of the world.
    size: pixels of a side.
  """
  rows = config.height + config.depth
  x, y = place % config.width, place // config.width
  pixel = jnp.arange(size)
  across = 2 * _REACH + 1
  frames = (
      (pixel * config.width // size, rows - 1 - pixel * rows // size),
      (
          x - _REACH + pixel * across // size,
          y + _REACH - pixel * across // size,
      ),
  )
  views = []
  for columns, heights in frames:
    at = columns[None, :], heights[:, None]
    wall = jnp.where(is_free(*at, config), 0.0, 0.5)
    views.append(jnp.where((at[0] == x) & (at[1] == y), 1.0, wall))
  views[0] = jnp.where(hidden, 0.0, views[0])
  return jnp.stack(views)
