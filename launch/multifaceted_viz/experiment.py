"""The experiment of `launch.multifaceted_viz`."""

import dataclasses
import functools
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from launch.multifaceted_viz import facets
from launch.multifaceted_viz import networks
from launch.multifaceted_viz import report
from launch.multifaceted_viz.config import Config
from nmlib import train
from nmlib.analysis import clustering
from nmlib.data.images import shapes
from nmlib.networks import cnn

_SIZE = 32  # pixels a side
_CHUNK = 120  # images drawn at once


class Pictures(NamedTuple):
  """N images of planted facets."""

  images: jax.Array  # uint8 [N, H, W, 3]
  label: jax.Array  # int [N], the class
  facet: jax.Array  # int [N], in the class


def experiment(config: Config, run: train.Run) -> train.Report:
  """Finds the facets of classes, and draws what they ask for."""
  scores, judge, skipped = {}, None, {}
  if config.source == 'shapes':
    fitted = {n: train.fit(run, stage(config, n)) for n in ('network', 'judge')}
    scores = {n: f.metric('accuracy') for n, f in fitted.items()}
    params, judged = (f.state.params for f in fitted.values())
    judge = networks.shapes(_judge(config)), judged
    read, units = _network(config), jnp.arange(config.num_classes)
    found = run.result('facets', lambda: _planted(config, params))
  else:
    read, units = networks.users(config.source), jnp.array([config.unit])
    params, seen = networks.load(config)
    skipped, params = seen.skipped, jax.tree.map(lambda x: x[None], params)
    images = seen.images.astype(np.float32)
    found = run.result('facets', lambda: _grid([_found(
        config, params, images, 0)], 1))  # fmt: skip
  drawn = {}
  for name, method in _methods(config, found).items():
    run.say(f'images from {name}')
    draw = functools.partial(
        facets.draw, read, judge, params, units, *method, config.sweeps
    )
    drawn[name] = run.result(name.replace(' ', '_').replace(',', ''), draw)
  return report.make(config, scores, found, drawn, skipped)


def pictures(key: jax.Array, count: int, config: Config) -> Pictures:
  """Draws images of planted facets, each large and about the middle."""
  size = min(_CHUNK, config.num_images)
  keys = jax.random.split(key, -(-count // size) * size).reshape(-1, size)
  kinds = config.num_classes, config.num_facets
  drawn = [_pictures(some, *kinds) for some in keys]
  return jax.tree.map(lambda *x: jnp.concatenate(x)[:count], *drawn)


@functools.partial(jax.jit, static_argnums=(1, 2))
def _pictures(keys, num_classes, num_facets) -> Pictures:
  def one(key):
    first, second = jax.random.split(key)
    planted = shapes.sample_planted(first, num_classes, num_facets)
    # The upper left quadrant of a larger image.
    zero = jnp.int32(0)
    factors = planted.factors._replace(place=zero, texture=zero)
    image = shapes.render(factors, second, _SIZE * 7 // 4).image
    bytes_ = jnp.round(255 * image[:_SIZE, :_SIZE]).astype(jnp.uint8)
    return Pictures(bytes_, planted.label, planted.facet)

  return jax.vmap(one)(keys)


def stage(config: Config, name: str = 'network') -> train.Stage:
  """Returns the training of the 'network', or of the 'judge' of its facets.

  They share neither images nor initial weights; the judge tells the facets of
  all classes apart, the network classes alone.
  """
  judge = name == 'judge'
  sizes = _judge(config) if judge else config.sizes(config.num_classes)
  read, count = networks.shapes(sizes), config.num_images
  seen = pictures(jax.random.key(1 + judge), count + count // 4, config)
  labels = seen.label * config.num_facets + seen.facet if judge else seen.label
  part = lambda rows: train.Examples(seen.images[rows], labels[rows])
  learned = part(slice(count))

  def loss(params, example, unused_key):
    logits = read(params, example.inputs).logits
    return train.cross_entropy(logits, example.labels), {}

  def evaluate(state, examples):
    apply = lambda image: read(state.params, image).logits
    return {'accuracy': train.accuracy(apply, examples)}

  first = 1000 if judge else 0
  return train.Stage(
      name=name, loop=train.Loop(config.num_steps, config.batch_size),
      init=lambda key: cnn.init(key, sizes), loss=loss,
      optimizer=optax.adam(
          optax.cosine_decay_schedule(config.learning_rate, config.num_steps)
      ),
      data=lambda key, step: train.examples.shuffled(
          key, step, learned, config.batch_size
      ),
      evaluate=evaluate, eval_data=part(slice(count, None)),
      seeds=tuple(range(first, first + config.num_seeds)),
  )  # fmt: skip


def _network(config: Config):
  return networks.shapes(config.sizes(config.num_classes))


def _judge(config: Config) -> cnn.Config:
  return config.sizes(config.num_classes * config.num_facets)


def _planted(config: Config, params) -> dict[str, np.ndarray]:
  """Returns the facets of each seed's classes, in images of its own [S, C]."""
  rows = []
  for seed in range(config.num_seeds):
    count = 2 * config.per_class * config.num_classes
    seen = pictures(jax.random.key(100 + seed), count, config)
    seen = jax.tree.map(np.asarray, seen)
    for label in range(config.num_classes):
      picked = np.flatnonzero(seen.label == label)[: config.per_class]
      facet = seen.facet[picked]
      images = seen.images[picked].astype(np.float32)
      row = _found(config, params, images, seed)
      own = row['assignments'].astype(np.int32)
      table = clustering.contingency(own, facet, *2 * [config.num_facets])
      rows.append(row | {
          'facet': facet, 'purity': clustering.purity(table),
          'rand': clustering.adjusted_rand(table),
      })  # fmt: skip
  return _grid(rows, config.num_seeds)


def _found(config, params, images, seed) -> dict[str, Any]:
  """Returns the facets of one class, by the network of a seed."""
  read = networks.users(config.source)
  if config.source == 'shapes':
    read = _network(config)
  own = jax.tree.map(lambda leaf: leaf[seed], params)
  codes = np.stack([_code(read, own, image) for image in images])
  found = facets.find(images, codes, config, seed)
  first = images[found.pop('nearest')[:, 0]]
  return found | {'exemplars': first, 'overall': images.mean(0)}


@functools.partial(jax.jit, static_argnums=0)
def _code(read, params, image):
  return read(params, image).final


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
