"""Pre-synaptic pool modification beside the authors' compiled C, in turns.

  git clone https://github.com/blakebordelon/Spiking-Neural-Network-Optimization
  python benchmarks/pspm.py \\
      --official=Spiking-Neural-Network-Optimization/spikesMatchOptInputFixed.c

A loop of learning at the authors' size, 400 neurons and 5000 steps, with the
control network: simulate, pair, change the weights. Theirs is compiled by gcc
with -O2 and uses one core; it is run for 5 and for 15 loops, whose difference
is ten loops without what comes before and after them. Both draw weights, noise
and targets of their own: spikes are shown first.
"""

import dataclasses
import os
import pathlib
import re
import subprocess
import tempfile
from typing import Any

from absl import app
from absl import flags
import alternation

_OFFICIAL = flags.DEFINE_string('official', '', "Path of the authors' C file.")
_ROUNDS = flags.DEFINE_integer('rounds', 3, 'Turns; each times everything.')
_LOOPS = 5, 15  # of theirs
_COUNT = _LOOPS[1] - _LOOPS[0]


def ours():
  """Returns a function that takes loops from the start; spikes at first."""
  import jax

  from launch.pspm import config as configs
  from launch.pspm import experiment

  paper = configs.PRESETS['paper']
  config = dataclasses.replace(paper, num_seeds=1)
  trial = experiment.all_trials(config, 'uniform')
  stage = experiment.stage(config, 'uniform', 'learned', trial)
  state = jax.vmap(stage.init)(jax.random.split(jax.random.key(0), 1), trial)
  step: Any = stage.step
  loop = lambda state, _: jax.vmap(lambda s: step(s, None))(state)
  run = jax.jit(lambda state: jax.lax.scan(loop, state, length=_COUNT))

  def once() -> float:
    return float(jax.block_until_ready(run(state))[1]['spikes'].mean())

  return once


def theirs(path: str, loops: int):
  """Returns a function that runs their program; spikes at first."""
  folder = tempfile.mkdtemp()
  source = pathlib.Path(path).read_text()
  source, found = re.subn(
      r'int maxLoopCount = \d+', f'int maxLoopCount = {loops}', source
  )
  if found != 1:
    raise ValueError(f'{path} does not say maxLoopCount once.')
  program = pathlib.Path(folder, 'pspm')
  program.with_suffix('.c').write_text(source)
  subprocess.run(
      ['gcc', '-O2', '-w', f'{program}.c', '-o', program, '-lm'], check=True
  )

  def once() -> float:
    ended = subprocess.run(
        [program], cwd=folder, check=True, capture_output=True, text=True,
        env={'PATH': os.environ['PATH']},
    )  # fmt: skip
    return float(re.findall(r'optSpikes: (\d+)', ended.stdout)[-1])

  return once


def main(argv):
  del argv
  contenders: dict[str, Any] = {'ours': (ours,)}
  if _OFFICIAL.value:
    for loops in _LOOPS:
      contenders[f'C, {loops} loops'] = theirs, _OFFICIAL.value, loops
  seconds, spikes = alternation.alternate_with_results(
      contenders, _ROUNDS.value
  )
  print(f'spikes of the network that learns: {spikes}')
  mine = [value / _COUNT for value in seconds['ours']]
  print(f'ours: {alternation.spread(mine)} s a loop')
  if _OFFICIAL.value:
    few, many = (seconds[f'C, {loops} loops'] for loops in _LOOPS)
    their = [(b - a) / _COUNT for a, b in zip(few, many, strict=True)]
    print(f'C: {alternation.spread(their)} s a loop')
    ratio = [a / b for a, b in zip(their, mine, strict=True)]
    print(f'  C / ours: {alternation.spread(ratio)}')


if __name__ == '__main__':
  app.run(main)
