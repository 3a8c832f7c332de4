"""The settings of `launch.milan`."""

import dataclasses
from typing import Annotated
from typing import Literal

from nmlib import train
from nmlib.data.images import region_descriptions as regions
from nmlib.data.images import shapes
from nmlib.networks import describer
from nmlib.networks.vision import cnn
from nmlib.neurons.core import limits

SHORTCUTS = {
    'photographs': 'Dissect EfficientNet-Lite0 on this folder of images.',
    'annotations': 'Units described by people: a folder.',
    'weights': 'Of EfficientNet-Lite0, or ResNet-101 for annotations.',
}
# What networks are trained to tell, and of how many values each.
HEADS = {
    'shape': len(shapes.SHAPES), 'colour': len(shapes.COLOURS),
    'texture': len(shapes.TEXTURES), 'glyph': len(shapes.GLYPHS),
}  # fmt: skip


def _words(network: cnn.Config, **sizes) -> describer.Config:
  return describer.Config(
      sum(network.channels), len(regions.VOCABULARY), length=regions.LENGTH,
      **sizes,
  )  # fmt: skip


def _cnn(*layers: tuple[int, int]) -> cnn.Config:
  """Returns a network of layers of (channels, stride)."""
  channels, strides = zip(*layers, strict=True)
  return cnn.Config(sum(HEADS.values()), channels, strides)


_SMALL, _TINY = _cnn((16, 2), (32, 2), (32, 1)), _cnn((4, 4), (4, 2))


@dataclasses.dataclass(frozen=True)
class Config:
  """Sizes, and the user's files."""

  num_seeds: limits.Count = 5  # networks whose units are described
  network: cnn.Config = _SMALL
  num_updates: limits.Count = 2500
  batch_size: limits.Count = 32
  learning_rate: limits.Positive = 5e-3
  lettered: limits.UnitInterval = 0.5  # of the images have a letter
  num_images: limits.Count = 2000  # units are dissected on
  exemplars: limits.Count = 15  # k
  quantile: limits.UnitInterval = 0.99
  train_share: limits.OpenUnitInterval = 0.7  # of the other networks' units
  words: describer.Config = _words(_SMALL, hidden=64, embedding=32, beam=20)
  word_updates: limits.Count = 400
  word_batch: limits.Count = 64
  check_every: limits.Count = 25  # updates, on validation units
  word_rate: limits.Positive = 3e-3
  num_tests: limits.Count = 250  # images of each kind
  deletions: Annotated[tuple[limits.Natural, ...], limits.Some(rising=True)] = (
      0, 1, 2, 4, 8, 12, 16, 24, 32,
  )  # fmt: skip
  tolerance: limits.UnitInterval = 0.02  # validation accuracy that may be lost
  num_random: limits.Count = 5  # orders
  told_by: Literal['factors', 'people'] = 'factors'  # what units show
  annotations: str = ''  # a folder, as of `nmlib.data.unit_annotations`
  layers: tuple[str, ...] = ()  # in it
  photographs: str = ''  # a folder: dissects EfficientNet-Lite0 alone
  weights: str = ''  # of it, or of a ResNet-101 for annotations
  layer: str = 'resid_post_10'  # of it
  units: limits.Count = 12  # of it, that are shown

  def __post_init__(self):
    limits.check(self)
    if self.word_updates % self.check_every:
      raise ValueError(
          'config.word_updates must be a multiple of'
          f' check_every={self.check_every}, got {self.word_updates}.'
      )
    if self.words.num_features != sum(self.network.channels):
      raise ValueError(
          'config.words.num_features must be the sum of network.channels='
          f'{self.network.channels}, got {self.words.num_features}.'
      )
    if self.num_seeds < 2:
      raise ValueError('config.num_seeds must be at least 2: one is left out.')


PRESETS = {
    'small': Config(),
    'smoke': Config(
        num_seeds=2, network=_TINY, num_updates=4, batch_size=4, num_images=20,
        exemplars=3, words=_words(_TINY, hidden=6, embedding=4, beam=3),
        word_updates=4, word_batch=4, check_every=2, num_tests=6,
        deletions=(0, 1, 2), num_random=2,
    ),
    'paper': Config(
        told_by='people', layers=('layer1', 'layer2', 'layer3', 'layer4'),
        words=describer.Config(sum(_SMALL.channels), len(regions.VOCABULARY)),
        word_updates=60_000, word_rate=1e-3, check_every=500,
    ),
}  # fmt: skip

PAPER = train.Paper(
    title='Natural language descriptions of deep visual features',
    authors='Hernandez, Schwettmann, Bau, Bagashvili, Torralba, Andreas',
    year=2022,
    url='https://arxiv.org/abs/2201.11114',
    modules=(
        'nmlib.networks.captioning', 'nmlib.analysis.dissection',
        'nmlib.analysis.exemplars', 'nmlib.analysis.descriptions',
        'nmlib.analysis.deletion', 'nmlib.data.region_descriptions',
    ),
    checked='an independent implementation: captioner, language model, wPMI,'
    ' pooling in masks',
    headline=train.Headline(
        says='factor F1 on networks not seen: wPMI, the best constant',
        claim='Descriptions by wPMI name the factors better than the best',
        keys=('wPMI', 'constant'),
        paper='BERTScore on MILANNOTATIONS instead',
    ),
    data={
        **dict.fromkeys(PRESETS, (train.Source('shapes', 'generated'),)),
        'paper': (
            train.Source('MILANNOTATIONS', 'files', flag='--annotations'),
        ),
    },
)  # fmt: skip
