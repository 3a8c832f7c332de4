"""The settings of `launch.stdp_homeostasis`, none of them the article's."""

import dataclasses
from typing import Annotated

from nmlib import train
from nmlib.networks.spiking import spatial_detector
from nmlib.neurons.core import limits

_Distances = Annotated[tuple[limits.Count, ...], limits.Some(distinct=True)]
_Factors = Annotated[tuple[limits.Positive, ...], limits.Some(distinct=True)]


@dataclasses.dataclass(frozen=True)
class Config:
  """Distances are Hamming distances, in channels."""

  detector: spatial_detector.Config = spatial_detector.Config(steps=24)
  num_active: limits.Count = 12  # k, spikes of a pattern
  distances: _Distances = (2, 6, 12, 18)  # of any two patterns
  # h of the figure; none makes the drive of a probe equal the threshold.
  factors: _Factors = (1.01, 1.02, 1.05, 1.08, 1.15, 1.25, 1.4)
  missing: limits.Count = 2  # spikes that a factor is to forgive
  copies: limits.Count = 200  # probes of each pattern, and at each distance
  grid_copies: limits.Count = 50  # likewise, in the figure
  farthest: limits.Count = 10  # distance of a probe from a pattern
  num_seeds: limits.Count = 5  # draws of patterns and probes

  def __post_init__(self):
    limits.check(self)
    if list(self.distances) != sorted(self.distances):
      raise ValueError(f'config.distances must ascend, got {self.distances}.')
    if not self.missing + 1 < self.num_active < self.detector.num_channels:
      raise ValueError(
          f'config.num_active must be above missing + 1 = {self.missing + 1}'
          f' and below the channels, {self.detector.num_channels}, got'
          f' {self.num_active}.'
      )


PRESETS = {
    'small': Config(),
    'smoke': Config(
        detector=spatial_detector.Config(16, steps=16), num_active=6,
        distances=(2, 4), factors=(1.02, 1.3), missing=1, copies=5,
        grid_copies=3, farthest=4, num_seeds=2,
    ),
    'paper': Config(
        detector=spatial_detector.Config(256, steps=24), num_active=96,
        distances=(2, 6, 12, 18, 48, 96), copies=50, grid_copies=5,
        num_seeds=1000,
    ),
}  # fmt: skip

_PATTERNS = train.Source('random patterns and probes around them', 'generated')
PAPER = train.Paper(
    title='Spatial features with STDP and homeostasis (abstract only)',
    authors='Davies et al.',
    year=2025,
    url='https://arxiv.org/abs/2312.02659',
    modules=(
        'nmlib.networks.spiking.spatial_detector',
        'nmlib.plasticity.homeostasis',
        'nmlib.plasticity.stdp',
        'nmlib.neurons.spiking.if_curr_exp',
    ),
    checked='closed forms of a reconstruction; the article was not available',
    headline=train.Headline(
        says='balanced accuracy of one pattern, near misses included',
        claim='One pattern makes an ideal detector',
        keys=('balanced accuracy',),
        paper='1 (abstract)',
    ),
    data=dict.fromkeys(PRESETS, (_PATTERNS,)),
)
