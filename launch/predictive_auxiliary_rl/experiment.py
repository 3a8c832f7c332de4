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
from launch.predictive_auxiliary_rl.config import Model
from nmlib import train
from nmlib.analysis import latents
from nmlib.analysis import place_fields
from nmlib.environments import grid
from nmlib.environments import gridworld
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
  on_track = train.fit(run, track_stage(config, rings))
  moved = run.result('fields', lambda: _fields(on_track.state))
  state = fitted['prediction'].state
  swapped = run.result('swapped', lambda: swap(config, state))
  return report.make(config, fitted, moved, swapped)


def stage(
    config: Config, name: str = 'prediction', rooms: worlds.World | None = None
) -> train.Stage:
  """Returns the training of one of `MODELS` in the room."""
  rooms = worlds.rooms(config) if rooms is None else rooms
  cells = jnp.asarray(grid.free(gridworld.walls(config.world)))

  def evaluate(state, unused_data):
    z = predictive_agent.latents(state.params, state.world.images)
    return {
        'success': success(state.params, state.world, config.max_steps),
        'silent': latents.silent_fraction(z),
        'cosine': latents.pairwise_cosine(z),
        'map': latents.spatial_alignment(z, cells),
    }

  return _stage(
      config, f'room_{name.replace(" ", "_")}', MODELS[name], config.network,
      rooms, config.num_updates, 0, evaluate,
  )  # fmt: skip


def track_stage(config: Config, rings: worlds.World) -> train.Stage:
  """Returns the training on the ring."""
  track = config.track
  silent = lambda state, _: {
      'silent': latents.silent_fraction(
          predictive_agent.latents(state.params, state.world.images)
      )
  }
  return _stage(
      config, 'track', track.model, track.network, rings, track.num_updates,
      track.early, silent,
  )  # fmt: skip


def success(
    params: predictive_agent.Params, world: worlds.World, max_steps: int
) -> jax.Array:
  """Returns the share [] of starts whence the best actions reach the goal."""
  best = jnp.argmax(predictive_agent.action_values(params, world.images), 1)
  arrived = dynamic_programming.arrives(
      world.ahead, best, world.goal, max_steps
  )
  return (jnp.sum(arrived) - 1) / (len(best) - 1)  # the goal is no start


def _stage(config, name, model, network, world, num_updates, early, evaluate):
  """Returns a stage whose steps are `copy_every` updates of a slow copy."""
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
    now = done + config.copy_every == early
    kept = jax.tree.map(
        lambda new, old: jnp.where(now, new, old), params, state.early
    )
    state = state._replace(
        step=state.step + 1, params=params, opt_state=moments, early=kept
    )
    return state, losses._asdict()

  return train.Stage(
      name=name, loop=train.Loop(
          num_updates // config.copy_every, log_every=1, eval_every=1,
          checkpoint_every=5,
      ),
      init=init, step=lambda state, _: step(state), evaluate=evaluate,
      starts=(world, _objective(model, config.num_seeds)),
      seeds=tuple(range(config.num_seeds)),
  )  # fmt: skip


def _objective(model: Model, *shape: int) -> predictive_agent.Objective:
  """Returns what a model minimises, of every seed: one program for all."""
  full = lambda value: jnp.full(shape, value, jnp.float32)
  spread = full(model.spread)
  weights = predictive_agent.Weights(
      full(model.prediction), spread, spread, full(1.0)
  )
  return predictive_agent.Objective(weights, full(model.horizon))


def _fields(state: State) -> dict[str, np.ndarray]:
  """Returns place fields [S, C, d] of what is predicted, early and late."""

  def one(params, world):
    move = lambda z, a: predictive_agent.transition(params.transition, z, a)
    every = jax.vmap(jax.vmap(move, (None, 0)), (0, None))
    z = predictive_agent.latents(params, world.images)
    return place_fields.fields(jnp.mean(every(z, jnp.arange(4)), axis=1))

  of_all = jax.jit(jax.vmap(one))
  early, late = (of_all(p, state.world) for p in (state.early, state.params))
  moved = jax.vmap(place_fields.shift)(early, late)
  found = {'early': early, 'late': late, 'shift': moved}
  return {name: np.asarray(value) for name, value in found.items()}


def swap(config: Config, state: State) -> dict[str, np.ndarray]:
  """Returns changes of cosines [S], of pairs that were exchanged and not.

  Of two chains of cells, a b c and d e f, b now leads to f and e to c, and
  back; eight updates of those transitions alone, ten times as fast.
  """
  table = np.arange(config.world.width * config.world.height)
  table = table.reshape(config.world.width, config.world.height)
  (_, b, c), (_, e, f) = table[:3, 0], table[:3, -1]
  pairs = {'exchanged': ((b, f), (e, c)), 'as before': ((b, c), (e, f))}
  history = predictive_agent.Step(
      jnp.array([b, e, f, c]), jnp.array([1, 1, 0, 0]), jnp.zeros(4),
      jnp.zeros(4, bool), jnp.array([f, c, b, e]),
  )  # fmt: skip
  objective = _objective(MODELS['prediction'])
  optimizer = optax.adam(1e-3)

  def one(seed, params, images):
    before = predictive_agent.latents(params, images)
    params, _, _ = predictive_agent.learn(
        jax.random.key(seed), params, optimizer.init(params), history,
        jnp.full(8, 4), images, objective, optimizer,
        batch_size=config.batch_size, discount=config.discount,
    )  # fmt: skip
    after = predictive_agent.latents(params, images)
    near = lambda z, pair: latents.pairwise_cosine(z[jnp.array(pair)])
    change = lambda pair: near(after, pair) - near(before, pair)
    mean = lambda two: (change(two[0]) + change(two[1])) / 2
    return {name: mean(two) for name, two in pairs.items()}

  found = jax.jit(jax.vmap(one))(
      jnp.arange(config.num_seeds), state.params, state.world.images
  )
  return {name: np.asarray(value) for name, value in found.items()}
