"""A corridor that runs in a ring, in one direction.

Of Fang and Stachenfeld (arXiv 2310.06089; program chingf/auxrl): the outer ring
of a room's free cells. Moves are legal in one sense of rotation only, all else
stays. Entering the goal pays 1 and ends nothing; wrap it in `time_limit` (150).
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
  """Sizes are of free cells, before the middle is walled."""

  width: limits.Count = 8
  height: limits.Count = 8
  goal: limits.Natural | None = None  # cell of the ring; None: drawn

  def __post_init__(self):
    limits.check(self)
    if min(self.width, self.height) < 2:
      raise ValueError(
          'linear_track.Config needs a width and height of at least 2, got'
          f' {self.width} and {self.height}.'
      )
    if self.goal is not None and self.goal >= len(ring(self)):
      raise ValueError(
          'linear_track.Config.goal must be one of the'
          f' {len(ring(self))} cells of the ring, got {self.goal}.'
      )


class State(NamedTuple):
  """Cells of the ring, by number."""

  cell: jax.Array  # []
  goal: jax.Array  # []


def ring(config: Config) -> np.ndarray:
  """Returns the places [C, 2] of the ring's cells as one passes them."""
  width, height = config.width, config.height
  up = [(1, y) for y in range(1, height)]
  right = [(x, height) for x in range(1, width)]
  down = [(width, y) for y in range(height, 1, -1)]
  left = [(x, 1) for x in range(width, 1, -1)]
  return np.array(up + right + down + left)


def walls(config: Config) -> np.ndarray:
  """Returns which places are wall, [W, H] boolean."""
  found = np.ones((config.width + 2, config.height + 2), bool)
  found[tuple(ring(config).T)] = False
  return found


def legal(config: Config) -> np.ndarray:
  """Returns the one action [C] that leads on from each cell."""
  cells = ring(config)
  ahead = np.roll(cells, -1, axis=0) - cells
  return np.argmax((ahead[:, None] == grid.MOVES[None]).all(-1), axis=1)


def reset(key: jax.Array, config: Config) -> tuple[jax.Array, State]:
  """Draws the goal where it is drawn, and a start: image [W, H] and state."""
  drawing, starting = jax.random.split(key)
  goal = jax.random.randint(drawing, (), 0, len(ring(config)))
  if config.goal is not None:
    goal = jnp.int32(config.goal)
  return restart(starting, State(goal, goal), config)


def restart(
    key: jax.Array, state: State, config: Config
) -> tuple[jax.Array, State]:
  """Begins anew at any cell but the goal."""
  cells = len(ring(config))
  cell = (state.goal + jax.random.randint(key, (), 1, cells)) % cells
  state = state._replace(cell=cell)
  return observe(state, config), state


def observe(state: State, config: Config) -> jax.Array:
  """Returns the image [W, H]."""
  return grid.picture(walls(config), grid.at(ring(config), state.cell))


def step(
    key: jax.Array, state: State, action: jax.typing.ArrayLike, config: Config
) -> contract.Step:
  """Goes on by a cell if the action is the legal one, else stays.

  Args:
    key: not used: the world is deterministic.
    state: of the world.
    action: [], 0 to 3.
    config: sizes.

  Raises:
    ValueError: if a concrete action is NaN, no integer, or none of the four.
  """
  del key
  action = contract.numbered(action, NUM_ACTIONS)
  wanted = jnp.asarray(legal(config))
  moves = action == wanted[state.cell]
  cell = jnp.where(moves, (state.cell + 1) % len(wanted), state.cell)
  state = state._replace(cell=cell)
  no = jnp.zeros((), bool)
  reward = (moves & (cell == state.goal)).astype(jnp.float32)
  return contract.Step(observe(state, config), state, reward, no, no, {})
