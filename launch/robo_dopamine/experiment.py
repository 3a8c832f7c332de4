"""The experiment of `launch.robo_dopamine`: a judge, and agents it rewards."""

import dataclasses
import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from launch.robo_dopamine import measure
from launch.robo_dopamine import report
from launch.robo_dopamine.config import Config
from nmlib import train
from nmlib.analysis import progress
from nmlib.analysis.task_progress import shaping_effects
from nmlib.data.tasks import peg_demonstrations
from nmlib.environments import peg_insertion
from nmlib.environments import progress_rewards
from nmlib.networks.agents import tabular_q
from nmlib.networks.progress_judges import peg_judge
from nmlib.networks.progress_judges import progress_model

MODELS = ('two views', 'one view', 'uniform pairs')
REWARDS = ('sparse', 'shaped', 'naive')
_PROGRESS = 0.0, 0.5, 0.9, 1.0  # of the trap's four states


def experiment(config: Config, run: train.Run) -> train.Report:
  """Solves worlds, trains judges, lets agents learn from what one says."""
  solved = run.result('solved', functools.partial(solve, config.num_worlds))
  judged, tables = {}, None
  for name in MODELS:
    params = train.fit(run, stage(config, name)).state.params
    own = model(config, name)
    compute = functools.partial(measure.judge, config, params, own)
    judged[name] = run.result(name.replace(' ', '_'), compute)
    if name == MODELS[0]:
      say = lambda p, own=own: peg_judge.tables(p, own, config.world)
      tables = jax.jit(jax.vmap(say))(params)
  agents = {}
  for kind in REWARDS:
    fitted = train.fit(run, agent_stage(config, kind, tables))
    compute = functools.partial(measure.agent, config, fitted)
    agents[kind] = run.result(f'agent_{kind}', compute)
  return report.make(config, solved, judged, agents)


def solve(number: int) -> dict[str, np.ndarray]:
  """Returns `shaping_effects.trap`, and of random worlds [number] each."""
  with jax.enable_x64(True):
    keys = jax.random.split(jax.random.key(0), number)
    found = {
        f'changed by {name}': value
        for name, value in jax.jit(
            lambda keys: jax.lax.map(shaping_effects.random_world, keys)
        )(keys).items()
    } | shaping_effects.trap(jnp.asarray(_PROGRESS))
    return {name: np.asarray(value) for name, value in found.items()}


def model(config: Config, name: str) -> progress_model.Config:
  """Returns the config of a model by its name in `MODELS`."""
  views = 1 if name == MODELS[1] else 2
  return dataclasses.replace(config.model, num_views=views)


def stage(config: Config, name: str = MODELS[0]) -> train.Stage:
  """Returns the training of a model of hops, by its name in `MODELS`."""
  own = model(config, name)
  rows = jax.tree.map(
      jnp.asarray,
      peg_demonstrations.training_pairs(
          0, config.world, config.num_demonstrations, config.pairs,
          stratified=name != MODELS[2],
      ),
  )  # fmt: skip

  def loss(params, row, key):
    arm, leave = jax.random.split(key)
    hidden = jax.random.bernoulli(arm, config.hidden, (2,))
    kept = jax.random.bernoulli(
        leave, 1 - config.dropout, (2 + 2 * own.num_views,)
    )
    said = peg_judge.hop(params, row[:3], hidden, own, config.world, kept)
    return jnp.square(said - row.hop), {}

  return train.Stage(
      name=name.replace(' ', '_'), loop=config.loop, loss=loss,
      init=lambda key: progress_model.init(key, own),
      optimizer=optax.adam(config.learning_rate),
      data=lambda key, step: train.examples.sample(
          train.step_key(key, step), rows, config.loop.batch_size
      ),
      seeds=tuple(range(config.num_seeds)),
  )  # fmt: skip


def agent_stage(
    config: Config, kind: Any, tables: peg_judge.Tables | None
) -> train.Stage:
  """Returns the learning of an agent by a reward; a seed has its own judge."""
  if tables is None:
    blank = jnp.zeros((config.num_seeds, config.world.num_places))
    tables = peg_judge.Tables(blank[..., None] + blank[:, None], blank, blank)
  blank = jax.tree.map(lambda leaf: jnp.zeros_like(leaf[0]), tables)
  made = train.agent_stage(
      peg_insertion, tabular_q.make(config.agent), name=f'agent_{kind}',
      loop=config.rl_loop, config=config.world, max_steps=config.max_steps,
      eval_episodes=config.eval_episodes,
      training=lambda world: progress_rewards.wrap(
          world, _fused, config.shaping, kind, blank
      ),
      seeds=tuple(range(config.num_seeds)),
  )  # fmt: skip

  def init(key, tables):
    state = made.init(key)
    one = jax.tree.map(lambda leaf: leaf[None], tables)  # of the one world
    return state._replace(worlds=state.worlds._replace(judge=one))

  return dataclasses.replace(made, init=init, starts=tables)


def _fused(tables, before, place, after):
  """Phi* of the paper, from hops that a model has judged."""
  hop = tables.hops[place, after]
  return progress.fuse(
      before, hop, tables.forward[after], tables.backward[after]
  )
