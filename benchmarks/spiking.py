"""Training two spiking layers on a CPU beside four libraries, in turns.

  pip install -e '.[bench]' snntorch norse spikingjelly spyx
  python benchmarks/spiking.py
  python benchmarks/spiking.py --threads=1 --cpu_time    # on a busy machine

Timed are forward and backward of cross-entropy on output spike counts, float32,
random inputs with 3 % of spikes, no optimizer: two LIF layers, feed-forward,

  A   batch 64, 100 steps, 700-256-20
  B   batch 16, 500 steps, 64-64-10

Every peer runs as its users would write it; ours runs under that peer's own
conventions (`presets.snntorch.leaky`, ...) from the same weights. Both losses
are shown: the numerics are the same. Each runs in a process of its own, on the
same cores, in turns; ratios are taken within a turn. Peers that are not
installed are left out, and said to be.
"""

import importlib.util
import os
from typing import Any

from absl import app
from absl import flags
import alternation
import numpy as np

_ROUNDS = flags.DEFINE_integer('rounds', 7, 'Turns; each times everything.')
_THREADS = flags.DEFINE_integer('threads', 0, 'Cores for all; 0: all.')
_CPU_TIME = flags.DEFINE_bool(
    'cpu_time', False, 'Time of the processor, not of the wall: busy machines.'
)
_SMALL = flags.DEFINE_bool('small', False, 'Tiny sizes, to try the program.')
_REPEATS = 3  # steps a turn
_BETA = 0.9

# batch, T, inputs, hidden, outputs
_SIZES = {'A': (64, 100, 700, 256, 20), 'B': (16, 500, 64, 64, 10)}
_TINY = {'A': (4, 10, 12, 8, 3)}
_PEERS = ('snntorch', 'norse', 'spikingjelly', 'spyx')


def problem(size):
  """Returns inputs [T, B, I], labels [B] and weights [I, H], [H, O]."""
  batch, length, inputs, hidden, outputs = size
  rng = np.random.default_rng(0)
  spikes = rng.random((length, batch, inputs)) < 0.03
  labels = rng.integers(outputs, size=batch)
  # Scaled by the spikes that arrive, leaning to excitation: both layers fire.
  first = rng.uniform(-1, 1.15, (inputs, hidden)) / (0.03 * inputs) ** 0.5
  second = rng.uniform(-1, 1.15, (hidden, outputs)) / (0.1 * hidden) ** 0.5
  return (
      spikes.astype(np.float32),
      labels,
      first.astype(np.float32),
      second.astype(np.float32),
  )


def ours(peer: str, size):
  """Returns a function that takes steps under a peer's conventions."""
  import jax
  import jax.numpy as jnp
  import optax

  from nmlib.neurons.spiking import current_lif
  from nmlib.neurons.spiking import lif
  from nmlib.neurons.spiking.presets import norse
  from nmlib.neurons.spiking.presets import snntorch
  from nmlib.neurons.spiking.presets import spikingjelly
  from nmlib.neurons.spiking.presets import spyx

  xs, labels, *weights = map(jnp.asarray, problem(size))
  module: Any = current_lif if peer == 'norse' else lif
  make = {
      'snntorch': lambda n: snntorch.leaky(n, beta=_BETA),
      'norse': norse.lif_cell,
      'spikingjelly': lambda n: spikingjelly.lif_node(
          n, tau=1 / (1 - _BETA), decay_input=False
      ),
      'spyx': lambda n: spyx.lif(n, beta=_BETA),
  }[peer]
  layers = [make(n) for n in size[3:]]
  params = [module.init(jax.random.key(0), layer) for layer in layers]

  def loss(weights):
    x = xs
    for layer, param, weight in zip(layers, params, weights, strict=True):
      run = lambda currents, layer=layer, param=param: module.unroll(
          param, module.initial_state(layer), currents, layer
      )[1]
      x = jax.vmap(run, 1, 1)(x @ weight)
    return jnp.mean(
        optax.softmax_cross_entropy_with_integer_labels(jnp.sum(x, 0), labels)
    )

  step = jax.jit(jax.value_and_grad(loss))

  def run():
    found = [jax.block_until_ready(step(weights)) for _ in range(_REPEATS)]
    return float(found[-1][0])

  return run


def theirs(peer: str, size):
  """Returns a function that takes the same steps in another library."""
  return {
      'snntorch': _snntorch,
      'norse': _norse,
      'spikingjelly': _spikingjelly,
      'spyx': _spyx,
  }[peer](size)


def _torch_step(size, outputs_of):
  """Returns a function that takes steps of `outputs_of(xs, linear layers)`."""
  # pyrefly: ignore [missing-import]
  import torch

  torch.set_num_threads(len(os.sched_getaffinity(0)))
  xs, labels, *weights = problem(size)
  linear = []
  for weight in weights:
    layer = torch.nn.Linear(*weight.shape, bias=False)
    layer.weight.data = torch.from_numpy(np.ascontiguousarray(weight.T))
    linear.append(layer)
  inputs, targets = torch.from_numpy(xs), torch.from_numpy(labels)

  def run():
    value = torch.zeros([])
    for _ in range(_REPEATS):
      for layer in linear:
        layer.weight.grad = None
      counts = outputs_of(inputs, linear).sum(0)
      value = torch.nn.functional.cross_entropy(counts, targets)
      value.backward()
    return value.item()

  return run


def _snntorch(size):
  # pyrefly: ignore [missing-import]
  import snntorch

  # pyrefly: ignore [missing-import]
  import torch

  cells = [snntorch.Leaky(beta=_BETA) for _ in size[3:]]

  def outputs(xs, linear):
    membranes = [cell.init_leaky() for cell in cells]
    spikes = []
    for x in xs:
      for i, cell in enumerate(cells):
        x, membranes[i] = cell(linear[i](x), membranes[i])
      spikes.append(x)
    return torch.stack(spikes)

  return _torch_step(size, outputs)


def _norse(size):
  # pyrefly: ignore [missing-import]
  from norse.torch import LIFCell

  # pyrefly: ignore [missing-import]
  import torch

  cells = [LIFCell() for _ in size[3:]]

  def outputs(xs, linear):
    states = [None for _ in cells]
    spikes = []
    for x in xs:
      for i, cell in enumerate(cells):
        x, states[i] = cell(linear[i](x), states[i])
      spikes.append(x)
    return torch.stack(spikes)

  return _torch_step(size, outputs)


def _spikingjelly(size):
  # pyrefly: ignore [missing-import]
  from spikingjelly.activation_based import functional

  # pyrefly: ignore [missing-import]
  from spikingjelly.activation_based import neuron

  cells = [
      neuron.LIFNode(tau=1 / (1 - _BETA), decay_input=False, step_mode='m')
      for _ in size[3:]
  ]

  def outputs(xs, linear):
    for cell, layer in zip(cells, linear, strict=True):
      functional.reset_net(cell)
      xs = cell(layer(xs))
    return xs

  return _torch_step(size, outputs)


def _spyx(size):
  # pyrefly: ignore [missing-import]
  from flax import nnx
  import jax
  import jax.numpy as jnp
  import optax

  # pyrefly: ignore [missing-import]
  import spyx.nn as snn

  xs, labels, *weights = map(jnp.asarray, problem(size))
  rngs = nnx.Rngs(0)
  layers = []
  for weight in weights:
    linear = nnx.Linear(*weight.shape, use_bias=False, rngs=rngs)
    linear.kernel[...] = weight
    layers += [linear, snn.LIF(weight.shape[1:], beta=_BETA, rngs=rngs)]
  graph, state = nnx.split(snn.Sequential(*layers))

  def loss(state):
    outputs, _ = snn.run(nnx.merge(graph, state), xs)
    return jnp.mean(
        optax.softmax_cross_entropy_with_integer_labels(
            jnp.sum(outputs, 0), labels
        )
    )

  step = jax.jit(jax.value_and_grad(loss))

  def run():
    found = [jax.block_until_ready(step(state)) for _ in range(_REPEATS)]
    return float(found[-1][0])

  return run


def main(argv):
  del argv
  cores = sorted(os.sched_getaffinity(0))
  if _THREADS.value:  # before JAX or PyTorch count their threads
    os.sched_setaffinity(0, cores[: _THREADS.value])
  peers = [p for p in _PEERS if importlib.util.find_spec(p)]
  for peer in sorted(set(_PEERS) - set(peers)):
    print(f'{peer} is not installed and is left out.')
  print(f'{len(os.sched_getaffinity(0))} cores; milliseconds a step')
  print('| | peer | theirs | ours | theirs / ours | loss, theirs and ours |')
  print('|---|---|---|---|---|---|')
  for name, size in (_TINY if _SMALL.value else _SIZES).items():
    for peer in peers:
      contenders: dict[str, Any] = {
          'ours': (ours, peer, size),
          'theirs': (theirs, peer, size),
      }
      seconds, losses = alternation.alternate_with_results(
          contenders,
          _ROUNDS.value,
          'process_time' if _CPU_TIME.value else 'perf_counter',
      )
      each = {
          k: [1e3 * s / _REPEATS for s in values]
          for k, values in seconds.items()
      }
      ratio = [a / b for a, b in zip(each['theirs'], each['ours'], strict=True)]
      cells = (
          name,
          peer,
          alternation.spread(each['theirs']),
          alternation.spread(each['ours']),
          alternation.spread(ratio),
          f'{losses["theirs"]:.5f}, {losses["ours"]:.5f}',
      )
      print('| ' + ' | '.join(cells) + ' |', flush=True)


if __name__ == '__main__':
  app.run(main)
