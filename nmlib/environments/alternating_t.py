"""A T maze that pays left and right by turns: what to do hangs on the past.

Of Fang and Stachenfeld (arXiv 2310.06089; program chingf/auxrl). From the reset
point at the stem's foot up the stem and to one end of the bar, down the arm and
back along the bottom; each pays 5 when it is its turn: left, reset, right,
reset. A wall or an illegal turn costs 1 and stays: after the left end has paid
the way back right is closed (and mirrored), at the reset point up alone is
open. Episodes of 2000 steps: wrap it in `time_limit`.

The image does not tell which turn it is. With `memory` m it shows the last m
images too, each 0.9 times fainter than the one after it.
"""

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.environments import contract
from nmlib.environments import grid
from nmlib.neurons.core import limits

NUM_ACTIONS = 4  # x - 1 (left), x + 1, y - 1, y + 1 (up)
_LEFT, _RIGHT, _UP = 0, 1, 3


@dataclasses.dataclass(frozen=True)
class Config:
  """Sizes with the frame, as the authors count them."""

  width: limits.Count = 7
  height: limits.Count = 7
  reward: limits.Positive = 5.0
  penalty: limits.NonNegative = 1.0
  memory: limits.Natural = 0  # m, past images that are seen
  fading: limits.UnitInterval = 0.9  # of each image before

  def __post_init__(self):
    limits.check(self)
    if self.width % 2 == 0 or self.width < 7 or self.height < 5:
      raise ValueError(
          'alternating_t.Config needs an odd width of at least 7 and a height'
          f' of at least 5, got {self.width} and {self.height}.'
      )


class State(NamedTuple):
  """Where the agent is, and whose turn it is."""

  place: jax.Array  # [2]
  phase: jax.Array  # [], next to pay: 0 left, 1 reset, 2 right, 3 reset
  seen: jax.Array  # [m, W, H], past images without walls, the newest first


def walls(config: Config) -> np.ndarray:
  """Returns which places are wall, [W, H] boolean."""
  found = np.ones((config.width, config.height), bool)
  inside, top = slice(1, config.width - 1), config.height - 2
  found[inside, [1]] = False
  found[inside, [top]] = False
  found[[1], 1:-1] = found[[config.width // 2], 1:-1] = False
  found[[config.width - 2], 1:-1] = False
  return found


def stem(config: Config) -> np.ndarray:
  """Returns the places [C, 2] of the central stem, from its foot up."""
  rows = np.arange(1, config.height - 1)
  return np.stack([np.full_like(rows, config.width // 2), rows], axis=1)


def ends(config: Config) -> np.ndarray:
  """Returns the places [4, 2] that pay, by phase."""
  top, foot = config.height - 2, (config.width // 2, 1)
  return np.array([(1, top), foot, (config.width - 2, top), foot])


def reset(key: jax.Array, config: Config) -> tuple[jax.Array, State]:
  """Begins at the stem's foot, with the left end to pay.

  Returns:
    The image [W, H], and the state.
  """
  del key
  shape = config.memory, config.width, config.height
  foot = jnp.asarray(ends(config)[1], jnp.int32)
  state = State(foot, jnp.int32(0), jnp.zeros(shape))
  return observe(state, config), state


def observe(state: State, config: Config) -> jax.Array:
  """Returns the image [W, H], with fading past ones."""
  image = grid.picture(walls(config), state.place)
  weights = config.fading ** jnp.arange(1, config.memory + 1)
  past = jnp.tensordot(weights, state.seen, axes=1)
  return jnp.where(jnp.asarray(walls(config)), image, image + past)


def step(
    key: jax.Array, state: State, action: jax.typing.ArrayLike, config: Config
) -> contract.Step:
  """Moves, and pays if it is the place's turn.

  Args:
    key: not used: the world is deterministic.
    state: of the world.
    action: [], 0 to 3.
    config: sizes and payments.

  Raises:
    ValueError: if a concrete action is NaN, no integer, or none of the four.
  """
  del key
  action = contract.numbered(action, NUM_ACTIONS)
  blocked, pays = jnp.asarray(walls(config)), jnp.asarray(ends(config))
  ahead = state.place + jnp.asarray(grid.MOVES, jnp.int32)[action]
  here = lambda phase: grid.same(state.place, pays[phase])
  # Who has just been paid at an end goes on along the arm.
  illegal = (
      (here(0) & (state.phase == 1) & (action == _RIGHT))
      | (here(2) & (state.phase == 3) & (action == _LEFT))
      | (here(1) & (action != _UP))
  )
  stays = blocked[ahead[0], ahead[1]] | illegal
  place = jnp.where(stays, state.place, ahead)
  paid = ~stays & grid.same(place, pays[state.phase])
  reward = jnp.where(stays, -config.penalty, config.reward * paid)
  seen = state.seen
  if config.memory:
    before = jnp.maximum(grid.picture(walls(config), state.place), 0)
    seen = jnp.concatenate([before[None], seen[:-1]])
  state = State(place, (state.phase + paid) % 4, seen)
  no = jnp.zeros((), bool)
  return contract.Step(observe(state, config), state, reward, no, no, {})
