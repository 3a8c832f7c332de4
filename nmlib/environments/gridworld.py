"""An open room with a hidden goal, seen from above.

Of Fang and Stachenfeld (arXiv 2310.06089; program chingf/auxrl): 8 x 8 free
cells in a frame of wall. The goal is drawn once and stays through `restart`;
each episode starts anywhere else. A wall stops; the goal pays 1 and ends the
episode. `shuffled` permutes the pixels of every image alike, drawn once too.
Their episodes end after 150 steps: wrap it in `time_limit`.
"""

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.environments import contract
from nmlib.environments import grid
from nmlib.neurons.core import limits

NUM_ACTIONS = 4  # x - 1, x + 1, y - 1, y + 1


@dataclasses.dataclass(frozen=True)
class Config:
  """Sizes are of free cells."""

  width: limits.Count = 8
  height: limits.Count = 8
  walls: tuple[tuple[int, int], ...] = ()  # (x, y), beside the frame
  goal: tuple[int, int] | None = None  # (x, y), from 1; None: drawn
  shuffled: bool = False

  def __post_init__(self):
    limits.check(self)
    inner = grid.framed(self.width, self.height)
    for wall in self.walls:
      grid.refuse_wall(inner, wall, 'gridworld.Config.walls')
    grid.refuse_wall(walls(self), self.goal, 'gridworld.Config.goal')
    if len(grid.free(walls(self))) < 2:
      raise ValueError(
          'gridworld.Config must leave two free cells, a start and a goal, got'
          f' {self}.'
      )


class State(NamedTuple):
  """Where the agent is, and in which world."""

  place: jax.Array  # [2]
  goal: jax.Array  # [2]
  order: jax.Array  # [W H], the pixel that each place of the image shows


def walls(config: Config) -> np.ndarray:
  """Returns which places are wall, [W, H] boolean."""
  found = grid.framed(config.width, config.height)
  for x, y in config.walls:
    found[x, y] = True
  return found


def reset(key: jax.Array, config: Config) -> tuple[jax.Array, State]:
  """Draws goal and order where they are drawn, and a start.

  Returns:
    The image [W, H], and the state.
  """
  blocked = walls(config)
  cells = grid.free(blocked)
  drawing, shuffling, starting = jax.random.split(key, 3)
  goal = grid.at(cells, jax.random.randint(drawing, (), 0, len(cells)))
  if config.goal is not None:
    goal = jnp.array(config.goal, jnp.int32)
  order = jnp.arange(blocked.size)
  if config.shuffled:
    order = jax.random.permutation(shuffling, order)
  return restart(starting, State(goal, goal, order), config)


def restart(
    key: jax.Array, state: State, config: Config
) -> tuple[jax.Array, State]:
  """Begins anew at a free cell that is not the goal, in the state's world."""
  cells = grid.free(walls(config))
  is_goal = jnp.all(jnp.asarray(cells) == state.goal[None], axis=1)
  number = jax.random.categorical(key, jnp.where(is_goal, -jnp.inf, 0.0))
  state = state._replace(place=grid.at(cells, number))
  return observe(state, config), state


def observe(state: State, config: Config) -> jax.Array:
  """Returns the image [W, H], its pixels in the state's order."""
  image = grid.picture(walls(config), state.place)
  return image.ravel()[state.order].reshape(image.shape)


def step(
    key: jax.Array, state: State, action: jax.typing.ArrayLike, config: Config
) -> contract.Step:
  """Moves; at the goal nothing moves or pays any more.

  Args:
    key: not used: the world is deterministic.
    state: of the world.
    action: [], 0 to 3.
    config: walls.

  Raises:
    ValueError: if a concrete action is NaN, no integer, or none of the four.
  """
  del key
  action = contract.numbered(action, NUM_ACTIONS)
  ended = grid.same(state.place, state.goal)
  ahead = state.place + jnp.asarray(grid.MOVES, jnp.int32)[action]
  blocked = jnp.asarray(walls(config))[ahead[0], ahead[1]] | ended
  state = state._replace(place=jnp.where(blocked, state.place, ahead))
  there = grid.same(state.place, state.goal)
  return contract.Step(
      observe(state, config),
      state,
      (there & ~ended).astype(jnp.float32),
      there,
      jnp.zeros((), bool),
      {},
  )
