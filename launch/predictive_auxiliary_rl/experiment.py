"""The experiment of `launch.predictive_auxiliary_rl`."""

from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from launch.predictive_auxiliary_rl import report
from launch.predictive_auxiliary_rl import worlds
from launch.predictive_auxiliary_rl.config import MODELS
from launch.predictive_auxiliary_rl.config import Config
from nmlib import train
from nmlib.analysis import latents
from nmlib.analysis import place_fields
from nmlib.networks import predictive_agent
from nmlib.plasticity.reinforcement import dynamic_programming


class State(NamedTuple):
  """What training needs to go on; `early` are parameters of a time before."""

  step: jax.Array  # [], of `copy_every` updates each
  params: predictive_agent.Params
  opt_state: Any
  early: predictive_agent.Params
  key: jax.Array
  world: worlds.World
  objective: predictive_agent.Objective


def experiment(config: Config, run: train.Run) -> train.Report:
  """Trains each model in the room, then one on the ring."""
  rooms, rings = worlds.rooms(config), worlds.tracks(config)
  fitted = {
      name: train.fit(run, stage(config, name, rooms)) for name in config.models
  }
  on_track = train.fit(run, stage(config, 'track', rings))
  moved = run.result('fields', lambda: _fields(on_track.state))
  swapped = run.result(
      'swapped', lambda: _swapped(config, fitted['prediction'].state)
  )
  return report.make(config, fitted, moved, swapped)


def stage(
    config: Config, name: str = 'prediction', made: worlds.World | None = None
) -> train.Stage:
  """Returns the training of one of `MODELS` in the room, or of the 'track'.

  A step of it is `copy_every` updates, against one slow copy.
  """
  track, ring = config.track, name == 'track'
  network = track.network if ring else config.network
  num_updates = track.num_updates if ring else config.num_updates
  made = worlds.rooms(config) if made is None else made
  aims = predictive_agent.objective_of(*MODELS[name], config.num_seeds)
  optimizer = optax.adam(config.learning_rate)

  def init(key, start):
    first, later = jax.random.split(key)
    params = predictive_agent.init(first, network)
    moments = optimizer.init(params)
    return State(jnp.int32(0), params, moments, params, later, *start)

  @train.sequential_vmap  # side by side the small products take twice as long
  def step(state):
    # One step of the world an update, once there is a batch to draw.
    done = state.step * config.copy_every
    params, moments, losses = predictive_agent.learn(
        jax.random.fold_in(state.key, state.step), state.params,
        state.opt_state, state.world.history,
        config.batch_size + done + jnp.arange(config.copy_every),
        state.world.images, state.objective, optimizer,
        capacity=config.capacity, batch_size=config.batch_size,
        discount=config.discount,
    )  # fmt: skip
    now = done + config.copy_every == track.early
    keep = lambda new, old: jnp.where(now, new, old)
    early = jax.tree.map(keep, params, state.early)
    fixed = state.key, state.world, state.objective
    state = State(state.step + 1, params, moments, early, *fixed)
    return state, losses._asdict()

  def evaluate(state, unused_data):
    z = predictive_agent.latents(state.params, state.world.images)
    return {
        'success': success(state.params, state.world, config.max_steps),
        'silent': latents.silent_fraction(z),
        'cosine': latents.pairwise_cosine(z),
        'map': latents.spatial_alignment(z, state.world.cells),
    }

  return train.Stage(
      name=name if ring else f'room_{name.replace(" ", "_")}',
      loop=train.Loop(
          num_updates // config.copy_every, log_every=1, eval_every=1,
          checkpoint_every=5,
      ),
      init=init, step=lambda state, _: step(state), evaluate=evaluate,
      starts=(made, aims),
      seeds=tuple(range(config.num_seeds)),
  )  # fmt: skip


def success(
    params: predictive_agent.Params, world: worlds.World, max_steps: int
) -> jax.Array:
  """Returns the share [] of starts whence the best actions reach the goal."""
  best = jnp.argmax(predictive_agent.action_values(params, world.images), 1)
  there = dynamic_programming.arrives(world.ahead, best, world.goal, max_steps)
  return (jnp.sum(there) - 1) / (len(best) - 1)  # the goal is no start


def _fields(state: State) -> dict[str, np.ndarray]:
  """Returns place fields [S, C, d] of what is predicted, early and late."""
  fields = lambda params, world: place_fields.fields(
      predictive_agent.predicted(params, world.images)
  )
  of_all = jax.jit(jax.vmap(fields))
  early, late = (of_all(p, state.world) for p in (state.early, state.params))
  moved = jax.vmap(place_fields.shift)(early, late)
  found = {'early': early, 'late': late, 'shift': moved}
  return jax.tree.map(np.asarray, found)


def _swapped(config: Config, state: State) -> dict[str, np.ndarray]:
  """Returns changes of cosines [S] after two successors were exchanged."""
  width, height = config.world.width, config.world.height
  table = np.arange(width * height).reshape(width, height)
  pairs = tuple(table[1:3, 0]), tuple(table[1:3, -1])  # of two far rows
  one = lambda seed, params, images: predictive_agent.exchange(
      jax.random.key(seed), params, images, pairs, (1, 0),
      predictive_agent.objective_of(*MODELS['prediction']),
      batch_size=config.batch_size, discount=config.discount,
  )  # fmt: skip
  seeds = jnp.arange(config.num_seeds)
  found = jax.jit(jax.vmap(one))(seeds, state.params, state.world.images)
  return dict(zip(('exchanged', 'kept'), map(np.asarray, found), strict=True))
