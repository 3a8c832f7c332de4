"""Seconds that PPO takes to a return of the swimmer, beside another library.

  python benchmarks/ppo.py --sb3_python=ENVIRONMENT/bin/python

where the environment has `stable-baselines3`, `dm_control` and
`mujoco>=3.17,<4`. The task is that of `nmlib.environments.swimmer`: six links,
1000 control steps, torques from a perceptron of two layers of 64 units. Both
sides train in 8 worlds, 512 steps of each an update. Theirs is PPO of
Stable-Baselines3 with its own defaults (10 epochs of batches of 64, actions of
deviation 1 at first) and `VecNormalize`, as a user would take it. Ours is that
of `launch.ncap` as it is (80 steps on full batches, deviation 0.5), and with
as many steps on batches of 64, rates of 1e-3 and deviation 1. After each update
all are tested by whole episodes with their best actions, whose time does not
count; compiling counts. Seeds go in turns.
"""

import concurrent.futures
import dataclasses
import json
import multiprocessing
import pathlib
import subprocess
import time
from typing import Any

from absl import app
from absl import flags
import alternation

_SB3 = flags.DEFINE_string(
    'sb3_python', '', 'Interpreter that has Stable-Baselines3; none: left out.'
)
_SEEDS = flags.DEFINE_integer('seeds', 3, 'Seeds; each is a turn.')
_UPDATES = flags.DEFINE_integer('updates', 75, 'Of 4096 control steps each.')
_RETURNS = flags.DEFINE_list('returns', ['200', '300', '400'], 'To be reached.')

_SCRIPT = str(pathlib.Path(__file__).with_name('ppo_sb3.py'))
_STEPS = 4096  # of an update
_OURS = {'ours, full batches': False, 'ours, small batches': True}

Curve = list[tuple[float, float]]  # seconds so far and return, by update


def ours(small: bool, seed: int, updates: int) -> Curve:
  """Returns seconds, compiling included, and returns after each update."""
  import jax

  from launch.ncap import config as configs
  from launch.ncap import experiment
  from nmlib import train
  from nmlib.environments import swimmer
  from nmlib.networks.agents import heads
  from nmlib.networks.agents import ppo

  config = configs.Config()
  stage = experiment.stage(config, 'PPO', 'MLP')
  if small:
    options, world = config.learning, config.world
    settings = dataclasses.replace(
        options.ppo, iterations=10, batches=64, max_divergence=1e9,
        actor_rate=1e-3, critic_rate=1e-3,
    )  # fmt: skip
    actor = heads.gaussian_policy(world.num_joints, 1.0, hidden=options.hidden)
    critic = heads.critic(hidden=options.hidden)
    stage = train.agent_stage(
        swimmer, ppo.make(actor, critic, settings), name='small',
        loop=options.loop, config=world, max_steps=config.max_steps,
        num_worlds=options.num_worlds, eval_episodes=config.test_episodes,
    )  # fmt: skip
  update: Any = stage.step
  evaluate: Any = stage.evaluate
  start = time.perf_counter()
  state = jax.jit(stage.init)(jax.random.key(seed))
  step = jax.jit(lambda state: update(state, None)[0]).lower(state).compile()
  jax.block_until_ready(state)
  seconds = time.perf_counter() - start
  test = jax.jit(lambda state: evaluate(state, None)['eval/return'])
  curve = []
  for _ in range(updates):
    start = time.perf_counter()
    state = jax.block_until_ready(step(state))
    seconds += time.perf_counter() - start
    curve.append((seconds, float(test(state))))
  return curve


def theirs(python: str, seed: int, updates: int) -> Curve:
  """Returns seconds and returns after each update of Stable-Baselines3."""
  command = [python, '-W', 'ignore', _SCRIPT, str(seed), str(updates)]
  answer = subprocess.run(command, check=True, stdout=subprocess.PIPE)
  return json.loads(answer.stdout.splitlines()[-1])


def reached(curve: Curve, goal: float) -> tuple[float, int] | None:
  """Returns seconds and updates to the first return of at least `goal`."""
  for update, (seconds, found) in enumerate(curve, 1):
    if found >= goal:
      return seconds, update
  return None


def main(argv):
  del argv
  curves: dict[str, list[Curve]] = {name: [] for name in _OURS}
  context = multiprocessing.get_context('spawn')
  for seed in range(_SEEDS.value):
    for name, small in _OURS.items():
      with concurrent.futures.ProcessPoolExecutor(1, context) as pool:
        curve = pool.submit(ours, small, seed, _UPDATES.value).result()
      curves[name].append(curve)
    if _SB3.value:
      found = theirs(_SB3.value, seed, _UPDATES.value)
      curves.setdefault('Stable-Baselines3', []).append(found)
  print(
      '| | return | seeds | control steps | seconds | over our full batches |'
  )
  print('|---' * 6 + '|')
  for goal in map(float, _RETURNS.value):
    mine = [reached(curve, goal) for curve in curves['ours, full batches']]
    for name, made in curves.items():
      hits = [reached(curve, goal) for curve in made]
      there = [hit for hit in hits if hit]
      cells = [name, f'{goal:g}', f'{len(there)} of {len(hits)}']
      if there:
        cells.append(alternation.spread([_STEPS * hit[1] for hit in there]))
        cells.append(alternation.spread([hit[0] for hit in there]))
      pairs = [(a, b) for a, b in zip(hits, mine, strict=True) if a and b]
      ratios = [a[0] / b[0] for a, b in pairs]
      cells.append(alternation.spread(ratios) if ratios else '')
      print('| ' + ' | '.join(cells) + ' |', flush=True)
  for name, made in curves.items():
    rates = [_STEPS * len(curve) / curve[-1][0] for curve in made]
    last = [curve[-1][1] for curve in made]
    print(
        f'{name}: {alternation.spread(rates)} control steps a second; return at'
        f' the end {alternation.spread(last)}'
    )


if __name__ == '__main__':
  app.run(main)
