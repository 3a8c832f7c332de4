"""How words are learned; units that people described or photographs show."""

import jax
import jax.numpy as jnp
import numpy as np

from launch.milan import report
from launch.milan.config import Config
from nmlib import train
from nmlib.analysis import descriptions
from nmlib.analysis import exemplars
from nmlib.data import image_folder
from nmlib.data import unit_annotations
from nmlib.data import weights
from nmlib.networks import describer
from nmlib.networks import description_learner as learner
from nmlib.networks import pyramid_encoder
from nmlib.networks.vision import efficientnet
from nmlib.networks.vision import resnet
from nmlib.neurons import sites


def words(config: Config, run: train.Run, tests, splits, names, vocab_size):
  """Learns from S splits; returns what is said of units [S, U], and scores."""
  learning = config.learning(tests.features.shape[3], vocab_size)
  stage = train.Stage(
      name='words', starts=splits, seeds=tuple(range(config.num_seeds)),
      init=lambda key, split: learner.initial_learner(key, split, learning),
      step=lambda state, _: learner.learn(state, learning),
      loop=train.Loop(config.num_checks, log_every=1),
  )  # fmt: skip
  best = train.fit(run, stage).state.best
  describe = lambda: learner.describe_all(best, tests.features, learning.models)
  said = run.result('said', describe)
  known = np.concatenate([part.tokens for part in splits], 1)[:, :, 0]
  compare, stop = descriptions.compare, describer.STOP
  return said, compare(said, tests.tokens, known, names, stop)


def annotated(config: Config, run: train.Run) -> train.Report:
  """Trains on most units, tests on a tenth, for several splits by unit."""
  train.require(config, 'annotations', 'weights')
  told = unit_annotations.read_all(config.annotations, config.length)
  arrays = weights.load(config.weights)
  params = resnet.params_from_official(arrays, pyramid_encoder.RESNET_101)
  pool = jax.jit(lambda *unit: pyramid_encoder.features(params, *unit))
  features = run.result(
      'features', lambda: {'all': np.stack([pool(*x) for x in told.regions])}
  )['all']  # fmt: skip
  units = learner.Units(features, told.tokens)
  splits, tests = learner.hold_out(units, config.num_seeds)
  names = np.array(list(told.vocabulary.values()))
  _, scores = words(config, run, tests, splits, names, 2 + len(names))
  return train.Report(
      report.of_words(scores),
      {'units': f'{len(features)}; {tests.tokens.shape[1]} are held out'},
      ['Words are split by a pattern, not by spaCy; F1 is of words, against the'
       ' nearest of three descriptions.'],
      tables={'Held-out units': report.methods(scores)},
  )  # fmt: skip


def photographs(config: Config, run: train.Run) -> train.Report:
  """Shows what excites some units of EfficientNet-Lite0; describes none."""
  train.require(config, 'images', 'weights')
  network = efficientnet.Config()
  params = efficientnet.params_from_official(
      weights.load(config.weights), network
  )
  given = image_folder.read(config.images, network.image_size)
  run.say(f'{len(given.names)} images; {given.left_out}')
  of = lambda x, site: efficientnet.apply(
      params, efficientnet.scaled(x.astype(jnp.float32)), network, site=site
  )

  def dissect(images):
    few = min(config.exemplars, len(images))
    look = sites.viewer(of, (config.layer,))
    found = exemplars.find(look, images, k=few, batch_size=4)[config.layer]
    units, best = exemplars.most_selective(found, 12)
    return {'units': units, **best._asdict()}

  found = run.result('photographs', lambda: jax.jit(dissect)(given.images))
  titles = [f'unit {unit}' for unit in found['units']]
  names = [{'most in': given.names[row[0]]} for row in found['images']]
  what = f'EfficientNet-Lite0, {config.layer}: units beyond their level'
  shown = given.images[found['images']] / 255, found['masks']
  return train.Report(
      claims=[], data={'images': f'{len(given.names)}, {given.left_out}'},
      differences=['The units whose peaks are highest are shown, not described:'
                   ' nothing was learned from descriptions by people.'],
      tables={what: train.Table(dict(zip(titles, names, strict=True)), 'unit')},
      figures={'units': train.pictures.regions(titles, *shown, what)},
  )  # fmt: skip
