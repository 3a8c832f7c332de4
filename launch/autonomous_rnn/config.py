"""The settings of `launch.autonomous_rnn`."""

import dataclasses
from typing import Annotated
from typing import Literal

from nmlib import train
from nmlib.networks import clique_network
from nmlib.neurons.core import limits
from nmlib.neurons.initializers import clique_rings
from nmlib.plasticity import transition_learning

BLOCKS = 12  # of the images, in which winners are counted
Rule = Literal['covariance', 'diffusive']
_Rules = Annotated[tuple[Rule, ...], limits.Some(distinct=True)]
RULES: dict[Rule, transition_learning.Rule] = {
    'covariance': transition_learning.Covariance(),
    'diffusive': transition_learning.Diffusive(),
}


@dataclasses.dataclass(frozen=True)
class Config:
  """Times have no unit; a step of the loop shows one image."""

  size: Annotated[int, limits.Range(2)] = 5  # L: 2 L bars, 2 L cliques
  autonomy_seeds: limits.Count = 3
  autonomy_time: limits.Positive = 6000.0
  autonomy_dt: limits.Positive = 0.2
  wiring: clique_rings.Kind = 'overlapping'
  noise: limits.UnitInterval = 0.0  # with which a pixel of an image flips
  rules: _Rules = ('covariance', 'diffusive')  # the first one is tested
  num_seeds: limits.Count = 8
  loop: train.Loop = train.Loop(
      8000, 1, steps_per_call=400, log_every=400, eval_every=400,
      checkpoint_every=2000,
  )  # fmt: skip
  dt: limits.Positive = 0.25
  recovery: limits.Positive = 0.015  # of reservoirs while it learns
  depletion: limits.Positive = 0.04
  shown: limits.Positive = 15.0  # time of an image
  pause: Annotated[tuple[limits.Positive, ...], limits.Some()] = (7.5, 15.0)

  def __post_init__(self):
    limits.check(self)
    if len(self.pause) != 2 or self.pause[0] > self.pause[1]:
      raise ValueError(
          'config.pause must be the shortest and the longest time between'
          f' images, got {self.pause}.'
      )

  def network(self, rule: Rule) -> clique_network.Config:
    """Returns the network that learns by a rule."""
    # Of cliques that share no unit none ever wins but with less inhibition.
    links = (0.15, 1.0) if self.wiring == 'overlapping' else (0.4, 0.3)
    return clique_network.Config(
        2 * self.size, self.size**2, *links, recovery=self.recovery,
        depletion=self.depletion, dt=self.dt, wiring=self.wiring,
        rule=RULES[rule],
    )  # fmt: skip

  @property
  def steps(self) -> tuple[int, int, int]:
    """Steps of an image, and of the shortest and longest pause."""
    times = (self.shown, *self.pause)
    shown, low, high = (max(round(time / self.dt), 1) for time in times)
    return shown, low, high


PRESETS = {
    'small': Config(),
    'smoke': Config(
        autonomy_seeds=2, autonomy_time=500.0, num_seeds=2,
        loop=train.Loop(12, 1, steps_per_call=4, log_every=4, eval_every=4),
    ),
    'paper': Config(
        autonomy_seeds=16, num_seeds=16,
        loop=train.Loop(
            100_000, 1, steps_per_call=500, log_every=500, eval_every=5000,
            checkpoint_every=10_000,
        ),
    ),
}  # fmt: skip

_BARS = train.Source('images of bars', 'generated')
PAPER = train.Paper(
    title='Semantic learning in autonomously active recurrent neural networks',
    authors='Gros, Kaczor', year=2010, url='https://arxiv.org/abs/0903.1979',
    modules=(
        'nmlib.networks.clique_network', 'nmlib.plasticity.transition_learning',
        'nmlib.data.tasks.bars',
    ),
    checked='an independent implementation of the dynamics; the paper itself:'
    ' abstract only',
    headline=train.Headline(
        says='information of the winning clique on the bar shown, bits, and'
        ' unlearned', claim='Cliques learn their input',
        keys=('learned', 'unlearned'), paper='not known (abstract only)',
    ),
    data=dict.fromkeys(PRESETS, (_BARS,)),
)  # fmt: skip
