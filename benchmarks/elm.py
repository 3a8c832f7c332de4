"""ELM's training step on a CPU beside the authors' PyTorch code.

  pip install -e '.[bench]'
  git clone https://github.com/AaronSpieler/elmneuron
  python benchmarks/elm.py --official=elmneuron

Branch-ELM of NeuronIO (1278 inputs, 45 branches of 100 synapses, 20 memory
units): forward, backward and Adam on random spikes, float32. The authors' code
is TorchScript as they publish it, and eager with PYTORCH_JIT=0. Each runs in a
process of its own, in turns; figures are seconds a step, the median (minimum
to maximum) over turns, and ratios are taken within a turn. Without --official
ours is timed alone.
"""

import os
import sys
import types

from absl import app
from absl import flags
import alternation

_OFFICIAL = flags.DEFINE_string('official', '', "Folder of the authors' code.")
_ROUNDS = flags.DEFINE_integer('rounds', 5, 'Turns; each times everything.')
_SMALL = flags.DEFINE_bool('small', False, 'Tiny sizes, to try the program.')
_SIZES = flags.DEFINE_list(
    'sizes', '8x500,32x500,1x1000,1x4000,1x16000', 'Batch x steps.'
)
_EAGER = flags.DEFINE_bool('eager', True, 'Time the authors without script.')
_INPUTS, _BRANCHES, _SYNAPSES, _MEMORY = 1278, 45, 100, 20
_SPIKE_RATE = 0.003  # about NeuronIO's, a synapse and ms


def ours(batch: int, length: int, method: str):
  """Returns a function that takes one training step and waits for it."""
  import jax
  import jax.numpy as jnp
  import optax

  from nmlib.neurons import elm

  config = elm.Config(
      num_inputs=_INPUTS,
      num_outputs=2,
      num_memory=_MEMORY,
      num_branches=_BRANCHES,
      synapses_per_branch=_SYNAPSES,
      routing='neuronio',
      tau_max=150.0,
  )
  optimizer = optax.adam(5e-4)
  key = jax.random.key(0)
  shape = (batch, length)
  xs = (jax.random.uniform(key, (*shape, _INPUTS)) < _SPIKE_RATE) * 1.0
  spikes, voltage = jnp.zeros(shape), jax.random.normal(key, shape)

  def loss(params):
    run = lambda x: elm.unroll(
        params,
        elm.initial_state(config),
        x,
        config,
        method=method,
    )[1]
    y = jax.vmap(run)(xs)
    cross_entropy = optax.sigmoid_binary_cross_entropy(y[..., 0], spikes)
    return 0.5 * cross_entropy.mean() + 0.5 * jnp.mean(
        (y[..., 1] - voltage) ** 2
    )

  @jax.jit
  def step(params, state):
    updates, state = optimizer.update(jax.grad(loss)(params), state)
    return optax.apply_updates(params, updates), state

  params = elm.init(key, config)
  state = optimizer.init(params)

  def run():
    nonlocal params, state
    params, state = jax.block_until_ready(step(params, state))

  return run


def official(folder: str, batch: int, length: int, scripted: bool):
  """Returns a function that takes one step of the authors' first version."""
  os.environ['PYTORCH_JIT'] = str(int(scripted))  # read when torch is imported
  import torch  # pyrefly: ignore [missing-import]

  sys.path.insert(0, folder)
  # The model takes one number from a module that imports plotting packages.
  data = types.ModuleType('src.neuronio.neuronio_data_utils')
  vars(data)['DEFAULT_Y_TRAIN_SOMA_SCALE'] = 0.1
  sys.modules[data.__name__] = data
  # pyrefly: ignore [missing-import]
  from src.expressive_leaky_memory_neuron import ELM

  torch.set_num_threads(len(os.sched_getaffinity(0)))
  model = ELM(
      _INPUTS,
      2,
      num_memory=_MEMORY,
      memory_tau_max=150.0,
      num_branch=_BRANCHES,
      num_synapse_per_branch=_SYNAPSES,
      input_to_synapse_routing='neuronio_routing',
  )
  trained = [p for p in model.parameters() if p.requires_grad]
  optimizer = torch.optim.Adam(trained, lr=5e-4)
  xs = (torch.rand(batch, length, _INPUTS) < _SPIKE_RATE).float()
  spikes, voltage = torch.zeros(batch, length), torch.randn(batch, length)
  cross_entropy = torch.nn.BCEWithLogitsLoss()

  def run():
    optimizer.zero_grad()
    y = model(xs)
    loss = 0.5 * cross_entropy(y[..., 0], spikes)
    loss = loss + 0.5 * torch.mean((y[..., 1] - voltage) ** 2)
    loss.backward()
    optimizer.step()

  return run


def main(argv):
  del argv
  folder = _OFFICIAL.value
  if folder and not os.path.isdir(os.path.join(folder, 'src')):
    raise app.UsageError(f"--official={folder} is not the authors' folder.")
  print(f'{len(os.sched_getaffinity(0))} cores, {_ROUNDS.value} rounds\n')
  names = ('scan', 'newton', 'scripted', 'eager', 'scripted / scan')
  print('| B x T | ' + ' | '.join(names) + ' |')
  print('| --- ' * (len(names) + 1) + '|', flush=True)
  for size in ['2x20'] if _SMALL.value else _SIZES.value:
    batch, length = (int(n) for n in size.split('x'))
    contenders: dict[str, tuple] = {
        method: (ours, batch, length, method) for method in ('scan', 'newton')
    }
    if folder:
      contenders['scripted'] = (official, folder, batch, length, True)
      if _EAGER.value:
        contenders['eager'] = (official, folder, batch, length, False)
    seconds = alternation.alternate(contenders, _ROUNDS.value)
    cells = [
        alternation.spread(seconds[n]) if n in seconds else '–'
        for n in names[:4]
    ]
    ratio = '–'
    if folder:
      pairs = zip(seconds['scripted'], seconds['scan'], strict=True)
      ratio = alternation.spread([theirs / mine for theirs, mine in pairs])
    print('| ' + ' | '.join([size, *cells, ratio]) + ' |', flush=True)


if __name__ == '__main__':
  app.run(main)
