"""Many networks of launch.rich_lazy in one program, on a CPU.

  pip install -e '.[bench]'
  git clone https://github.com/Helena-Yuhan-Liu/BioRNN_RichLazy
  python benchmarks/sweep.py --official=BioRNN_RichLazy/main.py

Timed are training steps (forward, backward, SGD with momentum; 32 trials of 8
steps, which are given) of networks of the authors' size: k of ours in one
program, side by side (vmap) or one after another within a step (map), and the
authors' PyTorch network, one at a time as their program does. Each runs in a
process of its own, on the same cores, in turns; a ratio is taken within a turn.
A network takes 10,000 such steps in the paper.

Without --official ours is timed alone.
"""

import ast
import functools
import os
import pathlib
from typing import Any

from absl import app
from absl import flags
import alternation

_OFFICIAL = flags.DEFINE_string('official', '', "Path of the authors' main.py.")
_ROUNDS = flags.DEFINE_integer('rounds', 5, 'Turns; each times everything.')
_THREADS = flags.DEFINE_integer('threads', 0, 'Cores for all; 0: all.')
_UNITS = flags.DEFINE_integer('units', 300, 'Units of a network.')
_COUNTS = flags.DEFINE_list(
    'counts', ['1', '8', '64', '512'], 'Networks in one program.'
)
_TIME, _BATCH, _INPUTS, _OUTPUTS = 8, 32, 3, 3
_RATE, _MOMENTUM = 0.003, 0.9


def ours(count: int, units: int, steps: int, together: bool):
  """Returns a function that takes `steps` steps of `count` networks."""
  import jax
  import jax.numpy as jnp
  import optax

  from nmlib.neurons import rnn

  config = rnn.Config(_INPUTS, units, _OUTPUTS)
  optimizer = optax.sgd(_RATE, momentum=_MOMENTUM)
  keys = jax.random.split(jax.random.key(0), count)
  params = jax.vmap(lambda key: rnn.init(key, config))(keys)
  xs = jax.random.normal(jax.random.key(1), (_BATCH, _TIME, _INPUTS))
  labels = jnp.zeros((_BATCH, _TIME), jnp.int32)

  each = jax.vmap if together else lambda f: functools.partial(jax.lax.map, f)

  def loss(params):
    start = rnn.initial_state(config)
    run = lambda x: rnn.unroll(params, start, x, config, unroll=_TIME)[1].logits
    return jnp.mean(
        optax.softmax_cross_entropy_with_integer_labels(
            jax.vmap(run)(xs), labels
        )
    )

  def update(state, _):
    params, moments = state
    grads = each(jax.grad(loss))(params)
    updates, moments = optimizer.update(grads, moments)
    return (optax.apply_updates(params, updates), moments), None

  train = jax.jit(
      lambda state: jax.lax.scan(update, state, None, steps)[0],
      donate_argnums=0,
  )
  state = params, optimizer.init(params)

  def run():
    nonlocal state
    state = jax.block_until_ready(train(state))

  return run


def official_network(path: str) -> Any:
  """Returns the authors' class `Net`; nothing else of their program runs."""
  # pyrefly: ignore [missing-import]
  import torch

  source = ast.parse(pathlib.Path(path).read_text())
  source.body = [node for node in source.body if isinstance(node, ast.ClassDef)]
  names: dict[str, Any] = {'torch': torch, 'nn': torch.nn}
  exec(compile(source, path, 'exec'), names)  # the user named this file
  return names['Net']


def official(path: str, units: int, steps: int):
  """Returns a function that takes `steps` steps of the authors' network."""
  # pyrefly: ignore [missing-import]
  import torch

  torch.set_num_threads(len(os.sched_getaffinity(0)))
  torch.manual_seed(0)
  network = official_network(path)(_INPUTS, units, _OUTPUTS, dt=100)
  optimizer = torch.optim.SGD(
      network.parameters(), lr=_RATE, momentum=_MOMENTUM
  )
  criterion = torch.nn.CrossEntropyLoss()
  inputs = torch.randn(_TIME, _BATCH, _INPUTS)
  labels = torch.zeros(_TIME * _BATCH, dtype=torch.long)

  def run():
    for _ in range(steps):
      optimizer.zero_grad()
      output, _ = network(inputs)
      criterion(output.view(-1, _OUTPUTS), labels).backward()
      optimizer.step()

  return run


def main(argv):
  del argv
  cores = sorted(os.sched_getaffinity(0))
  if _THREADS.value:  # before JAX or PyTorch count their threads
    os.sched_setaffinity(0, cores[: _THREADS.value])
  units, path = _UNITS.value, _OFFICIAL.value
  counts = [int(count) for count in _COUNTS.value]
  # Each turn of a contender takes about as long: fewer steps of more networks.
  steps = {count: max(1, 128 // count) for count in counts}
  kinds = {
      f'{count} of ours, {"vmap" if together else "map"}': (count, together)
      for count in counts
      for together in ((True, False) if count > 1 else (True,))
  }
  contenders: dict[str, Any] = {
      name: (ours, count, units, steps[count], together)
      for name, (count, together) in kinds.items()
  }
  steps_official = 32
  if path:
    contenders["the authors'"] = (official, path, units, steps_official)
  seconds = alternation.alternate(contenders, _ROUNDS.value)
  rates = {
      name: [count * steps[count] / s for s in seconds[name]]
      for name, (count, _) in kinds.items()
  }
  if path:
    rates["the authors'"] = [
        steps_official / s for s in seconds["the authors'"]
    ]
  single = next(iter(rates.values()))
  print(f'{units} units, {_BATCH} trials of {_TIME} steps, {len(cores)} cores')
  print(
      f'| networks | network steps a second | over {counts[0]} of ours at a'
      " time | over the authors' |\n|---|---|---|---|"
  )
  for name, values in rates.items():
    own = [a / b for a, b in zip(values, single, strict=True)]
    theirs = '–'
    if path:
      peer = rates["the authors'"]
      theirs = alternation.spread(
          [a / b for a, b in zip(values, peer, strict=True)]
      )
    cells = name, alternation.spread(values), alternation.spread(own), theirs
    print('| ' + ' | '.join(cells) + ' |', flush=True)


if __name__ == '__main__':
  app.run(main)
