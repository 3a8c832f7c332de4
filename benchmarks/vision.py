"""Looking into image networks beside PyTorch and captum, in turns.

  python benchmarks/vision.py --torch=env_torch/bin/python
  python benchmarks/vision.py --torch=env_torch/bin/python \\
      --lite0=efficientnet_lite0/model.safetensors

The peer's interpreter has PyTorch (on the CPU) and captum. Both sides have the
same weights: a convolutional network of three layers on 32 x 32 pixels, or
EfficientNet-Lite0 on 224 x 224. Timed are steps of activation maximisation
(batched over images; without denoising), integrated gradients at the first
activation, and the greatest values of each unit over images, as of dissection.
Results must be equal first, in float64: in float32 rounding decides which units
are active, and with them the gradients of single places.
"""

import functools
import pathlib
import sys
import tempfile

from absl import app
from absl import flags
import alternation
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.analysis import attribution
from nmlib.analysis import unit_statistics
from nmlib.analysis.vision import feature_visualization
from nmlib.data import weights
from nmlib.networks import cnn
from nmlib.networks import efficientnet
from nmlib.neurons import sites

_TORCH = flags.DEFINE_string('torch', '', "Python of the peer's environment.")
_LITE0 = flags.DEFINE_string('lite0', '', 'Weights of EfficientNet-Lite0.')
_ROUNDS = flags.DEFINE_integer('rounds', 5, 'Turns; each times everything.')
_SCRIPT = pathlib.Path(__file__).with_name('vision_torch.py')
_TASKS = 'ascent', 'gradients', 'statistics'
_TOP = 15
_CONFIG = cnn.Config(25, (16, 32, 32), (1, 2, 2))


def setting():
  """Returns network, parameters, sites, and sizes of the tasks."""
  if _LITE0.value:
    config = efficientnet.config_from_official({'name': 'efficientnet-lite0'})
    params = efficientnet.params_from_official(
        weights.load(_LITE0.value), config
    )
    network = functools.partial(efficientnet.apply, config=config)
    names = 'conv_post_stem', 'resid_post_10'
    sizes = dict(size=224, images=2, steps=4, points=8, seen=32, batch=8)
  else:
    params = cnn.init(jax.random.key(0), _CONFIG)
    network = functools.partial(cnn.apply, config=_CONFIG)
    names = 'conv_post_0', 'conv_post_2'
    sizes = dict(size=32, images=16, steps=20, points=16, seen=1000, batch=100)
  return network, params, names, sizes


def ours(network, names, sizes):
  """Returns each task as a function of weights and images, of 0..255."""
  early, late = names

  def reader(params):
    return sites.runner(
        lambda x, site: network(params, (x - 127.5) / 64, site=site)
    )

  def ascent(params, images):
    score = lambda image: reader(params)(image, {}, ())[0].logits[0]
    stage = feature_visualization.Stage(sizes['steps'], (1.0, 1.0), None)
    climb = lambda image: feature_visualization.activation_maximization(
        jax.random.key(0), score, image, [stage]
    )
    return jax.vmap(climb)(images).image

  def gradients(params, images):
    return attribution.integrated_gradients(
        reader(params), images[0], early, lambda out: out.logits[0],
        steps=sizes['points'], rule='midpoint', batch_size=sizes['points'],
    ).values  # fmt: skip

  def statistics(params, images):
    read = reader(params)
    greatest = lambda image: read(image, {}, (late,))[1][late].max((0, 1))
    rows = images.reshape(-1, sizes['batch'], *images.shape[1:])
    ids = jnp.arange(len(images)).reshape(len(rows), -1)

    def step(seen, now):
      values = jax.vmap(greatest)(now[0])
      return unit_statistics.update(seen, values, now[1]), None

    units = jax.eval_shape(greatest, images[0]).shape[0]
    empty = unit_statistics.empty(units, top_k=_TOP)
    return jax.lax.scan(step, empty, (rows, ids))[0].top

  tasks = {'ascent': ascent, 'gradients': gradients, 'statistics': statistics}
  return {name: jax.jit(task) for name, task in tasks.items()}


def main(argv):
  del argv
  network, params, names, sizes = setting()
  rng = np.random.default_rng(0)
  shape = sizes['size'], sizes['size'], 3
  images = {
      'ascent': rng.uniform(100, 150, (sizes['images'], *shape)),
      'gradients': rng.uniform(0, 255, (1, *shape)),
      'statistics': rng.uniform(0, 255, (sizes['seen'], *shape)),
  }  # fmt: skip
  images = {task: x.astype(np.float32) for task, x in images.items()}
  with tempfile.TemporaryDirectory() as folder:
    leaves = jax.tree_util.tree_leaves_with_path(params)
    name = functools.partial(jax.tree_util.keystr, simple=True, separator='.')
    arrays = {name(path): leaf for path, leaf in leaves}
    weights.save(f'{folder}/params.npz', arrays)
    weights.save(f'{folder}/images.npz', images)
    sizes |= {'lite0': bool(_LITE0.value), 'top': _TOP}
    weights.save(f'{folder}/sizes.npz', sizes)
    peer = alternation.Peer(_TORCH.value, '-W', 'ignore', _SCRIPT, folder)
    run = ours(network, names, sizes)
    for task in _TASKS:
      given = run[task], params, images[task]
      wanted = pathlib.Path(folder, f'{task}.npy')
      check(task, *given, peer, wanted)
      compare(task, *given, peer)


def check(task, run, params, images, peer, result: pathlib.Path) -> None:
  """Ends the program if both do not find the same in float64."""
  for dtype, most in (('float64', 1e-6), ('float32', np.inf)):
    with jax.enable_x64(dtype == 'float64'):
      cast = functools.partial(jnp.asarray, dtype=dtype)
      wide = jax.tree.map(cast, (params, images))
      found = np.asarray(run(*wide))
    peer.ask(f'{task} {dtype}')
    wanted = np.load(result)
    apart = np.abs(found - wanted) / wanted.std()
    print(
        f'{task}, {dtype}: worst {apart.max():.1e}, median'
        f' {np.median(apart):.1e} of the spread'
    )
    if not apart.max() <= most:
      sys.exit(f'{task}: the peer computes something else.')


def compare(task, run, params, images, peer) -> None:
  """Times both in turns and prints the ratio."""
  mine = lambda: np.asarray(run(params, images))
  theirs = lambda: peer.ask(f'{task} float32')
  taken = alternation.turns({'ours': mine, 'theirs': theirs}, _ROUNDS.value)
  seconds = taken['ours'], taken['theirs']
  ratio = [b / a for a, b in zip(*seconds, strict=True)]
  print(
      f'{task}: ours {alternation.spread(seconds[0])} s, theirs'
      f' {alternation.spread(seconds[1])} s, {alternation.spread(ratio)} times'
  )


if __name__ == '__main__':
  app.run(main)
