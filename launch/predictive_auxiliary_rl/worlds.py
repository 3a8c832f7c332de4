"""Worlds of few cells by number: their images, moves, and random histories."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from launch.predictive_auxiliary_rl.config import Config
from nmlib.environments import auto_reset
from nmlib.environments import grid
from nmlib.environments import gridworld
from nmlib.environments import linear_track
from nmlib.environments import numbered
from nmlib.environments import time_limit
from nmlib.networks import predictive_agent
from nmlib.networks.agents import agent as agents
from nmlib.networks.agents import chance
from nmlib.train.control import agent_stage


class World(NamedTuple):
  """One seed's; observations are numbers of cells, [C] of them."""

  history: predictive_agent.Step  # [N], of random actions
  images: predictive_agent.Images
  ahead: jax.Array  # [C, 4], where actions lead
  goal: jax.Array  # []


def rooms(config: Config) -> World:
  """Returns the rooms of all seeds, [S, ...]."""
  walls = gridworld.walls(config.world)
  cells = grid.free(walls)
  table = np.zeros(walls.shape, np.int32)
  table[tuple(cells.T)] = np.arange(len(cells))
  number = lambda place: jnp.asarray(table)[place[0], place[1]]
  return _made(
      config, gridworld, config.world, config.num_updates, len(cells),
      lambda state: number(state.place), lambda state: number(state.goal),
      lambda state, cell: state._replace(place=grid.at(cells, cell)),
  )  # fmt: skip


def tracks(config: Config) -> World:
  """Returns the rings of all seeds, [S, ...]; goals differ, images do not."""
  track = config.track
  return _made(
      config, linear_track, track.world, track.num_updates,
      len(linear_track.ring(track.world)),
      lambda state: state.cell, lambda state: state.goal,
      lambda state, cell: state._replace(cell=cell),
  )  # fmt: skip


def _made(config, module, options, num_updates, count, number, goal, put):
  """Returns worlds [S, ...] of a module, whose cells have numbers."""
  seen = numbered.wrap(module, number)
  world = auto_reset.wrap(time_limit.wrap(seen, config.max_steps))
  agent = chance.make(4, num_updates + config.batch_size + 2)

  def one(seed):
    first, later = jax.random.split(jax.random.fold_in(jax.random.key(7), seed))
    begun = agent_stage.begin(first, agent, world, options, 1)
    _, steps = agent_stage.collect(later, begun, agent, world, options)
    state = jax.tree.map(lambda leaf: leaf[0], begun.worlds.world)
    every = jax.vmap(lambda cell: put(state, cell))(jnp.arange(count))
    tables = numbered.tables(module, every, 4, number, options)
    return _history(agents.flat(steps), config), *tables, goal(state)

  history, images, ahead, goals = jax.jit(jax.vmap(one))(
      jnp.arange(config.num_seeds)
  )
  parts = [predictive_agent.distinct(np.asarray(seed)) for seed in images]
  most = max(len(blocks) for blocks, _ in parts)
  fill = lambda b: np.pad(b, ((0, most - len(b)), (0, 0), (0, 0)))
  shown = predictive_agent.Images(
      jnp.asarray(np.stack([fill(blocks) for blocks, _ in parts])),
      jnp.asarray(np.stack([places for _, places in parts])),
  )
  return World(history, shown, ahead, goals)


def _history(steps, config) -> predictive_agent.Step:
  """Returns transitions as the authors store them."""
  cut = steps.truncated & config.ends_at_time_limit
  # At a goal their agent is at the next episode's start already.
  then = jnp.roll(steps.observation, -1)
  ahead = jnp.where(steps.terminated, then, steps.next_observation)
  made = predictive_agent.Step(
      steps.observation, steps.action, steps.reward, steps.terminated | cut,
      ahead,
  )  # fmt: skip
  return jax.tree.map(lambda leaf: leaf[:-1], made)
