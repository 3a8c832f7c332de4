"""The experiment of `launch.neuron_path`: a network, paths, what they carry."""

import functools
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from launch.neuron_path import report
from launch.neuron_path.config import Config
from nmlib import train
from nmlib.analysis import neuron_path
from nmlib.data import weights
from nmlib.data.images import image_folder
from nmlib.data.images import shapes
from nmlib.networks import efficientnet
from nmlib.networks import vit
from nmlib.neurons import sites

_SIZE = 32  # pixels of a generated image
# Images of one stored result: what a stopped run loses, some minutes at most.
_PART = {'vit': 100, 'efficientnet-lite0': 1}


class Data(NamedTuple):
  images: Any  # [N, H, W, 3], of 0..255
  labels: Any  # int [N]
  names: tuple[str, ...]
  left_out: str = 'none is skipped'  # files that could not be read


def experiment(config: Config, run: train.Run) -> train.Report:
  """Trains or reads networks, finds paths, edits them."""
  network: Any = config.network
  if config.source == 'shapes':
    data = generated(config)
    trained = train.to_host(train.fit(run, stage(config)).state.params)
    pick = lambda seed: jax.tree.map(lambda leaf: leaf[seed], trained)
    networks = [pick(seed) for seed in range(config.num_seeds)]
  else:
    networks, network, data = read(config)
  run.say(f'{len(data.labels)} images; {data.left_out}')
  paths, exact = programs(network, config)
  found, slow = [], []
  for seed, params in enumerate(networks):
    keys = jax.random.split(jax.random.key(seed), len(data.labels))
    rows = data.images, data.labels, keys
    found.append(_in_parts(config, run, f'paths_{seed}', paths, params, rows))
    if config.num_exact:
      few = [row[: config.num_exact] for row in rows[:2]]
      slow.append(_in_parts(config, run, f'exact_{seed}', exact, params, few))
  stack = lambda *leaves: np.stack(leaves)
  return report.make(
      config, data, jax.tree.map(stack, *found),
      jax.tree.map(stack, *slow) if slow else {},
  )  # fmt: skip


def programs(network: Any, config: Config):
  """Returns two compiled functions, of parameters and images [N, H, W, 3].

  `paths(params, images, labels, keys)` gives the fields of a `Comparison` by
  name, `exact(params, images, labels)` scores of all candidates [N, L, D],
  `fast` as the search finds them, and `exact`.
  """
  options = dict(
      counts=config.counts, steps=config.steps, num_random=config.num_random
  )

  def paths(params, *rows):
    def one(row):
      image, *others = row
      subject, x = _subject(network, params), _scaled(image, network, config)
      return neuron_path.compare(subject, x, *others, **options)._asdict()

    return jax.lax.map(one, rows)

  def exact(params, *rows):
    def one(row):
      x = _scaled(row[0], network, config)
      probe = _subject(network, params).probe(x, row[1])
      return neuron_path.exact_search(probe, steps=config.steps)

    return dict(zip(('fast', 'exact'), jax.lax.map(one, rows), strict=True))

  return jax.jit(paths), jax.jit(exact)


def _in_parts(config, run, name, program, params, rows):
  """Returns what a program finds in all images, stored some at a time."""
  size, total = _PART[config.model], len(rows[0])
  found = []
  for first in range(0, total, size):
    some = [row[first : first + size] for row in rows]
    compute = functools.partial(program, params, *some)
    found.append(run.result(f'{name}_{first}', compute))
    run.say(f'{name}: {min(first + size, total)} of {total} images')
  return jax.tree.map(lambda *parts: np.concatenate(parts), *found)


def stage(config: Config) -> train.Stage:
  """Returns the training of every seed's network on generated shapes."""
  network, loop, data = config.network, config.loop, generated(config)

  def logits(params, image):
    return vit.apply(params, _scaled(image, network, config), network).logits

  rate = optax.schedules.warmup_cosine_decay_schedule(
      0.0, config.learning_rate, max(1, loop.num_steps // 15), loop.num_steps
  )
  held_out = train.Examples(data.images, data.labels)
  return train.classification(
      logits, held_out, metric='validation/accuracy', name='train', loop=loop,
      init=functools.partial(vit.init, config=network),
      optimizer=optax.adamw(rate), data=train.fresh(_example, loop.batch_size),
      example=jax.eval_shape(lambda: _example(jax.random.key(0))),
      seeds=tuple(range(config.num_seeds)), item='image',
  )  # fmt: skip


def generated(config: Config) -> Data:
  """Returns the images whose paths are looked for, none of them trained on."""
  keys = jax.random.split(jax.random.key(2**20), config.num_images)
  images, labels = jax.jit(jax.vmap(_example))(keys)
  return Data(images, labels, tuple(shapes.SHAPES[label] for label in labels))


def read(config: Config):
  """Returns a user's parameters, a list of one, their network, and pictures.

  Raises:
    ValueError: if a path is not given, or a folder names no class.
  """
  train.require(config, 'weights', 'images')
  arrays = weights.load(config.weights)
  network: Any
  if config.model == 'vit':
    bare = config.weights.endswith('.npz')  # whose shapes say the sizes
    official = arrays if bare else weights.described(config.weights)
    network = vit.config_from_official(official)
    size = network.grid[0] * network.patch_size
    params: Any = vit.params_from_official(arrays, network)
  else:
    network = efficientnet.config_from_official({'name': config.model})
    size = network.image_size
    params = efficientnet.params_from_official(arrays, network)
  found = image_folder.read(config.images, size, config.num_images)
  labels = image_folder.classes(found.folders, network.num_classes)
  data = Data(found.images, labels, found.names, found.left_out)
  return [params], network, data


def _scaled(image, network, config):
  """Returns what the network takes of an image of 0..255."""
  x = (image.astype(jnp.float32) - config.mean) / config.deviation
  patches = isinstance(network, vit.Config)
  return vit.patches(x, network.patch_size) if patches else x


def _subject(network, params):
  """Returns what is searched: neurons of the class token, or channels."""
  tokens = isinstance(network, vit.Config)
  apply: Any = vit.apply if tokens else efficientnet.apply
  read = lambda x, site: apply(params, x, network, site=site).logits
  run = sites.runner(read)
  if tokens:
    return neuron_path.token_neurons(run)
  names = [f'resid_post_{i}' for i in range(len(network.blocks))]
  return neuron_path.channels(run, names)


def _example(key):
  first, second = jax.random.split(key)
  factors = shapes.sample(first)
  image = 255 * shapes.render(factors, second, _SIZE).image
  return train.Examples(image, factors.shape)
