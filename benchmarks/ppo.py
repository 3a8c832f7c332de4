"""Seconds that PPO takes to a return of the swimmer, beside another library.

  python benchmarks/ppo.py --sb3_python=ENVIRONMENT/bin/python

where the environment has `stable-baselines3`, `dm_control` and
`mujoco>=3.17,<4`. The task is that of `nmlib.environments.swimmer`: six links,
1000 control steps, torques from a perceptron of two layers of 64 units. Both
sides train in 8 worlds, 512 steps of each an update. Ours is `launch.ncap`'s
PPO (80 steps on full batches); theirs is that of Stable-Baselines3 with its own
defaults (10 epochs of batches of 64) and `VecNormalize`, as a user would take
it. After each update both are tested by whole episodes with their best actions,
whose time does not count; compiling counts. Seeds go in turns.
"""

import concurrent.futures
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

Curve = list[tuple[float, float]]  # seconds so far and return, by update


def ours(seed: int, updates: int) -> Curve:
  """Returns seconds, compiling included, and returns after each update."""
  import jax

  from launch.ncap import config as configs
  from launch.ncap import experiment

  stage = experiment.stage(configs.Config(), 'PPO', 'MLP')
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
  curves: dict[str, list[Curve]] = {'ours': []}
  context = multiprocessing.get_context('spawn')
  for seed in range(_SEEDS.value):
    with concurrent.futures.ProcessPoolExecutor(1, context) as pool:
      curves['ours'].append(pool.submit(ours, seed, _UPDATES.value).result())
    if _SB3.value:
      found = theirs(_SB3.value, seed, _UPDATES.value)
      curves.setdefault('Stable-Baselines3', []).append(found)
  print('| | return | seeds | control steps | seconds | over ours |')
  print('|---' * 6 + '|')
  for goal in map(float, _RETURNS.value):
    mine = [reached(curve, goal) for curve in curves['ours']]
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
