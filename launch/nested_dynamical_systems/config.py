"""The settings of `launch.nested_dynamical_systems`, all of them ours."""

import dataclasses
from typing import Annotated

from nmlib import train
from nmlib.environments import swimmer
from nmlib.neurons.core import limits


@dataclasses.dataclass(frozen=True)
class Config:
  """Of four demonstrations; numbers are of 64 bits in all but the switch."""

  num_seeds: limits.Count = 3
  hidden: tuple[limits.Count, ...] = 16, 8  # between a point and two classes
  num_steps: limits.Count = 500  # of learning two moons, a point each
  learning_rate: limits.Positive = 0.1
  plants: tuple[limits.Count, limits.Count] = (5, 4)  # states in feedback
  feedback_steps: limits.Count = 200
  period: limits.Count = 50  # steps from switch to switch
  switches: limits.Count = 32  # the second half is measured
  # The first is that of the claims, all are tried with fixed wiring.
  rates: Annotated[tuple[limits.Positive, ...], limits.Some(distinct=True)] = (
      0.02, 0.05, 0.1, 0.2, 0.4,
  )  # fmt: skip
  gate_rate: limits.UnitInterval = 0.8  # of the experts' logits
  body: swimmer.Config = swimmer.Config()
  swim_steps: limits.Count = 300  # of 30 ms

  __post_init__ = limits.check


PRESETS = {
    'small': Config(),
    'smoke': Config(
        num_seeds=2, hidden=(4,), num_steps=10, plants=(2, 2),
        feedback_steps=5, period=6, switches=4, rates=(0.02,),
        body=swimmer.with_links(2, substeps=1), swim_steps=3,
    ),
    'paper': Config(
        num_seeds=50, hidden=(64, 64), num_steps=10_000,
        learning_rate=0.02, plants=(50, 50), feedback_steps=2000,
        switches=1000, swim_steps=3000,
    ),
}  # fmt: skip

_GENERATED = train.Source('two moons, random systems, a switch', 'generated')
PAPER = train.Paper(
    title='Deep neural networks as nested dynamical systems (an essay)',
    authors='Spivak, Hosgood', year=2021,
    url='https://arxiv.org/abs/2111.01297',
    modules=('nmlib.networks.wiring',),
    checked='the laws, on random systems; SGD and block systems written out',
    headline=train.Headline(
        says='accuracy under a switch: wiring by state, fixed wiring',
        claim='Wiring that depends on state follows a switch',
        keys=('by state', 'one expert'),
        paper='no experiment',
    ),
    data=dict.fromkeys(PRESETS, (_GENERATED,)),
)  # fmt: skip
