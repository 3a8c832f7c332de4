"""The settings of `launch.active_dendrites`."""

import dataclasses
import itertools
import typing
from typing import Annotated
from typing import Literal

from nmlib import train
from nmlib.networks import active_dendrites as network
from nmlib.neurons.core import limits

SHORTCUTS = {'path': "Folder of MNIST's four files."}
Method = Literal[
    'active_dendrites', 'active_dendrites_si', 'k_winners', 'dendrites',
    'mlp', 'mlp_si', 'mlp_replay',
]  # fmt: skip
Rates = Annotated[tuple[limits.Positive, ...], limits.Some(distinct=True)]


@dataclasses.dataclass(frozen=True)
class Config:
  """Sizes, and how long each task is learned.

  The optimizer is Adam, fresh for each task except with synaptic
  intelligence. Replay fills half of each batch from all earlier tasks, of
  which it keeps `replay_images` each. Of several learning rates (and strengths
  of synaptic intelligence) each method gets those that are best on validation
  images after the last task, in the mean over seeds; all are trained at once.
  """

  source: Literal['digits', 'mnist'] = 'digits'
  path: limits.Path = ''  # of MNIST's four files; '' asks TFDS
  num_seeds: limits.Count = 3
  num_tasks: limits.Count = 8
  epochs: limits.Count = 6
  batch_size: limits.Count = 64
  learning_rates: Rates = (5e-4, 2e-3)
  mlp_learning_rates: Rates = (1e-4, 5e-4)
  si_strengths: Rates = (0.1, 1.0, 10.0)
  si_damping: limits.Positive = 0.1
  replay_images: Annotated[int, limits.Range(1, 4096)] = 100
  methods: Annotated[tuple[Method, ...], limits.Some(distinct=True)] = (
      typing.get_args(Method)
  )
  hidden: Annotated[tuple[limits.Count, ...], limits.Some()] = (256, 256)
  num_segments: limits.Count = 8
  activation_density: Annotated[float, limits.Range(0, 1, 'low')] = 0.05
  weight_density: Annotated[float, limits.Range(0, 1, 'low')] = 0.5
  gap: limits.NonNegative = 0.02  # by which one method must beat the next
  trials: limits.Count = 200_000  # random patterns for each check of the theory

  __post_init__ = limits.check

  def settings(self, method: str) -> list[tuple[float, float]]:
    """Returns the learning rates and strengths that a method may choose."""
    plain = method.startswith('mlp')
    rates = self.mlp_learning_rates if plain else self.learning_rates
    strengths = self.si_strengths if method.endswith('_si') else (0.0,)
    return list(itertools.product(rates, strengths))

  def network(self, method: str, num_inputs: int) -> network.Config:
    """Returns the network that a method trains."""
    plain = method.startswith('mlp')
    return network.Config(
        num_inputs, hidden=self.hidden,
        num_segments=self.num_segments if 'dendrites' in method else 0,
        activation_density=(
            0.0 if plain or method == 'dendrites' else self.activation_density
        ),
        weight_density=1.0 if plain else self.weight_density,
    )  # fmt: skip


PRESETS = {
    'small': Config(),
    'smoke': Config(
        num_seeds=2, num_tasks=2, epochs=1, batch_size=256, trials=2000,
        learning_rates=(5e-4,), si_strengths=(0.1, 1.0),
        methods=('active_dendrites_si', 'k_winners', 'mlp_replay'),
        hidden=(32, 32), num_segments=2,
    ),
    'paper': Config(
        source='mnist', num_seeds=8, num_tasks=10, epochs=3, batch_size=256,
        learning_rates=(5e-4,), mlp_learning_rates=(3e-6,), si_strengths=(0.1,),
        hidden=(2048, 2048), num_segments=10,
    ),
}  # fmt: skip

_DIGITS = train.Source('8 x 8 digits', 'embedded')
_MNIST = train.Source('MNIST', 'tfds', tfds='mnist', flag='--path')
PAPER = train.Paper(
    title='How do neurons operate on sparse distributed representations?',
    authors='Ahmad, Hawkins', year=2016,
    url='https://arxiv.org/abs/1601.00720',
    modules=(
        'nmlib.analysis.sparse_codes', 'nmlib.neurons.dendrites.active',
        'nmlib.neurons.dendrites.coincidence',
        'nmlib.networks.active_dendrites',
    ),
    checked='exact integers: 34 false positives, 12 false negatives, unions',
    headline=train.Headline(
        says='accuracy on permuted digits with segments, and without',
        claim='Segments add to k-winners',
        keys=('active_dendrites', 'k_winners'),
        paper='0.9455, 0.9133 (MNIST, 10 tasks)',
    ),
    data=dict.fromkeys(PRESETS, (_DIGITS,)) | {'paper': (_MNIST,)},
    also={
        'active dendrites (Iyer et al. 2022)':
            'https://arxiv.org/abs/2201.00042',
    },
)  # fmt: skip
