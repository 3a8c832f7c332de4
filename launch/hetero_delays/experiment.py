"""The experiment of `launch.hetero_delays`: see motion, prune, find delays."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax

from launch.hetero_delays import measure
from launch.hetero_delays import recovery
from launch.hetero_delays import report
from launch.hetero_delays.config import Config
from nmlib import train
from nmlib.data.events import motion
from nmlib.data.images import textures
from nmlib.neurons.delays import layer as delay_layer
from nmlib.neurons.delays import losses

_LOSSES = {'softmax': losses.softmax_loss, 'sigmoid': losses.sigmoid_loss}


def experiment(config: Config, run: train.Run) -> train.Report:
  """Trains, prunes, and looks for planted delays."""
  train_images, test_images = load_images(config)
  test = run.result('test_movies', lambda: test_movies(test_images, config))
  params = train.fit(run, stage(config, train_images)).state.params
  pruned = run.result('pruned', lambda: measure.pruned(params, test, config))
  tuning = run.result('tuning', lambda: measure.cloud_tuning(params, config))
  seeds = tuple(range(config.num_seeds))
  recovered = recovery.recover(run, seeds, config.recovery)
  return report.make(config, params, test, pruned, tuning, recovered)


def stage(config: Config, images: jax.Array | None = None) -> train.Stage:
  """Returns the training on motion, of images [N, H, H]."""
  images = load_images(config)[0] if images is None else images

  def data(key, step):
    """One of the training movies, the same ones for every seed."""
    draw = train.step_key(key, step)
    index = jax.random.randint(draw, (), 0, config.train_movies)
    movie = movie_of(jax.random.key(78), images, index, config)
    return jax.tree.map(lambda leaf: leaf[None], movie)

  return train.Stage(
      name='motion', loop=config.loop, data=data,
      init=functools.partial(delay_layer.init, config=config.layer),
      loss=lambda params, movie, key: (loss(params, movie, config), {}),
      optimizer=optax.adam(config.learning_rate),
      seeds=tuple(range(config.num_seeds)),
  )  # fmt: skip


def load_images(config: Config) -> tuple[jax.Array, jax.Array]:
  """Returns images to learn from and, others, to test on, [N, H, H]."""
  count = config.train_images + config.test_images
  images = textures.load(config.images, count, config.image_size, config.size)
  return images[: config.train_images], images[config.train_images :]


def movie_of(
    key: jax.Array, images: jax.Array, index: jax.Array, config: Config
) -> tuple[jax.Array, jax.Array]:
  """Returns events [T, 2, X, Y] and labels [T] of movie `index`."""
  return motion.saccade_movie(
      jax.random.fold_in(key, index), images[index % images.shape[0]],
      config.length, config.size, directions=config.directions,
      speeds=config.speeds, speed=config.speed, block=config.block,
  )  # fmt: skip


def test_movies(images: jax.Array, config: Config) -> dict[str, jax.Array]:
  """Returns events [N, T, 2, X, Y] and labels [N, T] on unseen images."""
  make = lambda index: movie_of(jax.random.key(79), images, index, config)
  events, labels = jax.lax.map(make, jnp.arange(config.test_movies))
  return {'events': events.astype(np.int8), 'labels': labels}


def loss(params: delay_layer.Params, movie, config: Config) -> jax.Array:
  """The mean over voxels of a movie: events [T, 2, X, Y], labels [T]."""
  events, labels = movie
  logits = delay_layer.apply(params, events, config.layer)
  return _LOSSES[config.loss](logits, labels, config.fraction)
