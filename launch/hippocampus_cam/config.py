"""The settings of `launch.hippocampus_cam`."""

import dataclasses
from typing import Annotated

from nmlib import train
from nmlib.neurons.core import limits


@dataclasses.dataclass(frozen=True)
class Config:
  """The paper's experiments have no settings; times are in ms."""

  num_seeds: limits.Count = 8  # of random contents, on 5 cues and 10 bits
  spacings: Annotated[tuple[limits.Count, ...], limits.Some(distinct=True)] = (
      tuple(range(5, 21))
  )  # between starts of operations
  orthogonal_bits: limits.Count = 2  # of a content that shares none
  overlapping_bits: limits.Count = 3  # of one that may
  large: limits.Count = 256  # cues, and bits, of a larger memory
  large_bits: limits.Count = 8  # of a content there
  large_blocks: limits.Count = 3  # each learns all cues, then recalls by all
  large_spacings: tuple[limits.Count, limits.Count] = (10, 20)

  def __post_init__(self):
    limits.check(self)
    if not self.large_spacings[0] < self.large_spacings[1]:
      raise ValueError(
          'config.large_spacings must be a short and a longer one, got'
          f' {self.large_spacings}.'
      )
    if not {7, 10} <= set(self.spacings):
      raise ValueError(
          'config.spacings must have 7 and 10, which claims are about, got'
          f' {self.spacings}.'
      )


PRESETS = {
    'small': Config(),
    'smoke': Config(
        num_seeds=2, spacings=(7, 10), large=6, large_bits=2, large_blocks=2
    ),
    'paper': Config(
        num_seeds=64, spacings=tuple(range(5, 31)), large=1024, large_blocks=4
    ),
}  # fmt: skip

_STIMULI = train.Source('operations on a memory', 'generated')
PAPER = train.Paper(
    title='A neuromorphic spike-based content-addressable memory',
    authors='Casanueva-Morato et al.', year=2024,
    url='https://arxiv.org/abs/2310.05868',
    modules=(
        'nmlib.networks.content_addressable_memory',
        'nmlib.neurons.spiking.if_curr_exp', 'nmlib.plasticity.stdp',
        'nmlib.plasticity.presets',
    ),
    checked=(
        'the published rasters, spike by spike; STDP of NEST, Brian2 and'
        ' SpikingJelly'
    ),
    headline=train.Headline(
        says='share of recalls by one bit that are right, 7 ms and 10 ms apart',
        claim='Overlapping contents: 7 ms', keys=('7 ms', '10 ms'),
        paper='not measured',
    ),
    data=dict.fromkeys(PRESETS, (_STIMULI,)),
)  # fmt: skip
