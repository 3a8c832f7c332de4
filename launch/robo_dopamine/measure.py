"""What judges of hops, and agents that they reward, can do."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from launch.robo_dopamine.config import Config
from nmlib.analysis import progress_anchors
from nmlib.data.tasks import peg_demonstrations
from nmlib.environments import peg_insertion
from nmlib.environments import progress_rewards
from nmlib.environments import time_limit
from nmlib.networks import peg_judge
from nmlib.networks.agents import tabular_q
from nmlib.train.control import episodes

_TEST = 1_000_003  # the seed of demonstrations that no model is shown


def judge(config: Config, params: Any, model: Any) -> dict[str, np.ndarray]:
  """Returns measures [S] on new demonstrations, and one as it is read.

  `order <mode>`: mean rank correlation with time; `drift <mode>`: mean distance
  from 1 at the goal; `error ahead`, `error back`: mean absolute error of hops of
  all pairs, `.. by size` the mean of those of each of ten sizes.
  """
  rng = np.random.default_rng(_TEST)

  @jax.jit
  def ask(places, hidden):
    one = lambda params, places, hidden: peg_judge.hop(
        params, places, hidden, model, config.world
    )
    return jax.vmap(jax.vmap(one, (None, 0, 0)), (0, None, None))(
        params, places, hidden
    )

  drawn = [
      peg_demonstrations.draw(rng, config.world).places
      for _ in range(config.num_test)
  ]
  lengths = [len(places) for places in drawn]
  last = max(lengths)
  paths = np.stack([np.pad(p, (0, last - len(p)), 'edge') for p in drawn])
  start = np.broadcast_to(paths[:, :1], paths[:, 1:].shape)
  covered = rng.random(paths.shape) < config.hidden
  hops = []
  for before, hidden in (
      (paths[:, :-1], covered[:, :-1]),
      (start, 0 * covered[:, 1:]),
      (np.full_like(start, config.world.goal), 0 * covered[:, 1:]),
  ):
    places = tuple(a.ravel() for a in (start, before, paths[:, 1:]))
    both = np.stack([hidden.ravel(), covered[:, 1:].ravel()], 1)
    hops.append(ask(places, both).reshape(-1, *start.shape))
  found = {}
  for mode, values in progress_anchors.readings(*hops).items():
    order, drift = progress_anchors.scores(values, lengths)
    found |= {f'order {mode}': order, f'drift {mode}': drift}
    found[f'example {mode}'] = np.asarray(values[0, 0, : lengths[0]])
  rows = peg_demonstrations.all_pairs(rng, config.world, config.num_test)
  hidden = rng.random((len(rows.hop), 2)) < config.hidden
  wrong = np.abs(np.asarray(ask(rows[:3], hidden)) - rows.hop)
  for name, sign in (('ahead', 1), ('back', -1)):
    there = sign * rows.hop > 0
    size = np.where(there, np.ceil(10 * np.abs(rows.hop) - 1e-4), 0)
    found[f'error {name}'] = wrong[:, there].mean(1)
    found[f'error {name} by size'] = np.mean(
        [wrong[:, size == s].mean(1) for s in set(size) - {0}], 0
    )
  return found


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
