"""BDH on a CPU beside the authors' PyTorch model, in one alternating run.

  pip install -e '.[bench]'
  git clone https://github.com/pathwaycom/bdh
  python benchmarks/bdh.py --official=bdh/bdh.py

Each runs in a process of its own, on the same cores, in turns: a library's
threads that still wait for work would slow the other down. Ratios are taken
within a turn, so that they hold when the machine's speed drifts. Timed are

  train     forward, backward and AdamW on random bytes, dropout 0.1, float32
  generate  192 bytes after a prompt of 64, greedy: the authors' model reads
            the whole prefix again for every byte; with a cache, as forks of it
            decode, it keeps rotated keys and values (the loop is ours, its
            bytes are checked against the authors'); ours carries its state
  context   our seconds a byte after 64, 512 and 2048 bytes: flat, if the work
            does not depend on the position

Beside training stands the bound that matrix products alone set: the model's
FLOPs, L (18 n d + 3 n T + 3 h T d) + 6 V d a token, at the rate of a large
product measured in the same turns.

Without --official ours is timed alone.
"""

import functools
import importlib.util
import os
from typing import Any

from absl import app
from absl import flags
import alternation

_OFFICIAL = flags.DEFINE_string('official', '', "Path of the authors' bdh.py.")
_ROUNDS = flags.DEFINE_integer('rounds', 5, 'Turns; each times everything.')
_THREADS = flags.DEFINE_integer('threads', 0, 'Cores for both; 0: all.')
_SMALL = flags.DEFINE_bool('small', False, 'Tiny sizes, to try the program.')
_VOCABULARY, _HEADS = 256, 4
_STEPS = 4  # of training, a turn

# L, d, n, T, B
_TRAINING = ((6, 64, 2048, 128, 8), (4, 128, 4096, 256, 4))
_TINY = ((2, 16, 256, 32, 2),)


def model_flops(size) -> float:
  """Returns the FLOPs of training on one token."""
  layers, d, n, length, _ = size
  layer = 18 * n * d + 3 * n * length + 3 * _HEADS * length * d
  return layers * layer + 6 * _VOCABULARY * d


def our_training(size):
  """Returns a function that takes training steps and waits for each."""
  import jax
  import jax.numpy as jnp
  import optax

  from nmlib import train
  from nmlib.neurons import bdh

  layers, d, n, length, batch = size
  config = bdh.Config(num_layers=layers, embed_dim=d, num_neurons=n)

  def loss(params, tokens, key):
    return bdh.loss(params, tokens[:-1], tokens[1:], config, key=key), {}

  stage = train.Stage(
      name='training',
      loop=train.Loop(1, batch_size=batch),
      init=functools.partial(bdh.init, config=config),
      loss=loss,
      optimizer=optax.adamw(1e-3, weight_decay=0.1),
  )
  state = stage.initial(jax.random.key(0), None)
  step = jax.jit(stage.advance, donate_argnums=0)
  tokens = jax.random.randint(
      jax.random.key(1), (batch, length + 1), 0, _VOCABULARY, jnp.int32
  )

  def run():
    nonlocal state
    for _ in range(_STEPS):
      state, metrics = step(state, tokens)
      jax.block_until_ready((state, metrics))

  return run


def our_generation(size, prompt_length: int, num_tokens: int):
  """Returns a function that generates; compiled once, on its first call."""
  import jax

  from nmlib.neurons import bdh

  layers, d, n, _, _ = size
  config = bdh.Config(num_layers=layers, embed_dim=d, num_neurons=n)
  params = bdh.init(jax.random.key(0), config)
  prompt = jax.random.randint(
      jax.random.key(1), (prompt_length,), 0, _VOCABULARY
  )
  generate = jax.jit(
      lambda params, prompt: bdh.generate(
          params, prompt, num_tokens, config, temperature=0.0
      )
  )
  return lambda: generate(params, prompt).block_until_ready()


def official_model(path: str, size) -> tuple[Any, Any]:
  """Loads the authors' module from a file; returns torch and a model."""
  import torch  # pyrefly: ignore [missing-import]

  spec = importlib.util.spec_from_file_location('official_bdh', path)
  if spec is None or spec.loader is None or not os.path.exists(path):
    raise app.UsageError(f"--official={path} is not the authors' bdh.py.")
  module = importlib.util.module_from_spec(spec)
  spec.loader.exec_module(module)
  torch.set_num_threads(len(os.sched_getaffinity(0)))
  torch.manual_seed(0)
  layers, d, n, _, _ = size
  config = module.BDHConfig(
      n_layer=layers,
      n_embd=d,
      n_head=_HEADS,
      mlp_internal_dim_multiplier=n // d,
      vocab_size=_VOCABULARY,
  )
  return torch, module.BDH(config)


def official_training(path: str, size):
  """Returns a function that takes steps of the authors' model."""
  torch, model = official_model(path, size)
  optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.1)
  tokens = torch.randint(_VOCABULARY, (size[4], size[3] + 1))
  inputs, targets = tokens[:, :-1].contiguous(), tokens[:, 1:].contiguous()

  def run():
    for _ in range(_STEPS):
      _, loss = model(inputs, targets)
      optimizer.zero_grad(set_to_none=True)
      loss.backward()
      optimizer.step()

  return run


def official_generation(path: str, size, prompt_length: int, num_tokens: int):
  """Returns a function that generates with the authors' model."""
  torch, model = official_model(path, size)
  model.eval()
  prompt = torch.randint(_VOCABULARY, (1, prompt_length))
  return lambda: model.generate(prompt, num_tokens, top_k=1)


def cached_generation(path: str, size, prompt_length: int, num_tokens: int):
  """As `official_generation`, but the model keeps rotated keys and values."""
  torch, model = official_model(path, size)
  model.eval()
  relu, layers = torch.nn.functional.relu, size[0]
  frequencies, length = model.attn.freqs[0], prompt_length + num_tokens
  keys = torch.zeros(layers, _HEADS, length, frequencies.shape[-1])
  values = torch.zeros(layers, length, size[1])

  def read(tokens, start):
    """Reads tokens [T] that follow `start` others; returns the next one."""
    end = start + len(tokens)
    phases = torch.arange(start, end).view(1, -1, 1) * frequencies
    x = model.ln(model.embed(tokens))
    for key, value in zip(keys, values, strict=True):
      sparse = relu(x @ model.encoder)
      key[:, start:end] = model.attn.rope(phases, sparse)
      value[start:end] = x
      scores = (key[:, start:end] @ key[:, :end].mT).tril(start - 1)
      recalled = model.ln(scores @ value[:end])
      fired = sparse * relu(recalled @ model.encoder_v)
      written = fired.transpose(0, 1).reshape(len(tokens), -1) @ model.decoder
      x = model.ln(x + model.ln(written))
    return (x[-1:] @ model.lm_head).argmax(-1)

  prompt = torch.randint(_VOCABULARY, (prompt_length,))

  @torch.no_grad()
  def generate():
    found = [read(prompt, 0)]
    for start in range(prompt_length, length - 1):
      found.append(read(found[-1], start))
    return torch.cat(found)

  same = model.generate(prompt[None], num_tokens, top_k=1)[0, prompt_length:]
  if not torch.equal(same, generate()):
    raise AssertionError("decoding with a cache differs from the authors'.")
  return generate


def product(side: int):
  """Returns a function that multiplies two square float32 matrices."""
  import jax
  import jax.numpy as jnp

  x = jnp.ones((side, side))
  multiply = jax.jit(jnp.matmul)
  return lambda: multiply(x, x).block_until_ready()


def _row(*cells) -> None:
  print('| ' + ' | '.join(cells) + ' |', flush=True)


def main(argv):
  del argv
  cores = sorted(os.sched_getaffinity(0))
  if _THREADS.value:  # before JAX or PyTorch count their threads
    os.sched_setaffinity(0, cores[: _THREADS.value])
  path, rounds = _OFFICIAL.value, _ROUNDS.value
  sizes = _TINY if _SMALL.value else _TRAINING
  side, prompt, new = (256, 8, 8) if _SMALL.value else (2048, 64, 192)
  contexts = (8, 16) if _SMALL.value else (64, 512, 2048)
  print(f'{len(os.sched_getaffinity(0))} cores, {rounds} rounds;')
  print('figures are the median (minimum to maximum) over rounds.\n')

  _row('training', 'ours, tokens/s', 'official', 'ratio', 'products alone')
  _row(*['---'] * 5)
  for size in sizes:
    contenders: dict[str, tuple] = {
        'ours': (our_training, size),
        'product': (product, side),
    }
    if path:
      contenders['official'] = (official_training, path, size)
    seconds = alternation.alternate(contenders, rounds)
    tokens = _STEPS * size[3] * size[4]
    rate = [tokens / s for s in seconds['ours']]
    bound = [2 * side**3 / s / model_flops(size) for s in seconds['product']]
    theirs, ratio = '–', '–'
    if path:
      theirs = alternation.spread([tokens / s for s in seconds['official']])
      pairs = zip(seconds['official'], seconds['ours'], strict=True)
      ratio = alternation.spread([a / b for a, b in pairs])
    name = 'L{} d{} n{} T{} B{}'.format(*size)
    _row(
        name, alternation.spread(rate), theirs, ratio, alternation.spread(bound)
    )

  print()
  _row(f'{new} bytes after {prompt}', 'bytes/s', 'ours / theirs')
  _row(*['---'] * 3)
  size = sizes[0]
  contenders = {'ours': (our_generation, size, prompt, new)}
  if path:
    contenders['official'] = (official_generation, path, size, prompt, new)
    contenders['with a cache'] = (cached_generation, path, size, prompt, new)
  seconds = alternation.alternate(contenders, rounds)
  for name, theirs in seconds.items():
    pairs = zip(theirs, seconds['ours'], strict=True)
    _row(
        f'{name}, ' + 'L{} d{} n{}'.format(*size[:3]),
        alternation.spread([new / s for s in theirs]),
        alternation.spread([a / b for a, b in pairs]),
    )

  print()
  _row('context', 'ours, ms a byte')
  _row('---', '---')
  contenders = {}
  for context in contexts:  # the difference of two lengths leaves decoding
    for extra in (new, 2 * new):
      contenders[f'{context}+{extra}'] = (our_generation, size, context, extra)
  seconds = alternation.alternate(contenders, rounds)
  for context in contexts:
    pairs = zip(
        seconds[f'{context}+{2 * new}'],
        seconds[f'{context}+{new}'],
        strict=True,
    )
    _row(
        str(context),
        alternation.spread([1e3 * (b - a) / new for b, a in pairs]),
    )


if __name__ == '__main__':
  app.run(main)
