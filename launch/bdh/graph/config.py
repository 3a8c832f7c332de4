"""The settings of `launch.bdh.graph`."""

import dataclasses
from typing import Annotated

from launch.bdh import config as bdh_config
from nmlib import train
from nmlib.neurons import bdh
from nmlib.neurons.core import limits

SHORTCUTS = {'trained': 'Read the model of this workdir of launch.bdh.'}


@dataclasses.dataclass(frozen=True)
class Config:
  """The model is trained as `training` says, unless `trained` names a run.

  Even words of each list are for choosing a synapse, odd ones for its test.
  """

  trained: str = ''  # workdir of a run of launch.bdh, whose config then counts
  training: bdh_config.Config = bdh_config.PRESETS['small']
  # Edges kept, per neuron.
  edges: Annotated[tuple[int, ...], limits.Some(True)] = (2, 4, 8, 16)
  claimed: limits.Count = 8  # edges a neuron at which graphs are compared
  num_partitions: limits.Count = 2  # by Louvain's method; the best counts
  candidates: limits.Count = 128  # most active neurons x, and y, of a head
  templates: tuple[str, ...] = (
      'size = {}', 'return {}', 'value += {}', 'print({})', 'if n == {}:',
      'row = data[{}]', 'self.count = {}', 'for i in range({}):',
      'assert len(x) > {}', 'x.append({})',
  )  # fmt: skip
  members: tuple[str, ...] = tuple(
      '128 346 250 793 512 467 100 934 805 679'.split()
  )
  others: tuple[str, ...] = tuple(
      'key tmp row buf arg msg obj fmt val num'.split()
  )

  def __post_init__(self):
    limits.check(self)
    if self.claimed not in self.edges:
      raise ValueError(
          f'config.claimed must be one of config.edges = {self.edges}, got'
          f' {self.claimed}.'
      )


PRESETS = {
    'small': Config(),
    'smoke': Config(
        training=bdh_config.PRESETS['smoke'], edges=(2, 8), num_partitions=1,
        candidates=16,
    ),
    'paper': Config(
        training=dataclasses.replace(
            bdh_config.PRESETS['paper'], source='python_library',
            model=bdh.Config(num_layers=8, dtype='bfloat16'),
        ),
        edges=(2, 4, 8, 16, 32, 64, 128),
    ),
}  # fmt: skip

_PYTHON = (train.Source("Python's standard library", 'embedded'),)
PAPER = dataclasses.replace(
    bdh_config.PAPER,
    modules=(
        'nmlib.analysis.graphs', 'nmlib.analysis.synapses',
        'nmlib.analysis.tails',
    ),
    checked='networkx, SciPy, and sums over all pairs of neurons',
    headline=train.Headline(
        says='modularity at 8 edges a neuron: trained, Gaussian product',
        claim='Modularity is above that of a Gaussian product',
        keys=('trained', 'Gaussian product'),
        paper='above, figure only',
    ),
    data={name: _PYTHON for name in PRESETS},
)  # fmt: skip
