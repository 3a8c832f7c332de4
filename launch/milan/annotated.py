"""Units that people have described (MILANNOTATIONS), seen by a ResNet-101."""

import dataclasses

import jax
import numpy as np

from launch.milan import report
from launch.milan import words
from launch.milan.config import Config
from nmlib import train
from nmlib.analysis import descriptions
from nmlib.analysis import dissection
from nmlib.data import unit_annotations
from nmlib.data import weights
from nmlib.networks import describer
from nmlib.networks.vision import resnet
from nmlib.neurons import sites

_RESNET = resnet.Config(
    depths=(3, 4, 23, 3), channels=(256, 512, 1024, 2048), block='bottleneck'
)
# Raw output of the first convolution, and what ends each stage.
_LEVELS = 'conv_pre_stem', *(f'resid_post_{i}' for i in (2, 6, 29, 32))


def experiment(config: Config, run: train.Run) -> train.Report:
  """Trains on most units, tests on the rest, for several splits by unit.

  Raises:
    ValueError: if weights or annotations are missing or do not fit.
  """
  if not (config.annotations and config.weights and config.layers):
    raise ValueError(
        'units described by people need --annotations=FOLDER (annotations.csv,'
        ' LAYER/images.npy and masks.npy), --weights=FILE (a ResNet-101 by the'
        ' names of torchvision) and --config.layers.'
    )
  found = [unit_annotations.read(config.annotations, x) for x in config.layers]
  told = [unit for layer in found for unit in layer.sentences]
  vocabulary = unit_annotations.vocabulary(s for unit in told for s in unit)
  words_of = lambda sentence: unit_annotations.tokens(
      sentence, vocabulary, config.words.length
  )
  tokens = np.array(
      [[words_of(unit[i % len(unit)]) for i in range(3)] for unit in told]
  )
  features = run.result(
      'features', lambda: {'all': _features(config.weights, found)}
  )['all']  # fmt: skip
  config = dataclasses.replace(
      config, words=dataclasses.replace(
          config.words, num_features=features.shape[2],
          vocab_size=len(vocabulary) + 2,
      ),
  )  # fmt: skip
  every = words.Units(features, tokens)
  rows = [
      np.random.default_rng(seed).permutation(len(told))
      for seed in range(config.num_seeds)
  ]
  cut = round(0.9 * len(told))  # a tenth is held out
  folds = [words.split(config, every, row[:cut]) for row in rows]
  folds = jax.tree.map(lambda *leaves: np.stack(leaves), *folds)
  best = train.fit(run, words.stage(config, folds)).state.best
  tests = np.stack([row[cut:] for row in rows])
  said = words.described(config, best, features[tests])
  name = lambda y: np.eye(len(vocabulary) + 2, dtype=bool)[y].any(-2)[..., 2:]
  names = {method: name(one) for method, one in said.items()}
  known = [name(tokens[row[:cut], 0]) for row in rows]
  found = descriptions.compare(
      said, names, name(tokens[tests]), known, describer.STOP
  )
  pick = lambda method: {method: found[f'distinct {method}']}
  claim = train.higher(
      'wPMI is more specific than likelihood: more distinct descriptions',
      pick('wPMI'), pick('likelihood'), by='interval', source='ours',
  )  # fmt: skip
  return train.Report(
      [claim],
      data={'units': f'{len(told)}, of which {tests.shape[1]} are held out'},
      differences=[
          'Words are split by a pattern, not by spaCy; F1 is of words, against'
          ' the nearest of three descriptions of a unit.'
      ],
      tables={'Held-out units': report.methods(found)},
  )  # fmt: skip


def _features(path, found) -> np.ndarray:
  """Returns what the encoder sees inside the masks, [U, k, F]."""
  params = resnet.params_from_official(weights.load(path), _RESNET)
  of = lambda p, x, site: resnet.apply(p, x, _RESNET, site=site)

  def one(image, mask):
    maps = sites.run(of, params, resnet.scaled(image), capture=_LEVELS)[1]
    return dissection.masked_pyramid_pool([maps[at] for at in _LEVELS], mask)

  unit = jax.jit(lambda images, masks: jax.lax.map(
      lambda pair: one(*pair), (images, masks)))  # fmt: skip
  return np.stack([
      unit(*pair) for layer in found
      for pair in zip(layer.images, layer.masks, strict=True)
  ])  # fmt: skip
