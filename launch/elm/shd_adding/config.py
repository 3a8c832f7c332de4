"""The settings of `launch.elm.shd_adding`."""

import dataclasses
import typing
from typing import Annotated
from typing import Literal

from launch.elm import config as elm_config
from nmlib import train
from nmlib.neurons.core import limits

Model = Literal['elm', 'network', 'lstm', 'chrono lstm']
Models = Annotated[tuple[Model, ...], limits.Some(True)]
Times = Annotated[tuple[limits.Positive, ...], limits.Some(True)]
Sizes = Annotated[tuple[limits.Count, ...], limits.Some()]
_LONG = train.Loop(
    140_000, 8, steps_per_call=100, log_every=100, checkpoint_every=2000
)


@dataclasses.dataclass(frozen=True)
class Config:
  """Times in ms."""

  models: Models = typing.get_args(Model)
  tau_max: Times = (2.0, 5.0, 20.0, 100.0)  # of the ELM neuron, ascending
  path: limits.Path = ''  # folder of SHD's files; '': the stand-in
  dt: limits.Positive = 1.0  # of a step: the width of a bin
  num_seeds: limits.Count = 3
  loop: train.Loop = train.Loop(
      800, batch_size=32, steps_per_call=40, log_every=40, checkpoint_every=400
  )
  learning_rate: limits.Positive = 5e-3
  # Of inputs, each on its own, without rescaling, in tests too: the authors'.
  input_dropout: limits.Fraction = 0.0
  label_smoothing: limits.UnitInterval = 0.0
  num_memory: limits.Count = 20  # of the ELM neuron
  num_units: limits.Count = 20  # of LSTM
  hidden: Sizes = (16,)  # neurons of the network
  hidden_memory: limits.Count = 5
  branches: limits.Count = 10
  synapses_per_branch: limits.Count = 10
  activity_penalty: limits.NonNegative = 0.0  # of the network's first layer
  variational_dropout: limits.Fraction = 0.0  # of its inputs and recurrence
  binary: bool = False  # two spikes of SHD in a bin count once
  warmup: limits.Natural = 0  # steps in which the learning rate rises
  clip: limits.NonNegative = 0.0  # of the gradient's global norm; 0: none
  test_pairs: limits.Count = 2000

  def __post_init__(self):
    limits.check(self)
    if list(self.tau_max) != sorted(self.tau_max):
      raise ValueError(
          f'config.tau_max must be ascending times, got {self.tau_max}.'
      )
    if self.warmup >= self.loop.num_steps:
      raise ValueError(
          'config.warmup must be below num_steps='
          f'{self.loop.num_steps}, got {self.warmup}.'
      )


PRESETS = {
    'small': Config(),
    'smoke': Config(
        models=('elm', 'network'), tau_max=(100.0,), num_seeds=2,
        loop=train.Loop(4, batch_size=2, steps_per_call=2, log_every=2),
        num_memory=3, hidden=(3,), hidden_memory=2, branches=2,
        synapses_per_branch=3, test_pairs=8,
    ),
    'paper': Config(
        tau_max=(500.0,), dt=10.0, loop=_LONG, input_dropout=0.5,
        num_memory=100, num_units=100, hidden=(96,), branches=30,
        test_pairs=16_000,
    ),
    # The best of the networks of arXiv 2605.12049; the penalty on what its MLPs
    # put out is left out.
    'network': Config(
        models=('network',), tau_max=(500.0,), dt=2.0, binary=True, loop=_LONG,
        label_smoothing=0.01, hidden=(57,), hidden_memory=9, branches=30,
        activity_penalty=0.2, variational_dropout=0.2, warmup=400, clip=1.0,
        test_pairs=16_000,
    ),
}  # fmt: skip

_TEMPLATES = train.Source(
    'templates of spikes in place of SHD', 'generated', flag='--config.path'
)
PAPER = dataclasses.replace(
    elm_config.PAPER,
    modules=('nmlib.neurons.elm', 'nmlib.networks.elm_network'),
    checked="the authors' PyTorch code of the neuron: outputs, memory,"
    ' gradients',
    headline=train.Headline(
        says='accuracy of the ELM Network on sums of two digits',
        claim='The ELM Network learns sums', keys=('ELM network',),
        paper='0.823 (SHD)',
    ),
    data=dict.fromkeys(PRESETS, (_TEMPLATES,)),
    also={'the ELM Network (2026)': 'https://arxiv.org/abs/2605.12049'},
)  # fmt: skip
