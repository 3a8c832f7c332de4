"""The experiment of `launch.robo_dopamine`: a judge, and agents it rewards."""

import dataclasses
import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from launch.robo_dopamine import report
from launch.robo_dopamine.config import Config
from nmlib import train
from nmlib.analysis import progress
from nmlib.analysis.task_progress import shaping_effects
from nmlib.data.tasks import peg_demonstrations
from nmlib.environments import peg_insertion
from nmlib.environments import progress_rewards
from nmlib.environments import time_limit
from nmlib.networks.agents import tabular_q
from nmlib.networks.progress_judges import peg_judge
from nmlib.networks.progress_judges import peg_judge_quality
from nmlib.networks.progress_judges import progress_model
from nmlib.train.control import episodes

MODELS = ('two views', 'one view', 'uniform pairs')
REWARDS = ('sparse', 'shaped', 'naive')
_TEST = 1_000_003  # the seed of demonstrations that no model is shown
_PROGRESS = 0.0, 0.5, 0.9, 1.0  # of the trap's four states


def experiment(config: Config, run: train.Run) -> train.Report:
  """Solves worlds, trains judges, lets agents learn from what one says."""
  solved = run.result('solved', functools.partial(solve, config.num_worlds))
  judged, params = {}, {}
  for name in MODELS:
    params[name] = train.fit(run, stage(config, name)).state.params
    own = model(config, name)
    compute = functools.partial(judge, config, params[name], own)
    judged[name] = run.result(name.replace(' ', '_'), compute)
  say = lambda params: peg_judge.tables(params, config.model, config.world)
  tables = jax.jit(jax.vmap(say))(params[MODELS[0]])
  agents = {}
  for kind in REWARDS:
    fitted = train.fit(run, agent_stage(config, kind, tables))
    compute = functools.partial(play, config, fitted)
    agents[kind] = run.result(f'agent_{kind}', compute)
  return report.make(config, solved, judged, agents)


def solve(number: int) -> dict[str, np.ndarray]:
  """Returns `shaping_effects.trap`, and of random worlds [number] each."""
  with jax.enable_x64(True):
    keys = jax.random.split(jax.random.key(0), number)
    worlds = jax.jit(
        functools.partial(jax.lax.map, shaping_effects.random_world)
    )
    found = {f'changed by {name}': x for name, x in worlds(keys).items()}
    found |= shaping_effects.trap(jnp.asarray(_PROGRESS))
    return {name: np.asarray(value) for name, value in found.items()}


def model(config: Config, name: str) -> progress_model.Config:
  """Returns the config of a model by its name in `MODELS`."""
  if name != MODELS[1]:
    return config.model
  return dataclasses.replace(config.model, num_views=1)


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
    return peg_judge.loss(
        params, row[:3], row.hop, key, own, config.world,
        hidden=config.hidden, dropout=config.dropout,
    ), {}  # fmt: skip

  return train.Stage(
      name=name.replace(' ', '_'), loop=config.loop, loss=loss,
      init=lambda key: progress_model.init(key, own),
      optimizer=optax.adam(config.learning_rate),
      data=lambda key, step: train.examples.sample(
          train.step_key(key, step), rows, config.loop.batch_size
      ),
      seeds=tuple(range(config.num_seeds)),
  )  # fmt: skip


def judge(config: Config, params: Any, own: Any) -> dict[str, np.ndarray]:
  """Returns what `peg_judge_quality` measures on new demonstrations."""
  rng, world = np.random.default_rng(_TEST), config.world
  ask = peg_judge_quality.asked(params, own, world)
  ways = [
      peg_demonstrations.draw(rng, world).places for _ in range(config.num_test)
  ]
  rows = peg_demonstrations.all_pairs(rng, world, config.num_test)
  found = peg_judge_quality.along(ask, ways, config.hidden, rng, world.goal)
  return found | peg_judge_quality.errors(
      ask, rows[:3], rows.hop, config.hidden, rng
  )


def agent_stage(
    config: Config, kind: Any, tables: peg_judge.Tables
) -> train.Stage:
  """Returns the learning of an agent by a reward; a seed has its own judge."""
  return train.agent_stage(
      peg_insertion, tabular_q.make(config.agent), name=f'agent_{kind}',
      loop=config.rl_loop, config=config.world, max_steps=config.max_steps,
      eval_episodes=config.eval_episodes,
      training=lambda world, judge: progress_rewards.wrap(
          world, _fused, config.shaping, kind, judge
      ),
      world_starts=tables, seeds=tuple(range(config.num_seeds)),
  )  # fmt: skip


def _fused(tables, before, place, after):
  """Phi* of the paper, from hops that a model has judged."""
  hop = tables.hops[place, after]
  return progress.fuse(
      before, hop, tables.forward[after], tables.backward[after]
  )


def play(config: Config, fitted: Any) -> dict[str, np.ndarray]:
  """Returns success and final progress [S] of the best actions."""
  learned = tabular_q.make(config.agent)
  limited = time_limit.wrap(peg_insertion, config.max_steps)
  truth = lambda judge, before, place, after: peg_insertion.progress(
      after, config.world
  )
  # What this pays adds up to the progress at the end.
  paid = progress_rewards.wrap(limited, truth, config.shaping, 'naive')

  def one(learner):
    best = lambda observation: learned.best(learner, observation)
    played = lambda key, world: episodes.evaluate(
        jax.random.key(key), best, world, config.world, 5 * config.eval_episodes
    )['eval/return']
    return {
        'success': played(1, limited), 'progress': played(2, paid),
        'actions': jax.vmap(best)(jnp.arange(config.world.num_places)),
    }  # fmt: skip

  found = jax.jit(jax.vmap(one))(fitted.state.learner)
  found['to 0.8'] = train.episodes_until(fitted.history, 0.8)
  return jax.tree.map(np.asarray, found)
