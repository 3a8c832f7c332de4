"""The settings of `launch.multifaceted_viz`; pixels are of 0..255."""

import dataclasses
from typing import Annotated
from typing import Any
from typing import Literal

from nmlib import train
from nmlib.analysis import feature_visualization
from nmlib.networks import cnn
from nmlib.neurons.core import limits

Stage = feature_visualization.Stage

# The published stages for 32 pixels a side: fewer and longer steps.
_MEAN_START = (
    Stage(30, (2, 4), (0.4, 0.4)),
    Stage(20, (2, 2), (0.1, 2), scale=1.2),
    Stage(6, (2, 2), (0.1, 2), margin=7, window=0.2),
    Stage(4, (2, 2), (0.4, 2)),
)
_CENTRE_BIASED = (
    Stage(20, (11, 11), (0.05, 0.1), objective='probability'),
    Stage(14, (6, 6), (0.05, 0.1), scale=1.2, objective='probability'),
    Stage(16, (2, 2), (0.1, 2), scale=1.2),
    Stage(6, (3, 3), (0.1, 2), margin=7, window=0.1),
    Stage(4, (6, 3), (0.1, 2)),
)


@dataclasses.dataclass(frozen=True)
class Config:
  """Of planted facets, or of a user's network and images."""

  source: Literal['shapes', 'resnet', 'efficientnet'] = 'shapes'
  num_facets: limits.Count = 3  # of a class; k of k-means
  num_mean: limits.Count = 15  # images of a start
  num_dims: limits.Count = 50  # principal components, at most
  perplexity: limits.Positive = 30.0
  mean_start: Annotated[tuple[Stage, ...], limits.Some()] = _MEAN_START
  centre_biased: Annotated[tuple[Stage, ...], limits.Some()] = _CENTRE_BIASED
  sweeps: limits.Count = 20  # of one denoising, at most
  num_seeds: limits.Count = 5
  # Of 'shapes': a network of classes and a judge of their facets.
  num_classes: limits.Count = 3
  num_images: limits.Count = 2400  # to learn from, for each network
  per_class: limits.Count = 120  # whose facets are looked for
  channels: tuple[limits.Count, ...] = 12, 24, 32, 32
  strides: tuple[limits.Count, ...] = 2, 2, 2, 1
  num_steps: limits.Count = 500
  batch_size: limits.Count = 32
  learning_rate: limits.Positive = 1e-2
  # Of a user's network.
  weights: limits.Path = ''  # .safetensors or .npz
  images: limits.Path = ''  # folder of one class's images
  unit: limits.Natural = 0  # which class

  def __post_init__(self):
    limits.check(self)
    if self.source != 'shapes' and self.unit >= 1000:
      raise ValueError(f'config.unit must be below 1000, got {self.unit}.')

  def sizes(self, name: str) -> cnn.Config:
    """Returns the 'network' of classes, or the 'judge' of all their facets."""
    facets = self.num_facets if name == 'judge' else 1
    return cnn.Config(self.num_classes * facets, self.channels, self.strides)


_AS_PUBLISHED: Any = dict(
    num_seeds=1, mean_start=feature_visualization.MEAN_START,
    centre_biased=feature_visualization.CENTRE_BIASED,
)  # fmt: skip
_SHORT = (Stage(2, (2, 4), (0.4, 0.4), scale=1.1),)
PRESETS = {
    'small': Config(),
    'smoke': Config(
        num_facets=2, num_mean=3, perplexity=3.0, mean_start=_SHORT,
        centre_biased=_SHORT, sweeps=2, num_seeds=2, num_classes=2,
        num_images=40, per_class=10, channels=(4,), strides=(4,),
        num_steps=4, batch_size=8,
    ),
    'paper': Config('resnet', num_facets=10, sweeps=100, **_AS_PUBLISHED),
    'real': Config(
        'efficientnet', num_facets=4, num_mean=5, unit=285, **_AS_PUBLISHED
    ),
}  # fmt: skip
SHORTCUTS = {
    'weights': "The network's, .safetensors or .npz.",
    'images': "Folder of one class's images.",
    'unit': 'Number of the class.',
}

_SHAPES = (train.Source('shapes of planted facets', 'generated'),)
_OWN = (
    train.Source('weights of ImageNet', 'files', flag='--weights'),
    train.Source("a class's images", 'files', flag='--images'),
)
PAPER = train.Paper(
    title='Multifaceted feature visualization',
    authors='Nguyen, Yosinski, Clune', year=2016,
    url='https://arxiv.org/abs/1602.03616',
    modules=(
        'nmlib.analysis.feature_visualization', 'nmlib.analysis.facets',
        'nmlib.analysis.total_variation', 'nmlib.analysis.objectives',
    ),
    checked="scikit-image's split-Bregman denoising; steps and schedules",
    headline=train.Headline(
        says='true facets covered: facet means, random starts',
        claim='Facet means cover more than random starts',
        keys=('facet means', 'random'),
        paper='none (qualitative)',
    ),
    data={'small': _SHAPES, 'smoke': _SHAPES, 'paper': _OWN, 'real': _OWN},
)  # fmt: skip
