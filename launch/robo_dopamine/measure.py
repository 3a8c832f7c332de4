"""What judges of hops, and agents that they reward, can do."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from launch.robo_dopamine.config import Config
from nmlib.data.tasks import peg_demonstrations
from nmlib.environments import peg_insertion
from nmlib.environments import progress_rewards
from nmlib.environments import time_limit
from nmlib.networks.agents import tabular_q
from nmlib.networks.progress_judges import peg_judge_quality
from nmlib.train.control import episodes

_TEST = 1_000_003  # the seed of demonstrations that no model is shown


def judge(config: Config, params: Any, model: Any) -> dict[str, np.ndarray]:
  """Returns what `peg_judge_quality` measures on new demonstrations."""
  rng, world = np.random.default_rng(_TEST), config.world
  ask = peg_judge_quality.asked(params, model, world)
  ways = [
      peg_demonstrations.draw(rng, world).places for _ in range(config.num_test)
  ]
  rows = peg_demonstrations.all_pairs(rng, world, config.num_test)
  found = peg_judge_quality.along(ask, ways, config.hidden, rng, world.goal)
  return found | peg_judge_quality.errors(
      ask, rows[:3], rows.hop, config.hidden, rng
  )


def agent(config: Config, fitted: Any) -> dict[str, np.ndarray]:
  """Returns success and final progress [S] of the best actions, and curves."""
  learned = tabular_q.make(config.agent)
  limited = time_limit.wrap(peg_insertion, config.max_steps)
  first, _ = peg_insertion.reset(jax.random.key(0), config.world)
  whole = peg_insertion.distance(first, config.world)
  truth = lambda judge, before, place, after: jnp.clip(
      1 - peg_insertion.distance(after, config.world) / whole, 0, 1
  )
  # What this pays adds up to the progress at the end.
  paid = progress_rewards.wrap(limited, truth, config.shaping, 'naive')

  def one(learner):
    best = lambda observation: learned.best(learner, observation)
    played = lambda world, key: jax.vmap(
        lambda k: episodes.episode(k, best, world, config.world)[0]
    )(jax.random.split(key, 5 * config.eval_episodes)).mean()
    return {
        'success': played(limited, jax.random.key(1)),
        'progress': played(paid, jax.random.key(2)),
        'actions': jax.vmap(best)(jnp.arange(config.world.num_places)),
    }

  found = jax.jit(jax.vmap(one))(fitted.state.learner)
  steps, curve = fitted.history['eval/return']
  at, number = fitted.history['episodes']
  count = [np.interp(steps, at, row, left=0) for row in number.T]
  found |= {'curve': curve, 'episodes': np.stack(count, 1)}
  reached = curve >= 0.8
  when = np.where(reached.any(0), reached.argmax(0), len(reached) - 1)
  found['to 0.8'] = found['episodes'][when, np.arange(len(when))]
  return {name: np.asarray(value) for name, value in found.items()}
