"""The experiment of `launch.milan` on networks of generated shapes."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import optax

from launch.milan import files
from launch.milan import report
from launch.milan.config import HEADS
from launch.milan.config import Config
from nmlib import train
from nmlib.analysis import deletion
from nmlib.analysis import descriptions
from nmlib.analysis import exemplars
from nmlib.data.images import lettered_shapes
from nmlib.data.images import region_descriptions as regions
from nmlib.networks import description_learner as learner
from nmlib.networks.vision import cnn
from nmlib.neurons import sites


def experiment(config: Config, run: train.Run) -> train.Report:
  """Trains networks, dissects them, describes their units, deletes some."""
  if config.source == 'images':
    return files.photographs(config, run)
  if config.source == 'people':
    return files.annotated(config, run)
  networks = train.fit(run, stage(config)).state.params
  encoder = train.fit(run, stage(config, 'encoder')).state.params
  shown = _draw(0, config.num_images)
  find = lambda: _dissected(config, networks, encoder, shown)
  found = run.result('units', find)
  units = learner.Units(found['features'], regions.told(found['facts']))
  splits = learner.leave_one_out(units)
  said, scores = files.words(
      config, run, units, splits, regions.FACT_WORDS, len(regions.VOCABULARY)
  )
  delete = lambda: _deleted(config, networks, said['wPMI'])
  deleted = run.result('deleted', delete)
  return report.make(config, shown, found, said['wPMI'], scores, deleted)


def stage(config: Config, name: str = 'networks') -> train.Stage:
  """Returns the training of the networks, or of the 'encoder'."""
  encoder = name == 'encoder'  # tells all factors, beside any letters
  learned = HEADS if encoder else ('shape', 'colour')
  letters: lettered_shapes.Letters = 'any' if encoder else 'telling'

  def loss(params, shown, key):
    del key
    image, labels = shown.picture.image - 0.5, shown.factors._asdict()
    logits = cnn.apply(params, image, config.network).logits
    labels = {head: labels[head] for head in learned}
    return train.heads_cross_entropy(logits, HEADS, labels), {}

  draw = functools.partial(lettered_shapes.draw, letters=letters)
  loop = config.loop
  rate = optax.cosine_decay_schedule(config.learning_rate, loop.num_steps)
  return train.Stage(
      name=name, init=lambda key: cnn.init(key, config.network), loss=loss,
      optimizer=optax.adam(rate), data=train.fresh(draw, loop.batch_size),
      loop=loop, seeds=(0,) if encoder else tuple(range(config.num_seeds)),
  )  # fmt: skip


def _draw(seed, count, letters: lettered_shapes.Letters = 'telling'):
  """Draws images [N], apart from those of training."""
  return lettered_shapes.many(jax.random.key(10_000 + seed), count, letters)


def _network(config, params):
  return lambda x, site: cnn.apply(params, x - 0.5, config.network, site=site)


def _dissected(config, networks, encoder, shown) -> dict[str, np.ndarray]:
  """Finds what units see, [S, U, ...]: exemplars, features, facts."""
  look = lambda params: sites.viewer(
      _network(config, params), tuple(config.network.units)
  )
  taught, image = jax.tree.map(lambda x: x[0], encoder), shown.picture.image

  @jax.jit
  def dissect(params):
    layers = exemplars.find(look(params), image, k=config.exemplars)
    found = exemplars.joined(layers)
    where = {'images': found.images, 'masks': found.masks}
    features = exemplars.features(look(taught), image, found)
    facts = regions.facts_of_units(shown, **where)
    return where | {'features': features, 'facts': facts}

  found = train.to_host(jax.lax.map(dissect, networks))
  features = found['features'] - found['features'].mean((0, 1, 2))
  return found | {'features': features / (features.std((0, 1, 2)) + 1e-6)}


def _deleted(config, networks, said) -> dict[str, np.ndarray]:
  """Returns `deletion.compare` of units that name the letter, [S, ...]."""
  count = config.num_tests
  images = {
      'validation': _draw(1, count), 'test': _draw(2, count),
      'misleading': _draw(3, count, 'misleading'),
  }  # fmt: skip

  @jax.jit
  def accuracy(params, shown, deleted):
    network, size = _network(config, params), HEADS['shape']
    run = sites.runner(lambda x, site: network(x, site).logits[:size])
    given = shown.picture.image, shown.factors.shape
    return deletion.accuracy(run, *given, deleted, config.network.units)

  def curves(i, names):
    params = jax.tree.map(lambda x: x[i], networks)
    measure = lambda kind, mask: float(accuracy(params, images[kind], mask))
    return deletion.compare(
        measure, names, config.deletions, np.random.default_rng(i),
        data=('test', 'misleading'),
    )  # fmt: skip

  letter = jnp.array([regions.VOCABULARY.index('letter')])
  named = descriptions.named(jnp.asarray(said), letter, regions.STOP)
  rows = [curves(i, names) for i, names in enumerate(np.array(named)[..., 0])]
  return jax.tree.map(lambda *parts: np.stack(parts), *rows)
