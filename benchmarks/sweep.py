"""Many networks of launch.rich_lazy in one program, on a CPU.

  pip install -e '.[bench]'
  git clone https://github.com/Helena-Yuhan-Liu/BioRNN_RichLazy
  python benchmarks/sweep.py --official=BioRNN_RichLazy/main.py

Timed are training steps (forward, backward, SGD with momentum; 32 trials of 8
steps, which are given) of networks of the authors' size: k of ours in one
program, side by side (vmap), or one after another within a step (in turn) on
one device or on a device a core; and the authors' PyTorch network, one at a
time as their program does. Each runs in a process of its own, on the same
cores, in turns; a ratio is taken within a turn. A network takes 10,000 such
steps in the paper. Beside each rate: the arithmetic of its products a second,
to be held against that of one large product.

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


def ours(count: int, units: int, steps: int, how: str, devices: int):
  """Returns a function that takes `steps` steps of `count` networks."""
  import jax
  import jax.numpy as jnp
  import optax

  from nmlib.neurons.rate import rnn
  from nmlib.neurons.rate import rnn_trials
  from nmlib.train.hosts import mesh as mesh_lib
  from nmlib.train.hosts import sequential

  jax.config.update('jax_num_cpu_devices', devices)
  config = rnn.Config(_INPUTS, units, _OUTPUTS)
  optimizer = optax.sgd(_RATE, momentum=_MOMENTUM)
  xs = jax.random.normal(jax.random.key(1), (_BATCH, _TIME, _INPUTS))
  labels = jnp.zeros((_TIME, _BATCH), jnp.int32)

  def loss(params):
    logits = rnn_trials.unroll(params, xs, config).logits
    return jnp.mean(
        optax.softmax_cross_entropy_with_integer_labels(logits, labels, axis=0)
    )

  gradient = jax.grad(loss)
  if how == 'in turn':
    gradient = sequential.sequential_vmap(gradient)

  def update(state, _):
    params, moments = state
    updates, moments = optimizer.update(jax.vmap(gradient)(params), moments)
    return (optax.apply_updates(params, updates), moments), None

  mesh = mesh_lib.make(mesh_lib.parse(f'replica:{devices}'))
  split = jax.NamedSharding(mesh, jax.P('replica'))

  @functools.partial(jax.jit, out_shardings=split)
  def init():
    keys = jax.random.split(jax.random.key(0), count)
    params = jax.vmap(lambda key: rnn.init(key, config))(keys)
    return params, jax.tree.map(jnp.zeros_like, params)

  @functools.partial(jax.jit, donate_argnums=0, out_shardings=split)
  def train(state):
    params, moments = state
    moments = (optax.TraceState(moments), optax.EmptyState())
    params, moments = jax.lax.scan(update, (params, moments), None, steps)[0]
    return params, moments[0].trace

  with jax.set_mesh(mesh):
    state = init()

  def run():
    nonlocal state
    with jax.set_mesh(mesh):
      state = jax.block_until_ready(train(state))

  return run


def product(size: int):
  """Returns a function that multiplies two matrices: what the machine can."""
  import jax
  import jax.numpy as jnp

  matrix = jnp.ones((size, size))
  multiply = jax.jit(lambda a, b: a @ b)
  return lambda: jax.block_until_ready(multiply(matrix, matrix))


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
  steps = {
      count: max(1, 256 * 90_000 // (units**2 * count)) for count in counts
  }
  kinds = {}
  for count in counts:
    kinds[f'{count} of ours, side by side'] = count, 'side by side', 1
    if count > 1:
      kinds[f'{count} of ours, in turn'] = count, 'in turn', 1
    if count % len(cores) == 0:
      name = f'{count} of ours, in turn on {len(cores)} devices'
      kinds[name] = count, 'in turn', len(cores)
  contenders: dict[str, Any] = {
      name: (ours, count, units, steps[count], how, devices)
      for name, (count, how, devices) in kinds.items()
  }
  contenders['a product of 2048'] = (product, 2048)
  steps_official = 32
  if path:
    contenders["the authors'"] = (official, path, units, steps_official)
  seconds = alternation.alternate(contenders, _ROUNDS.value)
  rates = {
      name: [count * steps[count] / s for s in seconds[name]]
      for name, (count, *_) in kinds.items()
  }
  if path:
    rates["the authors'"] = [
        steps_official / s for s in seconds["the authors'"]
    ]
  single = next(iter(rates.values()))
  peak = [2 * 2048**3 / s / 1e9 for s in seconds['a product of 2048']]
  # Of the first step's recurrent products, with a state of 0, none counts.
  recurrent = 3 * (_TIME - 1) * units
  work = recurrent + _TIME * (2 * _INPUTS + 3 * _OUTPUTS)
  work *= 2 * units * _BATCH
  print(
      f'{units} units, {_BATCH} trials of {_TIME} steps, {len(cores)} cores; a'
      f' step has {work / 1e6:.0f} MFLOP of products; a product of [2048, 2048]'
      f' runs at {alternation.spread(peak)} GFLOP/s'
  )
  print(
      '| networks | network steps a second | GFLOP/s |'
      f" over {counts[0]} of ours | over the authors' |\n|---|---|---|---|---|"
  )
  for name, values in rates.items():
    own = [a / b for a, b in zip(values, single, strict=True)]
    theirs = '–'
    if path:
      peer = rates["the authors'"]
      theirs = alternation.spread(
          [a / b for a, b in zip(values, peer, strict=True)]
      )
    arithmetic = alternation.spread([work * v / 1e9 for v in values])
    cells = name, alternation.spread(values), arithmetic
    cells += alternation.spread(own), theirs
    print('| ' + ' | '.join(cells) + ' |', flush=True)


if __name__ == '__main__':
  app.run(main)
