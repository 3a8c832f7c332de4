"""A cortex with its cerebellum beside the authors' modules, in turns.

  pip install -e '.[bench]'
  git clone https://github.com/neuralml/ccDNI
  python benchmarks/cc_rnn.py --official=ccDNI

Lines of 10 steps, T = 1, LSTM of 50, cerebellum of 2 x 400 granule cells, a
target every second step, batches of 50: an iteration is 10 windows with their
synthetic gradients, one clipped norm, Adam. Ours trains 3 seeds in one program;
theirs, eager PyTorch in float32, trains one, for its modules hold one network.
Seconds are for each seed. Both start from the same weights and see the same
batches; the squared errors after the iterations are shown first. The authors'
loop needs an ignite that is gone: it is written anew here over their modules.
"""

import pathlib
import sys
from typing import Any

from absl import app
from absl import flags
import alternation

_OFFICIAL = flags.DEFINE_string('official', '', "Folder of the authors' code.")
_ROUNDS = flags.DEFINE_integer('rounds', 5, 'Turns; each times everything.')
_STEPS = flags.DEFINE_integer('steps', 32, 'Iterations a turn: two epochs.')
_SEEDS = 3


def batches(steps: int):
  """Returns inputs [K, B, L, 1] and targets [K, B, L, 2] as NumPy arrays."""
  import numpy as np

  from nmlib.data.tasks import drawing

  rows = np.random.default_rng(0).integers(0, 7, (steps, 50))
  return [np.asarray(a, np.float32)[rows] for a in drawing.all_lines(10)]


def ours(seeds: int, steps: int):
  """Returns a function that trains all seeds from the start."""
  import jax
  import jax.numpy as jnp

  from nmlib.networks import cortico_cerebellar as ccnn

  config = ccnn.Config()
  data = [jnp.asarray(part) for part in batches(steps)]

  def train(params):
    start: Any = ccnn.optimizer(config).init

    def step(carry, batch):
      (params, state), (xs, ys) = carry, batch
      params, state, learnt = ccnn.train_step(params, state, xs, ys, config)
      # Half of the steps have a target; summed over x and y.
      return (params, state), 4 * jnp.mean(learnt.loss)

    return jax.lax.scan(step, (params, start(params)), data)[1][-1]

  params = ccnn.init(jax.random.key(0), config)
  repeated = jax.tree.map(lambda leaf: jnp.stack([leaf] * seeds), params)
  run = jax.jit(jax.vmap(train))
  return lambda: float(run(repeated)[0])


def theirs(folder: str, arrays: dict[str, Any], steps: int):
  """Returns a function that trains one of the authors' networks."""
  import numpy as np
  import torch  # pyrefly: ignore [missing-import]

  source = pathlib.Path(folder, 'src')
  sys.path[:0] = [str(source), str(source / 'model')]
  import dni  # pyrefly: ignore [missing-import]
  import nn_dni  # pyrefly: ignore [missing-import]

  context = torch.autograd.function.FunctionCtx
  if not hasattr(context, 'saved_variables'):  # an old name that they use
    context.saved_variables = property(lambda self: self.saved_tensors)
  inputs, targets = map(torch.tensor, batches(steps))

  def start():
    network = torch.nn.Module()
    network.rnn = nn_dni.RNNdni(
        1, 50, 1, 'LSTM', batch_first=True, dropout=0.0, use_dni=True,
        synth_nlayers=2, synth_nhid=400,
    )  # fmt: skip
    network.linear = torch.nn.Linear(50, 2)
    network.load_state_dict({k: torch.tensor(v) for k, v in arrays.items()})
    return network

  def train():
    network = start()
    parameters = list(network.parameters())
    adam = torch.optim.Adam(parameters, 1e-3, betas=(0.9, 0.98), eps=1e-9)
    total = 0.0
    for xs, ys in zip(inputs, targets, strict=True):
      adam.zero_grad()
      state = torch.zeros(1, 50, 50), torch.zeros(1, 50, 50)
      losses = []
      for t in range(10):
        with dni.defer_backward():
          detached = tuple(part.detach() for part in state)
          out, state = network.rnn(xs[:, t : t + 1], detached)
          if t % 2 == 0:
            answer = network.linear(out)
            loss = torch.nn.functional.mse_loss(answer, ys[:, t : t + 1])
            dni.backward(loss)
            losses.append(loss.item())
      torch.nn.utils.clip_grad_norm_(parameters, 1.0)
      adam.step()
      total = 2 * float(np.mean(losses))  # summed over x and y
    return total

  return train


def main(argv):
  del argv
  import jax

  from nmlib.networks import cortico_cerebellar as ccnn

  steps = _STEPS.value
  contenders: dict[str, Any] = {
      f'ours, {_SEEDS} seeds': (ours, _SEEDS, steps),
      'ours, 1 seed': (ours, 1, steps),
  }
  if _OFFICIAL.value:
    params = ccnn.init(jax.random.key(0), ccnn.Config())
    arrays = ccnn.params_to_official(params, ccnn.Config())
    contenders['official'] = (theirs, _OFFICIAL.value, arrays, steps)
  seconds, errors = alternation.alternate_with_results(
      contenders, _ROUNDS.value
  )
  print(f'squared error in iteration {steps}: {errors}')
  for name, values in seconds.items():
    seeds = _SEEDS if name == f'ours, {_SEEDS} seeds' else 1
    each = [1000 * value / seeds / steps for value in values]
    print(f'{name}: {alternation.spread(each)} ms an iteration and seed')
    if _OFFICIAL.value and name != 'official':
      pairs = zip(seconds['official'], values, strict=True)
      ratio = alternation.spread([a * seeds / b for a, b in pairs])
      print(f'  official / ours: {ratio}')


if __name__ == '__main__':
  app.run(main)
