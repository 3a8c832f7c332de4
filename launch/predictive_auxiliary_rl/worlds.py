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
  cells: jax.Array  # [C, 2], places


def rooms(config: Config) -> World:
  """Returns the rooms of all seeds, [S, ...]."""
  walls = gridworld.walls(config.world)
  cells = grid.free(walls)
  number = lambda place: grid.number(walls, place)
  return _made(
      config, gridworld, config.world, config.num_updates, cells,
      lambda state: number(state.place), lambda state: number(state.goal),
      lambda state, cell: state._replace(place=grid.at(cells, cell)),
  )  # fmt: skip


def tracks(config: Config) -> World:
  """Returns the rings of all seeds, [S, ...]; goals differ, images do not."""
  track = config.track
  return _made(
      config, linear_track, track.world, track.num_updates,
      linear_track.ring(track.world),
      lambda state: state.cell, lambda state: state.goal,
      lambda state, cell: state._replace(cell=cell),
  )  # fmt: skip


def _made(config, module, options, num_updates, cells, number, goal, put):
  """Returns worlds [S, ...] of a module, whose cells have numbers."""
  seen = numbered.wrap(module, number)
  world = auto_reset.wrap(time_limit.wrap(seen, config.max_steps))
  agent = chance.make(4, num_updates + config.batch_size + 2)

  def one(seed):
    first, later = jax.random.split(jax.random.fold_in(jax.random.key(7), seed))
    begun = agent_stage.begin(first, agent, world, options, 1)
    _, steps = agent_stage.collect(later, begun, agent, world, options)
    state = jax.tree.map(lambda leaf: leaf[0], begun.worlds.world)
    every = jax.vmap(lambda cell: put(state, cell))(jnp.arange(len(cells)))
    tables = numbered.tables(module, every, 4, number, options)
    history = predictive_agent.history_of(
        agents.flat(steps), config.ends_at_time_limit
    )
    return history, *tables, goal(state), jnp.asarray(cells)

  history, images, *rest = jax.jit(jax.vmap(one))(jnp.arange(config.num_seeds))
  shown = predictive_agent.images_of(np.asarray(images))
  return World(history, shown, *rest)
