"""What is trained: data, and networks for it."""

from collections.abc import Callable
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp

from launch.dendrite_growth.config import Config
from nmlib import train
from nmlib.data.images import digits
from nmlib.data.tasks import solids
from nmlib.networks import image_classifiers
from nmlib.networks import mlp
from nmlib.networks import point_cloud
from nmlib.networks import row_readers
from nmlib.networks.dendrites import dendrite_candidates
from nmlib.networks.dendrites import dendritic


class Task(NamedTuple):
  """A network of some width, dendrites of some kind, and examples."""

  network: dendritic.Network
  init: Callable[[jax.Array, int], Any]  # (key, width) -> parameters
  width: int
  activation: Callable[[jax.Array], jax.Array]  # of dendrites
  train: train.Examples
  validation: train.Examples
  test: train.Examples

  def draw(self, key, params, scale: float, **options):
    """Draws a dendrite a neuron; options as of `init_candidates`."""
    own = self.network, params, self.train.inputs[0]
    return dendritic.init_candidates(key, *own, scale, **options)

  def answer(self, params, x, **options) -> jax.Array:
    """Returns the logits of one input; options as of `dendritic.apply`."""
    return dendritic.apply(
        self.network, params, x, activation=self.activation, **options
    )

  def samples(self, params, part: train.Examples):
    """Returns what `dendrite_candidates.improve` learns from examples."""
    loss, activation = train.cross_entropy, self.activation
    return dendrite_candidates.samples(
        self.network, params, loss, *part, activation=activation
    )


def make(config: Config, name: str) -> Task:
  """Returns one of the tasks `config.TASKS`."""
  if name == 'points':
    parts = [solids.draw(seed, n) for seed, n in enumerate((1000, 200, 600))]
  else:
    parts = digits.load(config.source, config.path)
  network, init, width = _networks(parts[0][0].shape[1:])[name]
  flat = lambda images: images.reshape(len(images), -1)
  of = flat if name in ('shallow', 'deep') else jnp.asarray
  activation = getattr(jax.nn, config.activation)
  examples = train.examples.split(parts, of)
  return Task(network, init, width, activation, *examples)


def _networks(shape: tuple[int, int]) -> dict[str, tuple]:
  """Returns the network, its parameters and its width of every task."""
  row, pixels = shape[1], shape[0] * shape[1]
  images, rows = image_classifiers, row_readers
  return {
      'shallow': (mlp.apply, lambda k, w: mlp.init(k, (pixels, w, 10)), 6),
      'deep': (mlp.apply, lambda k, w: mlp.init(k, (pixels, w, w, 10)), 4),
      'convolutional': (
          images.convolutional,
          lambda k, w: images.init_convolutional(k, shape, w, 2 * w, 10), 3,
      ),
      'transformer': (
          images.transformer,
          lambda k, w: images.init_transformer(k, shape, 4 * w, 2, 1, 10), 2,
      ),
      'recurrent': (
          rows.recurrent, lambda k, w: rows.init_recurrent(k, row, w, 10), 8,
      ),
      'gated': (rows.gated, lambda k, w: rows.init_gated(k, row, w, 10), 6),
      'points': (point_cloud.apply, lambda k, w: point_cloud.init(k, w, 5), 6),
  }  # fmt: skip
