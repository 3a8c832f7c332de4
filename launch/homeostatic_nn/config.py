"""The settings of `launch.homeostatic_nn`."""

import dataclasses
import typing
from typing import Annotated
from typing import Literal

from nmlib import train
from nmlib.neurons.core import limits
from nmlib.plasticity import self_regulation

SHORTCUTS = {'path': "Folder of (Fashion-)MNIST's four files."}
Learner = Literal['constant', 'random', 'homeostatic', 'strong']
LEARNERS: tuple[Learner, ...] = typing.get_args(Learner)
_Rates = Annotated[tuple[limits.Positive, ...], limits.Some(distinct=True)]
_Swaps = Annotated[tuple[limits.Natural, ...], limits.Some(rising=True)]


@dataclasses.dataclass(frozen=True)
class Config:
  """All rates and swap rates of a learner train at once, on the same stream.

  `strong` is our variant, whose decisions matter: objects move its rate by
  `strong_ratio`, and it decides by the gradient of the whole minibatch.
  """

  source: Literal['digits', 'mnist', 'fashion_mnist'] = 'digits'
  path: limits.Path = ''  # of the four files of a larger set; '' asks TFDS
  num_train: Annotated[int, limits.Range(10, 1796)] = 1500  # of the digits
  num_seeds: limits.Count = 5
  epochs: Annotated[int, limits.Range(2)] = 12
  # eta_0: two of the released code first, and the best on held-out images.
  rates: _Rates = (0.001, 0.0058, 0.03, 0.1, 0.3)
  swaps: _Swaps = (0, 5, 15, 50)  # an epoch
  step_ratio: limits.Positive = 0.1  # by which an object moves eta, of eta_0
  strong_ratio: limits.Positive = 1.0
  hidden: Annotated[tuple[limits.Count, ...], limits.Some()] = (80, 60)
  per_neuron: bool = False  # a rate for each neuron, homeostatic learners only

  __post_init__ = limits.check

  @property
  def released(self) -> int:
    """Which of the rates stands for the released code's."""
    return min(1, len(self.rates) - 1)

  def learner(
      self, name: Learner, num_inputs: int, epoch_size: int
  ) -> self_regulation.Config:
    """Returns the rule of a learner."""
    strong = name == 'strong'
    mode = 'homeostatic' if strong else name
    return self_regulation.Config(
        num_inputs, self.hidden, mode=mode, epoch_size=epoch_size,
        step_ratio=self.strong_ratio if strong else self.step_ratio,
        decide_at='batch_end' if strong else 'first',
        per_neuron=self.per_neuron and mode == 'homeostatic',
    )  # fmt: skip


_LARGE = Config(
    source='mnist', num_seeds=10, epochs=50, rates=(0.001, 0.0058),
    swaps=(0, 1, 2, 5, 10, 20, 50, 100, 500, 1000, 6000),
)  # fmt: skip
PRESETS = {
    'small': Config(),
    'smoke': Config(
        num_train=200, num_seeds=2, epochs=2, rates=(0.0058, 0.03),
        swaps=(0, 5), hidden=(12, 8),
    ),
    'paper': _LARGE,
    'fashion': dataclasses.replace(_LARGE, source='fashion_mnist'),
}  # fmt: skip

_DIGITS = train.Source('8 x 8 digits', 'embedded')
_MNIST, _FASHION = (
    train.Source(what, 'tfds', tfds=name, flag='--path')
    for what, name in (('MNIST', 'mnist'), ('Fashion-MNIST', 'fashion_mnist'))
)
PAPER = train.Paper(
    title='Need is all you need: homeostatic neural networks adapt to concept'
    ' shift', authors='Man, Damasio, Neven', year=2022,
    url='https://arxiv.org/abs/2205.08645',
    modules=(
        'nmlib.plasticity.self_regulation', 'nmlib.data.tasks.concept_shift',
    ),
    checked="the authors' update rule on synthetic images, two epochs",
    headline=train.Headline(
        says='online accuracy on digits at 50 swaps an epoch: homeostatic,'
        ' constant, random rate', claim='The homeostatic learner gains',
        keys=('homeostatic', 'constant', 'random'),
        paper='this one best, figures only',
    ),
    data=dict.fromkeys(PRESETS, (_DIGITS,))
    | {'paper': (_MNIST,), 'fashion': (_FASHION,)},
)  # fmt: skip
