"""The settings of `launch.rich_lazy`."""

import dataclasses
from typing import Annotated

from nmlib import train
from nmlib.data.tasks import trial_tasks
from nmlib.networks import trial_network
from nmlib.neurons.core import limits
from nmlib.neurons.initializers import low_rank
from nmlib.neurons.initializers import structures

SHORTCUTS = {
    'connectivity': "Start from the matrix in this file, too; or 'celegans'."
}
# When a task counts as learnt: mean over the asked steps, nats; 8 of a decision
# task, the last of a digit.
CRITERIA = {'2AF': 0.042, 'DMS': 0.010, 'CXT': 0.050, 'digits': 0.25}
_SEVERAL = limits.Some(distinct=True)
_Tasks = Annotated[tuple[trial_tasks.Name, ...], _SEVERAL]
_Norms = Annotated[tuple[low_rank.Norm, ...], _SEVERAL]
_Structures = tuple[()] | Annotated[tuple[structures.Name, ...], _SEVERAL]
_Ranks = Annotated[tuple[limits.Count, ...], limits.Some(rising=True)]
_LOOP = train.Loop(3000, 32, 100, 100, eval_every=300, checkpoint_every=300)
_SELDOM = dataclasses.replace(_LOOP, eval_every=1500, checkpoint_every=1500)


@dataclasses.dataclass(frozen=True)
class Config:
  """Ranks share one W_0 and one order of trials within a seed."""

  tasks: _Tasks = trial_tasks.NAMES
  neuron: trial_network.Neuron = 'rnn'  # gru: one W_0 for its three products
  ranks: _Ranks = (1, 30, 100)
  matches: _Norms = ('frobenius', 'spectral', 'radius')
  structures: _Structures = ()  # and controls
  connectivity: limits.Path = ''  # 'celegans' or a file; and controls
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
    if self.ranks[-1] > self.num_units:
      raise ValueError(
          f'config.ranks must be at most num_units={self.num_units}, got'
          f' {self.ranks}.'
      )
    if self.kernel_trials > self.probe_trials:
      raise ValueError(
          'config.kernel_trials must be at most probe_trials='
          f'{self.probe_trials}, got {self.kernel_trials}.'
      )


PRESETS = {
    'small': Config(),
    'smoke': Config(
        tasks=('2AF',), ranks=(1, 12), matches=('frobenius',), num_units=12,
        num_seeds=2, loop=train.Loop(6, 4, 2, log_every=2, eval_every=2),
        probe_trials=8, kernel_trials=4,
    ),
    'paper': Config(
        ranks=(1, 30, 100, 300), num_units=300,
        loop=dataclasses.replace(_LOOP, num_steps=10_000),
        matches=('frobenius',), digits='mnist',
    ),
    'structured': Config(
        tasks=('2AF', 'DMS'), ranks=(1, 100), matches=('frobenius',),
        structures=structures.NAMES, loop=_SELDOM,
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
    data=dict.fromkeys(PRESETS, (_TRIALS,)) | {
        'small': (_TRIALS, _DIGITS), 'paper': (_TRIALS, _MNIST),
        'connectome': (_TRIALS, _WORM),
    },
)  # fmt: skip
