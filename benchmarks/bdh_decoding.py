"""BDH's decoding with the active neurons alone beside dense decoding.

  pip install -e '.[launch]'
  python -m launch.bdh --workdir=runs/bdh
  python benchmarks/bdh_decoding.py --trained=runs/bdh

Both are ours, run in one process in turns: the same text from the same weights,
the first seed of a trained model. Capacities are what shares of the (layer,
token) of a text need, a file of the Python library. Ratios are taken within a
turn. Times are the processor's, of all threads, which other programs on the
machine hardly change.

The models of --sizes are synthetic: random weights, with the columns of D_x of
some neurons set to 0, so that these never fire and the rest do half of the
time. That says what a given activity would be worth, not that training reaches
it. With several --active, a line says below which share sparse decoding is the
faster one at a size; on 2 quiet cores this takes less than 6 minutes:

  python benchmarks/bdh_decoding.py --active=0.02,0.05,0.1,0.2 --shares=1 \\
    --sizes=3x64x2048,2x128x8192,2x256x16384,2x256x32768 --tokens=16 --rounds=5
"""

import itertools
import json
import pathlib
import textwrap
import time

from absl import app
from absl import flags
import alternation
from etils import epath
import jax
import jax.numpy as jnp
import numpy as np

from launch.bdh import experiment
from launch.bdh.config import PRESETS
from nmlib import train
from nmlib.neurons import bdh
from nmlib.train import options

_TRAINED = flags.DEFINE_string('trained', '', 'A workdir of launch.bdh.')
_SIZES = flags.DEFINE_list(
    'sizes', ['3x64x2048'], 'Synthetic models: layers x d x n of each.'
)
_ACTIVE = flags.DEFINE_list(
    'active', ['0.05', '0.2'], 'Their shares of active neurons.'
)
_ROUNDS = flags.DEFINE_integer('rounds', 7, 'Turns; each times everything.')
_TOKENS = flags.DEFINE_integer('tokens', 256, 'How many bytes to add.')
_SHARES = flags.DEFINE_list(
    'shares', ['0.1', '1'], 'Of (layer, token) that fit into one pass.'
)


def trained(workdir: str):
  """Returns the first seed's parameters and their config."""
  run = train.Run(epath.Path(workdir))
  stored = json.loads((run.workdir / 'config.json').read_text())
  config = options.from_plain(PRESETS['small'], stored['config'])
  state = train.restore(run, experiment.stage(config))[1]
  return experiment.first_seed(train.to_host(state.params)), config.model


def synthetic(size: str, active: float):
  """Returns parameters of which this share of neurons is active, a config."""
  layers, d, n = (int(part) for part in size.split('x'))
  config = bdh.Config(num_layers=layers, embed_dim=d, num_neurons=n)
  params = bdh.init(jax.random.key(0), config)
  shape = params.encoder.shape[::2]
  alive = jax.random.uniform(jax.random.key(1), shape) < 2 * active
  return params._replace(encoder=params.encoder * alive[:, None]), config


def compare(
    name: str, params: bdh.Params, config: bdh.Config
) -> tuple[float, float]:
  """Prints a row for each capacity.

  Returns:
    The share of x that is active, and the median of dense / sparse at the
    largest of --shares.
  """
  text = pathlib.Path(textwrap.__file__).read_bytes()[:1024]
  text = jnp.array(list(text), jnp.int32)
  run = jax.jit(bdh.apply, static_argnames=('config', 'capture'))
  names = ('x_active', 'y_active')
  found = run(params, text, config=config, capture=names).captured
  x, y = (float(jnp.mean(found[key])) for key in names)
  state = bdh.apply(params, text[:64], config).state

  def decode(capacity):
    tokens = bdh.generate(
        params, text[64:65], _TOKENS.value, config, top_k=3, state=state,
        key=jax.random.key(0), capacity=capacity,
    )  # fmt: skip
    return np.asarray(tokens)

  capacities = {
      share: bdh.sufficient_capacity(params, text, config, share)
      for share in map(float, _SHARES.value)
  }
  expected = decode(None)
  same = {share: decode(size) for share, size in capacities.items()}
  seconds = {key: [] for key in (0.0, *capacities)}  # 0: dense
  for _ in range(_ROUNDS.value):
    for key, times in seconds.items():
      begin = time.process_time()
      decode(capacities.get(key))
      times.append(time.process_time() - begin)
  milliseconds = lambda key: alternation.spread(
      [1e3 * s / _TOKENS.value for s in seconds[key]]
  )
  ratios = {
      share: np.divide(seconds[0.0], seconds[share]) for share in capacities
  }
  for share, size in capacities.items():
    agree = np.mean(same[share] == expected)
    print(
        f'| {name} | {x:.3f}, {y:.3f} |'
        f' {size} of {config.neurons_per_head} ({share})'
        f' | {milliseconds(0.0)} | {milliseconds(share)} |'
        f' {alternation.spread(ratios[share])} | {agree:.2f} |',
        flush=True,
    )
  return x, float(np.median(ratios[max(capacities)]))


def crossing(points: list[tuple[float, float]]) -> str:
  """Says where dense / sparse is 1, on lines between (active x, ratio)."""
  points = sorted(points)
  for (x, a), (next_x, b) in itertools.pairwise(points):
    if (a - 1) * (b - 1) <= 0 and a != b:
      share = np.log(a) / np.log(a / b)
      at = np.exp(np.log(x) + share * np.log(next_x / x))
      return (
          f'sparse is the faster {"below" if a > b else "above"} x = {at:.3f}'
      )
  which, (first, *_, last) = 'dense', (x for x, _ in points)
  if points[0][1] > 1:
    which = 'sparse'
  return f'{which} is the faster from x = {first:.3f} to {last:.3f}'


def main(argv):
  del argv
  print(
      '| model | active x, y | capacity (share) | dense, CPU ms a byte |'
      ' sparse | dense / sparse | same bytes |'
  )
  print('|' + ' --- |' * 7)
  if _TRAINED.value:
    compare(_TRAINED.value, *trained(_TRAINED.value))
  found = {
      size: [
          compare(f'{size} synthetic', *synthetic(size, float(active)))
          for active in _ACTIVE.value
      ]
      for size in _SIZES.value
  }
  for size, points in found.items():
    if len(points) > 1:
      print(f'{size}: {crossing(points)}')


if __name__ == '__main__':
  app.run(main)
