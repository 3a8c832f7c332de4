"""The settings of `launch.cc_rnn`."""

import dataclasses
from typing import Annotated
from typing import Literal

from nmlib import train
from nmlib.networks import cortico_cerebellar as ccnn
from nmlib.neurons.core import limits

Windows = Annotated[tuple[limits.Count, ...], limits.Some(distinct=True)]
Reads = Literal['labels', 'lines', 'digits']
EPOCH = 16  # steps, as the authors count lines
_READER = ccnn.Config(num_units=30, granule_units=300, granule_layers=1)


@dataclasses.dataclass(frozen=True)
class Config:
  """A step learns one batch.

  windows are the T of lines; at the first of them the cerebellum is also
  ablated, after half of the steps. rows are tasks on digits read row by row:
  to name them, or to draw a line or the digit.
  """

  num_seeds: limits.Count = 3
  length: Annotated[int, limits.Range(3)] = 10  # L, steps of a line
  windows: Windows = (1, 2, 3, 5, 10)
  model: ccnn.Config = ccnn.Config()
  loop: train.Loop = train.Loop(1600, 50, 40, log_every=80, eval_every=80)
  rows: tuple[Reads, ...] = ('labels', 'digits')
  source: Literal['digits', 'mnist'] = 'digits'
  path: limits.Path = ''  # folder of MNIST's files; '': TFDS
  row_model: ccnn.Config = _READER
  row_loop: train.Loop = train.Loop(800, 50, 40, log_every=80, eval_every=80)
  captions: limits.Path = ''  # .npz of features [N, F] and words int [N, L]
  caption_model: ccnn.Config = ccnn.Config(
      num_units=256, granule_units=None, truncation=5, target_interval=1,
      loss='cross_entropy',
  )  # fmt: skip
  caption_loop: train.Loop = train.Loop(
      2000, 50, steps_per_call=10, log_every=100, eval_every=500
  )

  def __post_init__(self):
    limits.check(self)
    half = self.loop.num_steps / 2
    if half % self.loop.steps_per_call or half % self.loop.eval_every:
      raise ValueError(
          'half of config.loop.num_steps must be a multiple of steps_per_call'
          f' and eval_every, for ablations; got {self.loop}.'
      )


_TINY = train.Loop(4, 4, steps_per_call=2, log_every=2, eval_every=2)
_CELLS = ccnn.Config(num_units=6, granule_units=8, granule_layers=1)
PRESETS = {
    'small': Config(),
    'smoke': Config(
        num_seeds=2, length=4, windows=(1,), model=_CELLS, loop=_TINY,
        rows=('digits',), row_model=_CELLS, row_loop=_TINY,
    ),
    'paper': Config(
        num_seeds=10, windows=(1, 2, 3, 4, 5, 7, 10), source='mnist',
        rows=('labels', 'lines', 'digits'),
        row_model=dataclasses.replace(
            _READER, target_interval=4, learning_rate=1e-4
        ),
        row_loop=train.Loop(38_400, 50, 40, log_every=960, eval_every=960),
    ),
}  # fmt: skip

_LINES = train.Source('lines to draw', 'generated')
_DIGITS = train.Source('8 x 8 digits', 'embedded')
_MNIST = train.Source('MNIST', 'tfds', tfds='mnist', flag='--path')
PAPER = train.Paper(
    title='Cortico-cerebellar networks as decoupling neural interfaces',
    authors='Pemberton et al.', year=2021,
    url='https://arxiv.org/abs/2110.11501',
    modules=(
        'nmlib.networks.cortico_cerebellar',
        'nmlib.plasticity.synthetic_gradient',
    ),
    checked="the authors' PyTorch modules: gradients, synthetic gradients and"
    ' weights of three iterations',
    headline=train.Headline(
        says='squared error of drawn lines, T = 1: ccRNN, cRNN',
        claim='With windows of one step a cerebellum helps',
        keys=('ccRNN', 'cRNN'), paper='lower, curves only',
    ),
    data=dict.fromkeys(PRESETS, (_LINES, _DIGITS))
    | {'paper': (_LINES, _MNIST)},
)  # fmt: skip
SHORTCUTS = {'path': "Folder of MNIST's files."}
