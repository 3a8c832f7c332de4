"""The experiment of `launch.hetero_delays`: see motion, prune, find delays."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax

from launch.hetero_delays import report
from launch.hetero_delays.config import DETECTORS
from launch.hetero_delays.config import FREQUENCIES
from launch.hetero_delays.config import SHARES
from launch.hetero_delays.config import Config
from nmlib import train
from nmlib.analysis.spikes import prediction
from nmlib.data.events import motion
from nmlib.data.events import motion_clouds
from nmlib.data.events import planted_motifs
from nmlib.data.images import textures
from nmlib.networks import delay_detector
from nmlib.neurons.delays import layer as delay_layer
from nmlib.neurons.delays import losses
from nmlib.neurons.delays import motifs as spike_motifs
from nmlib.neurons.delays import pruning

Arrays = dict[str, np.ndarray]


def experiment(config: Config, run: train.Run) -> train.Report:
  """Trains, prunes, and looks for planted delays."""
  train_images, test_images = load_images(config)
  test = run.result('test_movies', lambda: test_movies(test_images, config))
  params = train.fit(run, stage(config, train_images)).state.params
  pruned = run.result('pruned', lambda: prune(params, test, config))
  tuning = run.result('tuning', lambda: cloud_tuning(params, config))
  recovered = recover(run, config)
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
  return losses.BY_NAME[config.loss](logits, labels, config.fraction)


def prune(params: delay_layer.Params, test: Arrays, config: Config) -> Arrays:
  """Returns `pruning.curves` of S seeds; of `operations` [F] their mean."""
  movies = jnp.asarray(test['events'], float), jnp.asarray(test['labels'])
  of_seed = lambda one: pruning.curves(one, *movies, config.layer, SHARES)
  rows = jax.jit(lambda p: jax.lax.map(of_seed, p))(params)
  return rows | {'operations': rows['operations'].mean(0)}


def cloud_tuning(params: delay_layer.Params, config: Config) -> Arrays:
  """Returns accuracies [S, F] on motion clouds, by spatial frequency."""
  of = functools.partial(losses.mean_accuracies, params, config=config.layer)
  sizes = config.directions, config.speed, config.length, config.size
  return motion_clouds.tuning(jax.jit(of), FREQUENCIES, *sizes)


def recover(run: train.Run, config: Config) -> dict[str, Arrays]:
  """Returns what each detector found: delays, and `hits`, ends of motifs."""
  own, recovered = config.recovery, {}
  motifs = planted_motifs.draw(jax.random.key(55), own.motifs)
  key = jax.random.key(56)
  test = planted_motifs.record(key, motifs, own.test_length, own.motifs)
  for title, kind in DETECTORS.items():
    found = train.fit(run, motif_stage(config, kind, motifs)).state.params
    see = lambda params, detector=own.detector(kind): delay_detector.logits(
        params, test.spikes, detector, own.narrow_to
    )
    delays = jax.vmap(delay_detector.delays)(found)
    hits = prediction.mean_r_precision(test.ends, jax.lax.map(see, found))
    recovered[title] = planted_motifs.recovered(motifs, delays) | {'hits': hits}
  return recovered


def motif_stage(
    config: Config, kind: delay_detector.Kind, motifs: planted_motifs.Motifs
) -> train.Stage:
  """Returns the training of a detector, learned delays fast and narrowing."""
  own, detector = config.recovery, config.recovery.detector(kind)
  size, steps = own.loop.batch_size, own.loop.num_steps
  draw = lambda key: planted_motifs.record(key, motifs, own.length, own.motifs)
  rate = optax.cosine_decay_schedule(own.learning_rate, steps)
  spread = delay_detector.narrowing(detector, steps, own.narrow_to)

  def loss(params, recording, unused_key):
    (spikes, ends), step = recording
    found = delay_detector.logits(params, spikes, detector, spread(step))
    return spike_motifs.motif_loss(found, ends), {}

  return train.Stage(
      name=f'motifs_{kind}', loop=own.loop, loss=loss,
      init=functools.partial(delay_detector.init, config=detector),
      optimizer=train.projected(
          delay_detector.optimizer(detector, rate, own.delay_rate),
          functools.partial(delay_detector.project, config=detector),
      ),
      data=lambda key, step: (
          train.fresh(draw, size)(key, step), jnp.full(size, step)
      ),
      seeds=tuple(range(config.num_seeds)),
  )  # fmt: skip
