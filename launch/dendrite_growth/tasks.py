"""What is trained: data, and networks for it."""

from collections.abc import Callable
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nmlib import train
from nmlib.data.images import digits
from nmlib.networks import dendritic
from nmlib.networks import image_classifiers
from nmlib.networks import mlp

NAMES = (
    'shallow',
    'deep',
    'convolutional',
    'transformer',
    'recurrent',
    'gated',
    'points',
)
_SHAPES = ('sphere', 'cube', 'cylinder', 'cone', 'torus')


class Task(NamedTuple):
  """A network of some width, and examples."""

  network: dendritic.Network
  init: Callable[[jax.Array, int], Any]  # (key, width) -> parameters
  width: int
  train: train.Examples
  validation: train.Examples
  test: train.Examples


def make(name: str, source: str = 'digits', path: str = '') -> Task:
  """Returns one of the tasks `NAMES`.

  Args:
    name: which.
    source: of images, as in `digits.load`.
    path: likewise.
  """
  if name == 'points':
    parts = [_points(seed, n) for seed, n in ((0, 1000), (1, 200), (2, 600))]
    return Task(_point_network, _init_points, 6, *parts)
  split = digits.load(source, path)
  shape = split.train.images.shape[1:]
  parts = [
      train.Examples(jnp.asarray(p.images), jnp.asarray(p.labels))
      for p in split
  ]
  if name in ('shallow', 'deep'):
    flat = [
        p._replace(inputs=p.inputs.reshape(len(p.labels), -1)) for p in parts
    ]
    size = shape[0] * shape[1]
    if name == 'shallow':
      return Task(mlp.apply, lambda k, w: mlp.init(k, (size, w, 10)), 6, *flat)
    return Task(mlp.apply, lambda k, w: mlp.init(k, (size, w, w, 10)), 4, *flat)
  if name == 'convolutional':
    return Task(
        image_classifiers.convolutional,
        lambda k, w: image_classifiers.init_convolutional(
            k, shape, w, 2 * w, 10
        ),
        3,
        *parts,
    )
  if name == 'transformer':
    return Task(
        image_classifiers.transformer,
        lambda k, w: image_classifiers.init_transformer(
            k, shape, 4 * w, 2, 1, 10
        ),
        2,
        *parts,
    )
  if name == 'gated':
    return Task(
        _gated,
        lambda k, w: _init_gated(k, shape[1], w),
        6,
        *parts,
    )

  def init_recurrent(key, width):
    keys = jax.random.split(key)
    (cell,) = mlp.init(keys[0], (shape[1] + width, width))
    return cell._replace(kernel=cell.kernel / 2**0.5), *mlp.init(
        keys[1], (width, 10)
    )

  return Task(_recurrent, init_recurrent, 8, *parts)


def _recurrent(params, image, site):
  """Reads an image row by row."""
  h = jnp.zeros_like(params[0].bias)
  for row in image:
    h = jnp.tanh(site('cell', mlp.dense, params[0], jnp.concatenate([row, h])))
  return site('readout', mlp.dense, params[1], h)


def _init_gated(key, inputs, width):
  keys = jax.random.split(key, 3)
  layers = [
      mlp.init(k, (inputs + width, size))[0]
      for k, size in zip(keys[:2], (2 * width, width), strict=True)
  ]
  layers = [la._replace(kernel=la.kernel / 2**0.5) for la in layers]
  return *layers, *mlp.init(keys[2], (width, 10))


def _gated(params, image, site):
  """A gated recurrent unit (arXiv 1406.1078) that reads row by row."""
  gates, candidate, readout = params
  h = jnp.zeros_like(candidate.bias)
  for row in image:
    both = jnp.concatenate([row, h])
    z = jax.nn.sigmoid(site('gates', mlp.dense, gates, both))
    reset, update = jnp.split(z, 2)
    both = jnp.concatenate([row, reset * h])
    new = jnp.tanh(site('candidate', mlp.dense, candidate, both))
    h = (1 - update) * new + update * h
  return site('readout', mlp.dense, readout, h)


def _init_points(key, width):
  keys = jax.random.split(key)
  return *mlp.init(keys[0], (3, width, 2 * width)), *mlp.init(
      keys[1], (2 * width, len(_SHAPES))
  )


def _point_network(params, points, site):
  """Layers shared by all points, the maximum over them, a readout."""
  x = points
  for i, layer in enumerate(params[:-1]):
    x = jax.nn.relu(site(f'point_{i}', mlp.dense, layer, x))
  return site('readout', mlp.dense, params[-1], x.max(0))


def _points(seed: int, count: int, num_points: int = 32) -> train.Examples:
  """Draws noisy points on the surfaces of turned solids."""
  rng = np.random.Generator(np.random.Philox(seed))
  clouds = []
  labels = rng.integers(len(_SHAPES), size=count)
  for label in labels:
    angle, other = rng.uniform(0, 2 * np.pi, (2, num_points))
    u = rng.uniform(-1, 1, num_points)
    if _SHAPES[label] == 'sphere':
      ring = np.sqrt(1 - u**2)
      cloud = [ring * np.cos(angle), ring * np.sin(angle), u]
    elif _SHAPES[label] == 'cube':
      cloud = rng.uniform(-1, 1, (3, num_points))
      face = rng.integers(3, size=num_points)
      cloud[face, np.arange(num_points)] = np.sign(u)
      cloud = list(cloud * 0.8)
    elif _SHAPES[label] == 'cylinder':
      cloud = [0.7 * np.cos(angle), 0.7 * np.sin(angle), u]
    elif _SHAPES[label] == 'cone':
      cloud = [(1 - u) / 2 * np.cos(angle), (1 - u) / 2 * np.sin(angle), u]
    else:
      ring = 0.7 + 0.3 * np.cos(other)
      cloud = [ring * np.cos(angle), ring * np.sin(angle), 0.3 * np.sin(other)]
    rotation, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    cloud = rotation @ np.stack(cloud) * rng.uniform(0.8, 1.2)
    clouds.append(cloud.T + 0.03 * rng.normal(size=(num_points, 3)))
  return train.Examples(
      jnp.asarray(np.stack(clouds), jnp.float32), jnp.asarray(labels, jnp.int32)
  )


def matched_width(task: Task, target: int) -> int:
  """Returns the width whose plain network comes closest to `target` weights."""

  def size(width):
    shapes = jax.eval_shape(lambda k: task.init(k, width), jax.random.key(0))
    return sum(leaf.size for leaf in jax.tree.leaves(shapes))

  width = 1
  while size(width + 1) <= target:
    width += 1
  return min(width, width + 1, key=lambda w: abs(size(w) - target))
