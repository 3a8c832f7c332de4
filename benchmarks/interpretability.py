"""Patching beside TransformerLens, nnsight and PyTorch hooks, in turns.

  python benchmarks/interpretability.py --size=small \\
      --transformer_lens=env_tl/bin/python --nnsight=env_nn/bin/python \\
      --hooks=env_tl/bin/python --captum=env_captum/bin/python

Peers run by interpreters of their own (PyTorch on the CPU; nnsight and hooks
take transformers' GPT-2), on the same random weights of GPT-2's architecture.
Every head's output is put from corrupt into clean prompts, all positions; what
is timed is the sweep from prompts to logit differences [heads, prompts], which
must agree to 1e-4 of their spread. Then integrated gradients of the first
layer's hidden units beside captum; and what captures cost a plain forward pass,
in memory as the compiler counts it and in time.
"""

import functools
import pathlib
import sys
import tempfile
from typing import Any

from absl import app
from absl import flags
import alternation
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.analysis import attribution
from nmlib.analysis import patching
from nmlib.data import weights
from nmlib.networks import gpt2
from nmlib.networks import transformer
from nmlib.neurons import sites

_PEERS = 'transformer_lens', 'nnsight', 'hooks', 'captum'
for _name in _PEERS:
  flags.DEFINE_string(_name, '', f'Python of an environment for {_name}.')
_SIZE = flags.DEFINE_enum(
    'size', 'small', ['small', 'pair', 'gpt2'], 'Of the task.'
)
_ROUNDS = flags.DEFINE_integer('rounds', 5, 'Turns; each times everything.')
_SCRIPT = pathlib.Path(__file__).with_name('interpretability_torch.py')
_STEPS = 16  # of integrated gradients

_SIZES = {  # config, prompts, tokens
    'small': (transformer.Config(1000, 4, 128, 4, max_length=32), 16, 32),
    'pair': (transformer.Config(1000, 4, 128, 4, max_length=32), 1, 16),
    'gpt2': (transformer.Config(50257, 12, 768, 12), 2, 12),
}


def patch_heads(params, clean, corrupt, config):
  """Returns logit differences [L H, B]; layers below a patch run once."""

  def network(tokens, site, **options):
    return transformer.apply(
        params, tokens, config, site=site, positions=jnp.array([-1]), **options
    )

  def look(tokens, site):
    run = functools.partial(network, tokens)
    return sites.run(lambda site: run(site=site), capture=(site,))[1][site]

  def run_above(layer):
    def above(resid, site):
      start = transformer.Start(layer, resid)
      return network(clean[0], site, start=start)

    return lambda resid, edits, capture: sites.run(
        above, resid, edits=edits, capture=capture
    )

  below = jax.vmap(lambda x: look(x, 'resid_pre'))(clean)
  values = jax.vmap(lambda x: look(x, 'z'))(corrupt)
  heads = patching.one_at_a_time(values.shape[2:], (1,))
  metric = lambda out, _: out.logits[-1, 0] - out.logits[-1, 1]
  found = patching.layer_sweep(
      run_above, below, 'z', heads, values, metric, jnp.zeros(len(clean)),
      batch_size=len(heads),
  )  # fmt: skip
  return found.reshape(-1, len(clean))


def attribute(params, clean, config):
  """Returns integrated gradients [T, m] of layer 0's units, first prompt."""

  def run(tokens, edits, capture):
    def network(tokens, site):
      return transformer.apply(
          params, tokens, config, site=site, positions=jnp.array([-1])
      )

    return sites.run(network, tokens, edits=edits, capture=capture)

  metric = lambda out: out.logits[-1, 0] - out.logits[-1, 1]
  found = attribution.integrated_gradients(
      run, clean[0], 'mlp_post/0', metric, steps=_STEPS, rule='midpoint',
      batch_size=_STEPS,
  )  # fmt: skip
  return found.values


class Peer:
  """A peer, and what it found last."""

  def __init__(self, name: str, python: str, folder: str):
    self._result = pathlib.Path(folder, f'{name}.npy')
    command = python, '-W', 'ignore', _SCRIPT, name, folder
    self._process = alternation.Peer(*command)
    self.peak = 0  # MiB, of the process so far

  def __call__(self) -> np.ndarray:
    self.peak = int(self._process.ask())
    return np.load(self._result)


def main(argv):
  del argv
  config, size, length = _SIZES[_SIZE.value]
  params = transformer.init(jax.random.key(0), config)
  params = jax.tree.map(lambda leaf: 2 * leaf, params)  # that heads differ
  rng = np.random.default_rng(0)
  clean, corrupt = rng.integers(config.vocab_size, size=(2, size, length))
  with tempfile.TemporaryDirectory() as folder:
    weights.save(
        pathlib.Path(folder, 'weights.npz'),
        gpt2.params_to_official(params, config),
    )
    np.savez(
        pathlib.Path(folder, 'task.npz'), clean=clean, corrupt=corrupt,
        heads=config.num_heads, steps=_STEPS, max_length=config.max_length,
        epsilon=config.epsilon,
    )  # fmt: skip
    patch = jax.jit(functools.partial(patch_heads, config=config))
    ig = jax.jit(functools.partial(attribute, config=config))
    host = lambda function, *rows: lambda: np.asarray(function(params, *rows))
    contenders = {'ours': host(patch, clean, corrupt)}
    ours_ig = host(ig, clean)
    for name in _PEERS:
      python = flags.FLAGS[name].value
      if python:
        contenders[name] = Peer(name, python, folder)
    if 'captum' in contenders:
      contenders['ours, gradients'] = ours_ig
    report(contenders)
    captures(params, clean, config)


def captures(params, clean, config) -> None:
  """Prints what a forward pass costs that keeps one site, or all."""

  def forward(names):
    def one(tokens):
      network = functools.partial(transformer.apply, params, config=config)
      out, seen = sites.run(network, tokens, capture=names)
      return out.logits, seen

    return jax.jit(jax.vmap(one)).lower(clean).compile()

  every = (
      'resid_pre',
      'resid_mid',
      'resid_post',
      'q',
      'k',
      'v',
      'scores',
      'pattern',
      'z',
      'attn_out',
      'mlp_pre',
      'mlp_post',
      'mlp_out',
  )
  kinds = {'none': (), 'resid_post': ('resid_post',), 'all': every}
  compiled = {name: forward(names) for name, names in kinds.items()}
  once = lambda run: lambda: jax.block_until_ready(run(clean))
  seconds = alternation.turns(
      {name: once(run) for name, run in compiled.items()}, _ROUNDS.value
  )
  for name, run in compiled.items():
    used: Any = run.memory_analysis()
    size = (used.temp_size_in_bytes + used.output_size_in_bytes) / 2**20
    pairs = zip(seconds[name], seconds['none'], strict=True)
    ratio = alternation.spread([a / b for a, b in pairs])
    print(f'captures {name}: {size:.1f} MiB, {ratio} times the plain time')


def report(contenders) -> None:
  """Times all in turns and prints ratios; results must be equal first."""
  results = {name: run() for name, run in contenders.items()}
  for name, found in results.items():
    wanted = results['ours, gradients' if name == 'captum' else 'ours']
    if name.startswith('ours'):
      continue
    apart = np.abs(found - wanted).max() / wanted.std()
    print(f'{name}: differs by {apart:.1e} of the spread')
    if apart > (1e-4 if name != 'captum' else 1e-2):  # float32, 16 sums
      sys.exit(f'{name} computes something else.')
  seconds = alternation.turns(contenders, _ROUNDS.value)
  for name, mine in seconds.items():
    run = contenders[name]
    base = seconds['ours, gradients' if name == 'captum' else 'ours']
    ratio = [a / b for a, b in zip(mine, base, strict=True)]
    print(
        f'{_SIZE.value}, {name}: {alternation.spread(mine)} s; ours is'
        f' {alternation.spread(ratio)} times as fast'
        + (f'; peak {run.peak} MiB' if isinstance(run, Peer) else '')
    )


if __name__ == '__main__':
  app.run(main)
