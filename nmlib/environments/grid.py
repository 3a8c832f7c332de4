"""What worlds of cells share: moves, walls, pictures.

A place is (x, y), indices of an image [W, H] whose frame is wall. In it walls
are -1, the agent is 1, all else 0; goals are not seen.
"""

import jax
import jax.numpy as jnp
import numpy as np

MOVES = np.array([[-1, 0], [1, 0], [0, -1], [0, 1]])  # of actions 0 to 3


def framed(width: int, height: int) -> np.ndarray:
  """Returns walls, boolean [width + 2, height + 2], around free cells."""
  walls = np.ones((width + 2, height + 2), bool)
  walls[1:-1, 1:-1] = False
  return walls


def free(walls: np.ndarray) -> np.ndarray:
  """Returns the places of free cells, [C, 2]."""
  return np.argwhere(~walls)


def picture(walls: np.ndarray, place: jax.Array) -> jax.Array:
  """Returns the image [W, H], float32, of an agent at a place [2]."""
  empty = jnp.asarray(np.where(walls, -1.0, 0.0), jnp.float32)
  return empty.at[place[0], place[1]].set(1.0)


def at(cells: np.ndarray, number: jax.Array) -> jax.Array:
  """Returns the place [2] of a numbered cell, int32."""
  return jnp.asarray(cells, jnp.int32)[number]


def number(walls: np.ndarray, place: jax.Array) -> jax.Array:
  """Returns which of the free cells a place [2] is, []; int32, 0 of walls."""
  table = np.zeros(walls.shape, np.int32)
  cells = free(walls)
  table[tuple(cells.T)] = np.arange(len(cells))
  return jnp.asarray(table)[place[0], place[1]]


def same(place: jax.Array, other: jax.Array) -> jax.Array:
  """Whether two places [2] are one, [] boolean."""
  return jnp.all(place == other)


def refuse_wall(
    walls: np.ndarray, place: tuple[int, int] | None, name: str
) -> None:
  """Refuses a place that is wall or outside; None passes.

  Raises:
    ValueError: naming the place, and where free cells are.
  """
  if place is None:
    return
  inside = all(0 <= i < n for i, n in zip(place, walls.shape, strict=True))
  if not inside or walls[place]:
    raise ValueError(
        f'{name} must be a free cell, x and y from 1 to'
        f' {walls.shape[0] - 2} and {walls.shape[1] - 2} outside of walls, got'
        f' {place}, which is a wall.'
    )
