"""The experiment of `launch.neuron_path`: a network, paths, what they carry."""

import functools
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from launch.neuron_path import measure
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


class Data(NamedTuple):
  inputs: jax.Array  # [N, ...], as the network takes them
  labels: jax.Array  # int [N]
  shown: np.ndarray  # [N, H, W, 3], in [0, 1]
  names: tuple[str, ...]  # of images, and how many were skipped
  skipped: int = 0


def experiment(config: Config, run: train.Run) -> train.Report:
  """Trains or reads networks, finds paths, edits them."""
  if config.source == 'shapes':
    data = generated(config)
    trained = train.to_host(train.fit(run, stage(config)).state.params)
    pick = lambda seed: jax.tree.map(lambda leaf: leaf[seed], trained)
    networks = [pick(seed) for seed in range(config.num_seeds)]
    subject_of = _vit(config.network)
  else:
    params, subject_of, data = read(config)
    networks = [params]
  run.say(f'{len(data.labels)} images; {data.skipped} could not be read')
  paths, exact = measure.programs(subject_of, config)
  rows = data.inputs, data.labels
  some = [row[: config.num_exact] for row in rows]
  host = functools.partial(jax.tree.map, np.asarray)
  found, slow = [], []
  for seed, params in enumerate(networks):
    keys = jax.random.split(jax.random.key(seed), len(data.labels))
    compute = lambda p=params, k=keys: host(paths(p, *rows, k))
    found.append(run.result(f'paths_{seed}', compute))
    if config.num_exact:
      compute = lambda p=params: host(exact(p, *some))
      slow.append(run.result(f'exact_{seed}', compute))
  stack = lambda *leaves: np.stack(leaves)
  stacked = jax.tree.map(stack, *found)
  return report.make(
      config, data, stacked, jax.tree.map(stack, *slow) if slow else {}
  )


def stage(config: Config) -> train.Stage:
  """Returns the training of every seed's network on generated shapes."""
  network, loop, data = config.network, config.loop, generated(config)
  logits = lambda params, x: vit.apply(params, x, network).logits

  def loss(params, example, key):
    del key
    found = logits(params, example['patches'])
    return train.cross_entropy(found, example['label']), {}

  def evaluate(state, held_out):
    apply = functools.partial(logits, state.params)
    return {'validation/accuracy': train.accuracy(apply, held_out)}

  rate = optax.schedules.warmup_cosine_decay_schedule(
      0.0, config.learning_rate, max(1, loop.num_steps // 15), loop.num_steps
  )
  draw = functools.partial(_example, config)
  return train.Stage(
      name='train', loop=loop, loss=loss,
      init=functools.partial(vit.init, config=network),
      optimizer=optax.adamw(rate), data=train.fresh(draw, loop.batch_size),
      evaluate=evaluate, eval_data=train.Examples(data.inputs, data.labels),
      example=jax.eval_shape(lambda: draw(jax.random.key(0))),
      seeds=tuple(range(config.num_seeds)), item='image',
  )  # fmt: skip


def generated(config: Config) -> Data:
  """Returns the images whose paths are looked for, none of them trained on."""
  keys = jax.random.split(jax.random.key(2**20), config.num_images)
  found = jax.jit(jax.vmap(functools.partial(_example, config)))(keys)
  names = tuple(shapes.SHAPES[int(label)] for label in found['label'])
  return Data(
      found['patches'], found['label'], np.asarray(found['image']), names
  )


def read(config: Config):
  """Returns parameters, what makes a subject of them, and pictures.

  Raises:
    ValueError: if a path is not given, or a folder names no class.
  """
  for field in ('weights', 'images'):
    if not getattr(config, field):
      raise ValueError(
          f"config.{field} must be a path for config.source='folder', got ''"
          ' (nothing is generated in its place).'
      )
  arrays = weights.load(config.weights)
  network: Any
  if config.model == 'vit':
    network = vit.config_from_official(arrays)
    cut = functools.partial(vit.patches, size=network.patch_size)
    size = network.grid[0] * network.patch_size
    params: Any = vit.params_from_official(arrays, network)
    subject_of = _vit(network)
  else:
    cut = lambda image: image
    network = efficientnet.config_from_official({'name': config.model})
    size = network.image_size
    params = efficientnet.params_from_official(arrays, network)
    names = [f'resid_post_{i}' for i in range(len(network.blocks))]
    subject_of = lambda params: neuron_path.channels(
        _runner(efficientnet.apply, params, network), names
    )
  found = image_folder.read(config.images, size, config.num_images)
  x = (jnp.asarray(found.images, jnp.float32) - config.mean) / config.deviation
  x = jax.vmap(cut)(x)
  labels = image_folder.classes(found.folders, network.num_classes)
  return params, subject_of, Data(
      x, jnp.asarray(labels), found.images / 255, found.names,
      len(found.skipped),
  )  # fmt: skip


def _vit(network):
  return lambda params: neuron_path.token_neurons(
      _runner(vit.apply, params, network)
  )


def _runner(apply, params, network):
  """Returns the network of one image as `neuron_path` wants it."""
  logits = lambda x, site: apply(params, x, network, site=site).logits
  return sites.runner(logits)


def _example(config, key):
  first, second = jax.random.split(key)
  factors = shapes.sample(first)
  image = shapes.render(factors, second, _SIZE).image
  x = (255 * image - config.mean) / config.deviation
  patches = vit.patches(x, config.network.patch_size)
  return {'patches': patches, 'label': factors.shape, 'image': image}
