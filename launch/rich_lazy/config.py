"""The settings of `launch.rich_lazy`."""

import dataclasses
import typing
from typing import Annotated
from typing import Literal

from nmlib import train
from nmlib.neurons.core import limits

SHORTCUTS = {
    'connectivity': "Start from the matrix in this file, too; or 'celegans'."
}
_Structure = Literal[
    'Dale', 'log-normal', 'cell types', 'distance', 'chain motifs',
    'power law', 'filled rank 1',
]  # fmt: skip
STRUCTURES = typing.get_args(_Structure)
_SEVERAL = limits.Some(distinct=True)
_Tasks = tuple[Literal['2AF', 'DMS', 'CXT', 'digits'], ...]
_Norms = tuple[Literal['frobenius', 'spectral', 'radius'], ...]
_Structures = tuple[_Structure, ...]
_LOOP = train.Loop(
    3000, steps_per_call=100, log_every=100, eval_every=300,
    checkpoint_every=300,
)  # fmt: skip
_SELDOM = dataclasses.replace(_LOOP, eval_every=1500, checkpoint_every=1500)


@dataclasses.dataclass(frozen=True)
class Config:
  """Ranks share one W_0 and one order of trials within a seed."""

  tasks: Annotated[_Tasks, _SEVERAL] = ('2AF', 'DMS', 'CXT', 'digits')
  neuron: Literal['rnn', 'gru'] = 'rnn'  # gru: one W_0 for its three products
  ranks: tuple[limits.Count, ...] = (1, 30, 100)
  matches: Annotated[_Norms, _SEVERAL] = ('frobenius', 'spectral', 'radius')
  structures: tuple[()] | Annotated[_Structures, _SEVERAL] = ()  # and controls
  # 'celegans' or a file; joins in, with controls.
  connectivity: limits.Path = ''
  keep_dale: bool = False  # columns of one sign keep it while they learn
  digits: str = 'digits'  # source of `nmlib.data.images.digits.load`
  digits_path: limits.Path = ''
  num_units: limits.Count = 100  # N; a file's size, if one is given
  gain: limits.Positive = 1.25
  num_seeds: limits.Count = 8
  loop: train.Loop = _LOOP
  learning_rate: limits.Positive = 0.003
  momentum: limits.Fraction = 0.9
  smoothing: limits.Fraction = 0.98  # of the loss held against the criterion
  probe_trials: limits.Count = 320  # for representations
  kernel_trials: limits.Count = 32  # of them for tangent kernels

  def __post_init__(self):
    limits.check(self)
    ascending = list(self.ranks) == sorted(set(self.ranks))
    if len(self.ranks) < 2 or not ascending or self.ranks[-1] > self.num_units:
      raise ValueError(
          'config.ranks must be at least two ascending numbers in [1,'
          f' num_units={self.num_units}], got {self.ranks}.'
      )
    if self.structures and self.num_units < 5:
      raise ValueError(
          'config.num_units must be at least 5 for config.structures, got'
          f' {self.num_units}.'
      )
    if self.kernel_trials > self.probe_trials:
      raise ValueError(
          f'config.kernel_trials must be in [1, probe_trials='
          f'{self.probe_trials}], got {self.kernel_trials}.'
      )


PRESETS = {
    'small': Config(),
    'smoke': Config(
        tasks=('2AF',), ranks=(1, 12), matches=('frobenius',), num_units=12,
        num_seeds=2,
        loop=train.Loop(6, 4, steps_per_call=2, log_every=2, eval_every=2),
        probe_trials=8, kernel_trials=4,
    ),
    'paper': Config(
        ranks=(1, 30, 100, 300), num_units=300,
        loop=dataclasses.replace(_LOOP, num_steps=10_000),
        matches=('frobenius',), digits='mnist',
    ),
    'structured': Config(
        tasks=('2AF', 'DMS'), ranks=(1, 100), matches=('frobenius',),
        structures=STRUCTURES, loop=_SELDOM,
    ),
    'connectome': Config(
        tasks=('2AF',), ranks=(30, 302), matches=('radius',),
        connectivity='celegans', num_units=302, num_seeds=4, kernel_trials=16,
        loop=_SELDOM,
    ),
}  # fmt: skip

_TRIALS = train.Source('trials of decision tasks', 'generated')
_DIGITS = train.Source('8 x 8 digits', 'embedded')
_MNIST = train.Source('MNIST', 'tfds', 'mnist', '--config.digits_path')
_WORM = train.Source('wiring of C. elegans', 'embedded', flag='--connectivity')
PAPER = train.Paper(
    title='How connectivity structure shapes rich and lazy learning',
    authors='Liu et al.', year=2024, url='https://arxiv.org/abs/2310.08513',
    modules=(
        'nmlib.neurons.rate.rnn', 'nmlib.neurons.rate.gru',
        'nmlib.neurons.initializers', 'nmlib.analysis.laziness',
        'nmlib.analysis.linear_theory',
    ),
    checked="the authors' training loop and measures, step by step; NeuroGym's"
    ' trials; gradient flow',
    headline=train.Headline(
        says='tangent kernel alignment, rank 100 less rank 1, task 2AF',
        claim='High rank is lazier, frobenius norm matched: tangent kernel',
        keys=('2AF: ',), paper='above 0, figures only',
    ),
    data={
        'small': (_TRIALS, _DIGITS), 'smoke': (_TRIALS,),
        'paper': (_TRIALS, _MNIST), 'structured': (_TRIALS,),
        'connectome': (_TRIALS, _WORM),
    },
)  # fmt: skip
