"""The experiment of `launch.multifaceted_viz`."""

import dataclasses
import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from launch.multifaceted_viz import report
from launch.multifaceted_viz.config import Config
from nmlib import train
from nmlib.adapters import scikit_learn
from nmlib.analysis import facets
from nmlib.data import image_folder
from nmlib.data import planted_shapes
from nmlib.data import weights
from nmlib.networks import cnn
from nmlib.networks.vision import efficientnet
from nmlib.networks.vision import resnet

_PUBLISHED: dict[str, tuple[Any, Any]] = {
    'efficientnet': (efficientnet, efficientnet.Config()),
    'resnet': (resnet, resnet.RESNET_50),
}
_SIZE = 224  # pixels a side of a user's images


def experiment(config: Config, run: train.Run) -> train.Report:
  """Finds the facets of classes, and draws what they ask for."""
  scores, judged, skipped = {}, None, {}
  if config.source == 'shapes':
    fitted = {n: train.fit(run, stage(config, n)) for n in ('network', 'judge')}
    scores = {n: f.metric('accuracy') for n, f in fitted.items()}
    params, judged = (f.state.params for f in fitted.values())
    units = jnp.arange(config.num_classes)
    found = run.result('facets', lambda: _planted(config, params))
  else:
    params, images, skipped = load(config)
    units = jnp.array([config.unit])
    only = lambda: _grid([_found(config, params, images, 0)], 1)
    found = run.result('facets', only)
  drawn = {}
  for name, (starts, *how) in _methods(config, found).items():
    run.say(f'images from {name}')
    draw = functools.partial(_draw, config, *how, params, judged, starts, units)
    drawn[name] = run.result(name.replace(' ', '_').replace(',', ''), draw)
  return report.make(config, scores, found, drawn, skipped)


def stage(config: Config, name: str = 'network') -> train.Stage:
  """Returns the training of the 'network', or of the 'judge' of its facets.

  They share neither images nor initial weights; the judge tells the facets of
  all classes apart, the network classes alone.
  """
  judge, read = name == 'judge', reader(config, name)
  kinds, count = (config.num_classes, config.num_facets), config.num_images
  key = jax.random.key(1 + judge)
  seen = planted_shapes.many(key, count + count // 4, *kinds)
  labels = seen.label * kinds[1] + seen.facet if judge else seen.label
  part = lambda rows: train.Examples(seen.image[rows], labels[rows])
  rate = optax.cosine_decay_schedule(config.learning_rate, config.num_steps)
  first = 1000 if judge else 0
  return train.classification(
      lambda params, image: read(params, image).logits,
      part(slice(count, None)), learned=part(slice(count)), name=name,
      init=lambda key: cnn.init(key, config.sizes(name)),
      loop=train.Loop(config.num_steps, config.batch_size),
      optimizer=optax.adam(rate),
      seeds=tuple(range(first, first + config.num_seeds)),
  )  # fmt: skip


@functools.cache
def reader(config: Config, name: str = 'network'):
  """Returns `read(params, image)`, of 0..255, of the network or the 'judge'."""
  if config.source == 'shapes':
    sizes = config.sizes(name)
    return lambda p, x: cnn.apply(p, (x - 127.5) / 64, sizes)
  module, sizes = _PUBLISHED[config.source]
  return lambda p, x: module.apply(p, module.scaled(x), sizes)


def load(config: Config):
  """Returns a user's weights [1, ...], images [N, H, W, 3], those skipped.

  Raises:
    FileNotFoundError: if the weights or the folder are not there.
    ValueError: if either path is missing, or does not hold what it should.
  """
  train.require(config, 'weights', 'images')
  module, sizes = _PUBLISHED[config.source]
  params = module.params_from_official(weights.load(config.weights), sizes)
  seen = image_folder.read(config.images, _SIZE)
  params = jax.tree.map(lambda x: x[None], params)
  return params, seen.images.astype(np.float32), seen.skipped


def _planted(config: Config, params) -> dict[str, np.ndarray]:
  """Returns the facets of each seed's classes, in images of its own [S, C]."""
  rows, kinds = [], (config.num_classes, config.num_facets)
  for seed in range(config.num_seeds):
    key = jax.random.key(100 + seed)
    for seen in planted_shapes.of_each_class(key, config.per_class, *kinds):
      row = _found(config, params, np.asarray(seen.image, np.float32), seed)
      own, facet = row['assignments'], np.asarray(seen.facet)
      right = facets.agreement(own, facet, config.num_facets)
      rows.append(row | right | {'facet': facet})
  return _grid(rows, config.num_seeds)


def _found(config, params, images, seed) -> dict[str, Any]:
  """Returns the facets of one class, by the network of a seed."""
  own = jax.tree.map(lambda leaf: leaf[seed], params)
  codes = np.stack([_code(config, own, image) for image in images])
  clusters = scikit_learn.map_clusters(
      codes, config.num_facets, num_dims=config.num_dims,
      perplexity=config.perplexity, seed=seed,
  )  # fmt: skip
  return facets.find(images, *clusters, config.num_mean)._asdict()


@functools.partial(jax.jit, static_argnums=0)
def _code(config, params, image):
  return reader(config)(params, image).final


def _grid(rows, seeds) -> dict[str, np.ndarray]:
  """Returns rows of seeds and classes, [S, C, ...]."""
  stacked = {key: np.stack([row[key] for row in rows]) for key in rows[0]}
  return {k: v.reshape(seeds, -1, *v.shape[1:]) for k, v in stacked.items()}


def _methods(config: Config, found):
  """Returns starts [S, C, F, H, W, 3], stages and schedule of each method."""
  means, stages = found['means'], config.mean_start
  overall = np.broadcast_to(found['overall'][:, :, None], means.shape)
  noise = np.random.default_rng(0).normal(175, 8, means.shape)
  noise = np.clip(noise, 0, 255).astype(np.float32)
  bare = tuple(dataclasses.replace(s, weight=None) for s in stages)
  return {
      'facet means': (means, stages, 'coded'),
      'facet means, intended': (means, stages, 'intended'),
      'facet means, not denoised': (means, bare, 'coded'),
      'global mean': (overall, stages, 'coded'),
      'random': (noise, stages, 'coded'),
      'random, centre-biased': (noise, config.centre_biased, 'coded'),
  }


@functools.partial(jax.jit, static_argnums=range(3))
def _draw(config, stages, schedule, params, judged, starts, units):
  """Draws images and measures them, [S, C, F, ...]; the judge, if any, too."""

  def one(params, judged, start, key, unit):
    logits = lambda image: reader(config)(params, image).logits
    made = facets.draw(
        key, logits, unit, start, stages, schedule=schedule,
        sweeps=config.sweeps,
    )  # fmt: skip
    if judged is None:
      return made._asdict()
    said = reader(config, 'judge')(judged, made.image).logits
    return made._asdict() | {'judged': jax.nn.softmax(said)}

  keys = jax.random.split(jax.random.key(7), starts.shape[:3])
  of_facets = jax.vmap(one, (None, None, 0, 0, None))
  of_classes = jax.vmap(of_facets, (None, None, 0, 0, 0))
  of_seeds = jax.vmap(of_classes, (0, 0, 0, 0, None))
  return of_seeds(params, judged, starts, keys, units)
