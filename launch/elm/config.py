"""The settings of `launch.elm`."""

import dataclasses
import typing
from typing import Annotated
from typing import Literal

from nmlib import train
from nmlib.data.recordings import neuronio_windows
from nmlib.data.recordings import simulated
from nmlib.neurons.core import limits

Variant = Literal[
    'd_m 10', 'd_m 3', 'd_m 1', 'd_m 10, tau 1-5', 'd_m 10, linear',
    'd_m 10, lambda 1', 'lstm', 'chrono lstm', 'tcn',
]  # fmt: skip
Variants = Annotated[tuple[Variant, ...], limits.Some(True)]


@dataclasses.dataclass(frozen=True)
class Files(neuronio_windows.Config):
  """Branch-ELM of the paper, and how files are read and judged."""

  version: Literal[1, 3] = 1  # of the neuron; 3: the authors' run of 2026
  num_memory: Annotated[tuple[limits.Count, ...], limits.Some(True)] = (20,)
  num_branches: limits.Count = 45
  synapses_per_branch: limits.Count = 100


@dataclasses.dataclass(frozen=True)
class Config:
  """Times in ms; `variants` are the students, of which claims need pairs."""

  variants: Variants = typing.get_args(Variant)
  neuronio: limits.Path = ''  # folder with NeuronIO's files in train/ and test/
  files: Files = Files()
  simulator: Literal['cable', 'pyramidal'] = 'cable'
  cache: str = ''  # folder of the recordings of 'cable'; '': in the workdir
  train_trials: limits.Count = 512  # of 'cable'; 'pyramidal' draws fresh ones
  train_length: limits.Count = 700  # of which windows are drawn
  num_units: limits.Count = 10  # of LSTM
  tcn_channels: Annotated[tuple[limits.Count, ...], limits.Some()] = (10,) * 6
  num_seeds: limits.Count = 3
  loop: train.Loop = train.Loop(
      1200, batch_size=16, steps_per_call=20, log_every=20, checkpoint_every=400
  )
  length: limits.Count = 300  # of a training recording
  learning_rate: limits.Positive = 5e-3
  clip: limits.NonNegative = 1.0  # of the gradient's global norm; 0: none
  spike_bias: limits.Finite | None = -4.0  # of the spike head at the start
  test_trials: limits.Count = 64
  test_length: limits.Count = 600
  ignore: limits.Natural = 100  # start of a test recording, not counted
  version: Literal[1, 2] = 2
  num_memory: limits.Count = 10
  tau_min: limits.Positive = 1.0
  tau_max: limits.Positive = 150.0
  teacher: simulated.Pyramidal = simulated.Pyramidal()
  biophysics: simulated.Cable = simulated.Cable()

  def __post_init__(self):
    limits.check(self)
    if self.train_length < self.length + self.ignore:
      raise ValueError(
          'config.train_length must be at least length + ignore ='
          f' {self.length + self.ignore}, got {self.train_length}.'
      )
    if self.ignore >= self.test_length:
      raise ValueError(
          f'config.ignore must be below test_length={self.test_length}, got'
          f' {self.ignore}.'
      )

  @property
  def neuron(self) -> simulated.Config:
    """The one that is simulated."""
    return self.biophysics if self.simulator == 'cable' else self.teacher


PRESETS = {
    'small': Config(),
    'smoke': Config(
        variants=('d_m 10', 'd_m 3'), num_seeds=2,
        loop=train.Loop(4, batch_size=2, steps_per_call=2, log_every=2),
        length=40, test_trials=8, test_length=300, ignore=20, train_trials=4,
        train_length=60,
    ),
    'paper': Config(
        num_memory=20,
        loop=train.Loop(
            350_000, batch_size=8, steps_per_call=20, log_every=100,
            checkpoint_every=10_000,
        ),
        length=500, learning_rate=5e-4,
    ),
}  # fmt: skip

_SIMULATED = train.Source(
    'a simulated neuron of compartments', 'generated', flag='--config.neuronio'
)
PAPER = train.Paper(
    title='The Expressive Leaky Memory Neuron', authors='Spieler et al.',
    year=2024, url='https://arxiv.org/abs/2306.16922',
    modules=('nmlib.neurons.elm',),
    checked="the authors' PyTorch code: outputs, memory, gradients, released"
    ' weights, metrics',
    headline=train.Headline(
        says='explained variance of the voltage by 10 memory units',
        claim='More memory helps', keys=('d_m 10',), paper='0.948 (NeuronIO)',
    ),
    data=dict.fromkeys(PRESETS, (_SIMULATED,)),
)  # fmt: skip
