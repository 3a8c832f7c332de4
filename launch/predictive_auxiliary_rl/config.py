"""The settings of `launch.predictive_auxiliary_rl`; times are updates."""

import dataclasses
from typing import Annotated
from typing import NamedTuple

from nmlib import train
from nmlib.environments import gridworld
from nmlib.environments import linear_track
from nmlib.networks import predictive_agent
from nmlib.neurons.core import limits


class Model(NamedTuple):
  """What is minimised."""

  prediction: float = 0.0  # eta_p
  spread: float = 0.0  # eta_n
  horizon: float = 0.0  # gamma_p


# The authors' choice where pixels are shuffled; for the ring, in a plain room.
MODELS = {
    'model-free': Model(),
    'negatives': Model(spread=0.01),
    'prediction': Model(0.01, 0.01),
    'horizon .25': Model(0.01, 0.01, 0.25),
    'horizon .5': Model(0.001, 0.01, 0.5),
    'horizon .8': Model(1e-4, 0.01, 0.8),
    'track': Model(0.01, 0.1, 0.5),
}
ROOM = tuple(name for name in MODELS if name != 'track')


@dataclasses.dataclass(frozen=True)
class Track:
  """The ring."""

  world: linear_track.Config = linear_track.Config()
  network: predictive_agent.Config = predictive_agent.Config(latent=24)
  early: limits.Count = 8000  # of theirs: 50 episodes of 150 steps
  num_updates: limits.Count = 30_000

  __post_init__ = limits.check


@dataclasses.dataclass(frozen=True)
class Config:
  """Of the room; an update comes after each step of the world."""

  world: gridworld.Config = gridworld.Config(shuffled=True)
  network: predictive_agent.Config = predictive_agent.Config()
  models: Annotated[tuple[str, ...], limits.Some(distinct=True)] = (
      'model-free', 'negatives', 'prediction',
  )  # fmt: skip
  num_seeds: limits.Count = 6
  num_updates: limits.Count = 30_000
  max_steps: limits.Count = 150  # of an episode
  ends_at_time_limit: bool = True  # the authors' mistake; False: bootstraps
  capacity: limits.Count = 20_000  # transitions that are remembered
  batch_size: limits.Count = 64
  copy_every: limits.Count = 1000  # the slow network
  learning_rate: limits.Positive = 1e-4
  discount: limits.UnitInterval = 0.9
  track: Track = Track()

  def __post_init__(self):
    limits.check(self)
    if not {'model-free', 'prediction'} <= set(self.models) <= set(ROOM):
      raise ValueError(
          f'config.models must be of {ROOM}, model-free and prediction'
          f' among them, got {self.models}.'
      )
    counts = self.num_updates, self.track.num_updates, self.track.early
    if any(number % self.copy_every for number in counts):
      raise ValueError(
          'config.num_updates and those of the track must be multiples of'
          f' copy_every={self.copy_every}, got {counts}.'
      )


_TINY = predictive_agent.Config((5, 5), 3, channels=(2, 4))
PRESETS = {
    'small': Config(),
    'smoke': Config(
        world=gridworld.Config(3, 3, shuffled=True), network=_TINY,
        models=('model-free', 'prediction'), num_seeds=2, num_updates=20,
        max_steps=9, capacity=16, batch_size=4, copy_every=10,
        track=Track(linear_track.Config(3, 3), _TINY, 10, 20),
    ),
    'paper': Config(
        models=ROOM, num_seeds=25, num_updates=90_000,
        track=Track(num_updates=90_000),
    ),
}  # fmt: skip

PAPER = train.Paper(
    title='Predictive auxiliary objectives in deep RL mimic learning in the'
    ' brain',
    authors='Fang and Stachenfeld', year=2024,
    url='https://arxiv.org/abs/2310.06089',
    modules=(
        'nmlib.networks.predictive_agent', 'nmlib.environments.gridworld',
        'nmlib.environments.linear_track', 'nmlib.analysis.place_fields',
        'nmlib.analysis.latents',
    ),
    checked="the authors' modules: losses, gradients and three updates",
    headline=train.Headline(
        says='starts that reach the goal: with prediction, model-free',
        claim='With prediction more starts reach the goal',
        keys=('prediction', 'model-free'),
        paper='.995, .813 (larger Q, 15 episodes)',
    ),
    data=dict.fromkeys(PRESETS, (train.Source('rooms', 'generated'),)),
)  # fmt: skip
