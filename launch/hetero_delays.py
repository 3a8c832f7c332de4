"""Synapses with delays see motion in events, and recover planted delays.

Grimaldi, Perrinet (arXiv 2307.14077, Biological Cybernetics 2023): a single
layer whose synapses have a weight and a delay tells motions apart in the
events of a camera, and keeps doing so when most synapses are pruned.

  python -m launch.hetero_delays                  # small: minutes on 2 cores
  python -m launch.hetero_delays --preset=paper --config.images=natural.npy

Motion: textures (or your images) moved along saccade-like random walks; the
layer is trained to name the motion at every pixel and step, then pruned by
magnitude and by delay. Recovery: spike trains with planted motifs, whose
delays detectors must find, once with a weight for every delay and once with
one learned delay a synapse. Seeds train together.
"""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import optax

from launch import hetero_delays_measure
from launch import hetero_delays_recovery
from launch import hetero_delays_report
from nmlib import train
from nmlib.data.events import motion
from nmlib.data.images import image_file
from nmlib.data.images import textures
from nmlib.neurons.delays import layer as delay_layer
from nmlib.neurons.delays import losses as delay_loss

LOSSES = {
    'softmax': delay_loss.softmax_loss,  # the authors' code
    'sigmoid': delay_loss.sigmoid_loss,  # their text
}


@dataclasses.dataclass(frozen=True)
class Config:
  """Sizes in pixels, times in steps of 1 ms."""

  images: str = ''  # .npy of [N, H, H]; '': generated textures
  train_images: int = 30
  test_images: int = 10
  image_size: int = 128  # of textures
  size: int = 32  # of the window, X = Y
  length: int = 60  # of a movie
  directions: int = 8
  speeds: int = 1  # rings
  speed: float = 0.7  # pixels a step
  block: float = 24.0  # mean steps between changes of the motion
  delays: int = 9
  reach: int = 9
  centre: float = 1.0  # weight of the centre at the start
  loss: str = 'softmax'
  fraction: float = 1.0  # p_B, of voxels that are taught
  num_seeds: int = 3
  num_steps: int = 240  # one movie each
  train_movies: int = 80
  test_movies: int = 20
  learning_rate: float = 1e-2
  log_every: int = 20
  steps_per_call: int = 20
  checkpoint_every: int = 80
  recovery: hetero_delays_recovery.Config = hetero_delays_recovery.Config()

  def __post_init__(self):
    if self.loss not in LOSSES:
      raise ValueError(
          f'config.loss must be one of {tuple(LOSSES)}, got {self.loss!r}.'
      )
    if self.length <= self.delays:
      raise ValueError(
          f'config.length must exceed delays={self.delays}, got {self.length}.'
      )
    for field in ('train_images', 'test_images', 'train_movies', 'test_movies'):
      if getattr(self, field) < 1:
        raise ValueError(
            f'config.{field} must be at least 1, got {getattr(self, field)}.'
        )

  @property
  def num_classes(self) -> int:
    """Motions: directions times rings of speed."""
    return self.directions * self.speeds

  @property
  def layer(self) -> delay_layer.Config:
    """The layer that is trained; transforms are the fast form on a CPU."""
    return delay_layer.Config(
        width=self.size,
        height=self.size,
        num_classes=self.num_classes,
        delays=self.delays,
        reach_x=self.reach,
        reach_y=self.reach,
        centre=self.centre,
        method='fft',
    )


PRESETS = {
    'small': Config(),
    'smoke': Config(
        train_images=2,
        test_images=1,
        image_size=32,
        size=16,
        length=12,
        directions=4,
        delays=5,
        reach=5,
        num_seeds=2,
        num_steps=4,
        train_movies=2,
        test_movies=2,
        log_every=2,
        steps_per_call=2,
        checkpoint_every=0,
        recovery=hetero_delays_recovery.Config(
            num_steps=4, length=40, log_every=2, steps_per_call=2
        ),
    ),
    'paper': Config(
        train_images=80,
        test_images=20,
        image_size=1024,
        size=128,
        length=200,
        directions=12,
        speeds=3,
        speed=0.5,
        delays=21,
        reach=17,
        centre=4.0,
        num_seeds=1,
        num_steps=80_000,
        train_movies=400,
        test_movies=200,
        learning_rate=2e-4,
        log_every=100,
        steps_per_call=100,
        checkpoint_every=2000,
    ),
}


def experiment(config: Config, run: train.Run) -> train.Report:
  """Trains, prunes, and looks for planted delays."""
  train_images, test_images = load_images(config)
  test = run.result('test_movies', lambda: test_movies(test_images, config))
  seeds = tuple(range(config.num_seeds))
  optimizer = optax.adam(config.learning_rate)
  update = train.gradient_step(
      lambda params, movie, key: (loss(params, movie, config), {}), optimizer
  )

  def step(state, unused_batch):
    movie = training_movie(state.key, state.step, train_images, config)
    return update(state, jax.tree.map(lambda leaf: leaf[None], movie))

  fitted = train.fit(
      run,
      'motion',
      train.Schedule(
          config.num_steps,
          batch_size=1,
          steps_per_call=config.steps_per_call,
          log_every=config.log_every,
          checkpoint_every=config.checkpoint_every,
      ),
      seeds=seeds,
      init=train.initializer(
          lambda key: delay_layer.init(key, config.layer), optimizer
      ),
      step=step,
  )
  found = run.result(
      'pruned',
      lambda: hetero_delays_measure.pruned(
          fitted.state.params, test, config.layer
      ),
  )
  tuning = run.result(
      'tuning',
      lambda: hetero_delays_measure.cloud_tuning(
          fitted.state.params,
          config.layer,
          motion.logpolar_velocity(
              jnp.arange(config.directions),
              config.directions,
              1,
              config.speed,
          ),
          config.length,
      ),
  )
  recovered = hetero_delays_recovery.recover(run, seeds, config.recovery)
  return hetero_delays_report.report(
      config, fitted.state.params, test, found, tuning, recovered
  )


def load_images(config: Config) -> tuple[jax.Array, jax.Array]:
  """Returns images to learn from and, others, to test on, [N, H, H]."""
  count = config.train_images + config.test_images
  if config.images:
    images = jnp.asarray(image_file.read(config.images, count, config.size))
    images = jax.lax.map(textures.whiten, images)
  else:
    keys = jax.random.split(jax.random.key(77), count)
    images = jax.lax.map(
        lambda key: textures.annulus(key, config.image_size), keys
    )
  return images[: config.train_images], images[config.train_images :]


def movie_of(
    key: jax.Array, images: jax.Array, index: jax.Array, config: Config
) -> tuple[jax.Array, jax.Array]:
  """Returns events [T, 2, X, Y] and labels [T] of movie `index`."""
  return motion.saccade_movie(
      jax.random.fold_in(key, index),
      images[index % images.shape[0]],
      config.length,
      config.size,
      directions=config.directions,
      speeds=config.speeds,
      speed=config.speed,
      block=config.block,
  )


def training_movie(
    key: jax.Array, step: jax.Array, images: jax.Array, config: Config
) -> tuple[jax.Array, jax.Array]:
  """Draws one of the training movies, the same ones for every seed."""
  draw = jax.random.fold_in(jax.random.fold_in(key, step), 1)
  index = jax.random.randint(draw, (), 0, config.train_movies)
  return movie_of(jax.random.key(78), images, index, config)


def test_movies(images: jax.Array, config: Config) -> dict[str, jax.Array]:
  """Returns events [N, T, 2, X, Y] and labels [N, T] on unseen images."""
  make = lambda index: movie_of(jax.random.key(79), images, index, config)
  events, labels = jax.jit(lambda i: jax.lax.map(make, i))(
      jnp.arange(config.test_movies)
  )
  return {'events': events.astype(np.int8), 'labels': labels}


def loss(
    params: delay_layer.Params,
    movie: tuple[jax.Array, jax.Array],
    config: Config,
) -> jax.Array:
  """The mean over voxels of a movie."""
  events, labels = movie
  layer = config.layer
  _, logits = delay_layer.unroll(
      params, delay_layer.initial_state(layer), events, layer
  )
  return LOSSES[config.loss](logits, labels, config.fraction)


if __name__ == '__main__':
  train.launch(experiment, PRESETS, name='hetero_delays')
