"""The settings of `launch.snn_surrogate`."""

import dataclasses
from typing import Annotated
from typing import Literal

from nmlib import train
from nmlib.neurons.core import limits
from nmlib.neurons.spiking.presets import usual_surrogates

SHORTCUTS = {'path': "Folder of MNIST's four files."}
_Code = Literal['rate', 'latency']
_Codes = Annotated[tuple[_Code, ...], limits.Some(distinct=True)]
_Names = Annotated[
    tuple[usual_surrogates.Name, ...], limits.Some(distinct=True)
]
_Counts = Annotated[tuple[limits.Count, ...], limits.Some()]


@dataclasses.dataclass(frozen=True)
class Config:
  """Steps of time are T; training steps are Adam's."""

  source: Literal['digits', 'mnist'] = 'digits'
  path: limits.Path = ''  # of MNIST's four files; '' asks TFDS
  num_seeds: limits.Count = 5
  codes: _Codes = ('rate', 'latency')
  surrogates: _Names = (
      'fast_sigmoid', 'arctan', 'triangle', 'boxcar', 'gaussian',
      'straight_through', 'zero',
  )  # fmt: skip
  hidden: _Counts = (128,)
  num_steps: limits.Count = 20  # T of the digits
  rate_gain: limits.Positive = 0.5  # spikes a step of a white pixel
  latency_tau: limits.Positive = 5.0  # steps
  latency_threshold: limits.Fraction = 0.2  # darker pixels do not fire
  training_steps: limits.Count = 600
  batch_size: limits.Count = 64
  learning_rate: limits.Positive = 2e-3
  conversion_steps: _Counts = (4, 8, 16, 32, 64, 128, 256)
  random_conversion_steps: _Counts = (64, 128, 256, 512, 1024)
  pattern_steps: limits.Count = 50  # T of the patterns
  pattern_samples: limits.Count = 160  # a class
  pattern_train: limits.Count = 600  # of all samples; the others test
  pattern_hidden: limits.Count = 32
  pattern_training_steps: limits.Count = 400
  pattern_batch_size: limits.Count = 128
  pattern_learning_rate: limits.Positive = 3e-3
  pattern_surrogates: _Names = ('fast_sigmoid', 'straight_through', 'zero')
  rate_penalty: limits.NonNegative = 20.0  # of the rate; 0: leave this out

  def __post_init__(self):
    limits.check(self)
    for name in ('surrogates', 'pattern_surrogates'):
      if 'fast_sigmoid' not in getattr(self, name):
        raise ValueError(
            f"config.{name} must include 'fast_sigmoid', which the report"
            f' compares, got {getattr(self, name)}.'
        )


PRESETS = {
    'small': Config(),
    'smoke': Config(
        num_seeds=2, codes=('latency',), surrogates=('fast_sigmoid',),
        hidden=(16,), num_steps=8, training_steps=20, conversion_steps=(4,),
        random_conversion_steps=(16, 32), pattern_steps=10, pattern_samples=20,
        pattern_train=60, pattern_hidden=8, pattern_training_steps=10,
        pattern_batch_size=20, pattern_surrogates=('fast_sigmoid',),
        rate_penalty=0.0,
    ),
    'paper': Config(
        source='mnist', surrogates=usual_surrogates.NAMES, hidden=(800,),
        num_steps=50, training_steps=9000, batch_size=128, learning_rate=1e-3,
    ),
}  # fmt: skip

_DIGITS = train.Source('8 x 8 digits', 'embedded')
_MNIST = train.Source('MNIST', 'tfds', tfds='mnist', flag='--path')
_PATTERNS = train.Source('patterns of spike times', 'generated')
PAPER = train.Paper(
    title='Deep Learning in Spiking Neural Networks',
    authors='Tavanaei et al.', year=2019,
    url='https://arxiv.org/abs/1804.08150',
    modules=(
        'nmlib.neurons.spiking.lif', 'nmlib.neurons.spiking.current_lif',
        'nmlib.neurons.spiking.surrogate', 'nmlib.networks.spiking.spiking_mlp',
        'nmlib.networks.spiking.spiking_conversion',
    ),
    checked='snnTorch, Norse, SpikingJelly, Spyx: spikes, membranes, gradients',
    headline=train.Headline(
        says='accuracy on digits in a latency code',
        claim='latency code: a surrogate-trained network',
        keys=('fast_sigmoid',), paper='0.9888 (MNIST, Lee 2016)',
    ),
    data=dict.fromkeys(PRESETS, (_DIGITS, _PATTERNS))
    | {'paper': (_MNIST, _PATTERNS)},
)  # fmt: skip
