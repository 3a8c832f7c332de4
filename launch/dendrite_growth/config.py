"""The settings of `launch.dendrite_growth`."""

import dataclasses
import typing
from typing import Annotated
from typing import Literal

from nmlib import train
from nmlib.neurons.core import limits
from nmlib.train.growing import settings

SHORTCUTS = {'path': "Folder of MNIST's four files."}
_Task = Literal[
    'shallow', 'deep', 'convolutional', 'transformer', 'recurrent', 'gated',
    'points',
]  # fmt: skip
_Kind = Literal['correlation', 'control', 'random', 'gradient', 'wide']
TASKS: tuple[_Task, ...] = typing.get_args(_Task)
KINDS: tuple[_Kind, ...] = typing.get_args(_Kind)


@dataclasses.dataclass(frozen=True)
class Config(settings.Settings):
  """Sizes and lengths; steps are optimizer steps (Adam).

  A cycle is: candidates learn for candidate_steps (rivals that have none get
  these steps too), trials find the rate to start from, neurons learn for
  more_steps.
  """

  tasks: tuple[_Task, ...] = ('shallow', 'deep', 'points')
  kinds: tuple[_Kind, ...] = KINDS
  source: Literal['digits', 'mnist'] = 'digits'  # of images
  path: limits.Path = ''  # of MNIST's four files; '' asks TFDS
  widen: Annotated[tuple[limits.Count, ...], limits.Some()] = (1,)  # width
  cycles: limits.Count = 2


PRESETS = {
    'small': Config(),
    'layers': Config(
        tasks=('convolutional', 'transformer', 'recurrent', 'gated'),
        kinds=('correlation', 'control', 'gradient', 'wide'), num_seeds=3,
        neuron_steps=1000, more_steps=500,
    ),
    'compression': Config(
        tasks=('shallow',), kinds=('correlation', 'control'), widen=(1, 2, 4, 8)
    ),
    'smoke': Config(
        tasks=('shallow',), num_seeds=2, cycles=1, neuron_steps=60,
        more_steps=40, candidate_steps=40, trial_steps=20, inner_steps=20,
    ),
    'paper': Config(
        tasks=TASKS, source='mnist', num_seeds=10, widen=(4,),
        candidate_batch=1024, candidate_patience=10, neuron_steps=20_000,
        more_steps=10_000, candidate_steps=1000, switch='history', max_tries=2,
    ),
}  # fmt: skip

_DIGITS = train.Source('8 x 8 digits', 'embedded')
_MNIST = train.Source('MNIST', 'tfds', tfds='mnist', flag='--path')
_POINTS = train.Source('noisy points on five solids', 'generated')
PAPER = train.Paper(
    title='Perforated Backpropagation', authors='Brenner, Itti', year=2025,
    url='https://arxiv.org/abs/2501.18018',
    modules=(
        'nmlib.neurons.dendrites.perforated',
        'nmlib.networks.dendrites.dendritic', 'nmlib.networks.dendrites.growth',
    ),
    checked='the open library: forward, gradients; the published'
    ' Cascade-Correlation rule: scores, gradients',
    headline=train.Headline(
        says='accuracy on digits with grown dendrites, and without',
        claim='shallow: test accuracy is higher than with training on',
        keys=('correlation', 'control'), paper='higher, on other data',
    ),
    data=dict.fromkeys(PRESETS, (_DIGITS,))
    | {'small': (_DIGITS, _POINTS), 'paper': (_MNIST, _POINTS)},
)  # fmt: skip
