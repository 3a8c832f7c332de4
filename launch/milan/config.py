"""The settings of `launch.milan`."""

import dataclasses
from typing import Annotated
from typing import Literal

from nmlib import train
from nmlib.data.images import region_descriptions as regions
from nmlib.data.images import shapes
from nmlib.networks import describer
from nmlib.networks import description_learner as learner
from nmlib.networks.vision import cnn
from nmlib.neurons.core import limits

SHORTCUTS = {
    'images': 'A folder of images, for real.',
    'annotations': 'Units described by people: a folder, for paper.',
    'weights': 'Of EfficientNet-Lite0 for real, of a ResNet-101 for paper.',
}
# What networks are trained to tell, and of how many values each.
HEADS = {k: len(v) for k, v in shapes.NAMES.items() if k != 'place'}
_OUTPUTS = sum(HEADS.values())


@dataclasses.dataclass(frozen=True)
class Config:
  """Sizes, and the user's files."""

  source: Literal['shapes', 'images', 'people'] = 'shapes'  # what units are of
  num_seeds: Annotated[int, limits.Range(2)] = 5  # networks, or splits of units
  network: cnn.Config = cnn.Config(_OUTPUTS, strides=(2, 2, 1))
  loop: train.Loop = train.Loop(2500, 32, steps_per_call=50, log_every=50)
  learning_rate: limits.Positive = 5e-3
  num_images: limits.Count = 2000  # units are dissected on
  exemplars: limits.Count = 15  # k
  hidden: limits.Count = 64  # of the captioner and the language model
  embedding: limits.Count = 32  # likewise
  length: limits.Count = regions.LENGTH  # words of a description, stop included
  beam: limits.Count = 20
  word_rate: limits.Positive = 3e-3
  check_every: limits.Count = 25  # updates; the best weights are kept
  num_checks: limits.Count = 16
  num_tests: limits.Count = 250  # images of each kind
  deletions: Annotated[tuple[limits.Natural, ...], limits.Some(rising=True)] = (
      0, 1, 2, 4, 8, 12, 16, 24, 32,
  )  # fmt: skip
  images: limits.Path = ''  # a folder
  annotations: limits.Path = ''  # a folder, as of `nmlib.data.unit_annotations`
  weights: limits.Path = ''  # a file
  layer: str = 'resid_post_10'  # of EfficientNet-Lite0

  __post_init__ = limits.check

  def learning(self, num_features: int, vocab_size: int) -> learner.Config:
    """Returns how words are learned, of so many features and words."""
    models = describer.Config(
        num_features, vocab_size, self.hidden, self.embedding,
        length=self.length, beam=self.beam,
    )  # fmt: skip
    return learner.Config(
        models, learning_rate=self.word_rate, check_every=self.check_every
    )


PRESETS = {
    'small': Config(),
    'smoke': Config(
        num_seeds=2, network=cnn.Config(_OUTPUTS, (4, 4), (4, 2)),
        loop=train.Loop(4, 4), num_images=20, exemplars=3, hidden=6,
        embedding=4, beam=3, check_every=2, num_checks=2, num_tests=20,
        deletions=(0, 1, 2),
    ),
    'real': Config('images'),
    'paper': Config(
        'people', hidden=512, embedding=128, beam=50, length=15, word_rate=1e-3,
        check_every=500, num_checks=120,
    ),
}  # fmt: skip

_SHAPES = (train.Source('shapes', 'generated'),)
_WEIGHTS = train.Source('weights of ImageNet', 'files', flag='--weights')
PAPER = train.Paper(
    title='Natural language descriptions of deep visual features',
    authors='Hernandez, Schwettmann, Bau, Bagashvili, Torralba, Andreas',
    year=2022, url='https://arxiv.org/abs/2201.11114',
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
        'small': _SHAPES, 'smoke': _SHAPES,
        'real': (_WEIGHTS, train.Source('images', 'files', flag='--images')),
        'paper': (_WEIGHTS, train.Source(
            'MILANNOTATIONS', 'files', flag='--annotations')),
    },
)  # fmt: skip
