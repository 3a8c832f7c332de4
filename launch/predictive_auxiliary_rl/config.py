"""The settings of `launch.predictive_auxiliary_rl`; times are updates."""

import dataclasses
from typing import Annotated

from nmlib import train
from nmlib.environments import gridworld
from nmlib.environments import linear_track
from nmlib.networks import predictive_agent
from nmlib.neurons.core import limits


@dataclasses.dataclass(frozen=True)
class Model:
  """What is minimised."""

  prediction: limits.NonNegative = 0.0  # eta_p
  spread: limits.NonNegative = 0.0  # eta_n
  horizon: limits.Fraction = 0.0  # gamma_p

  __post_init__ = limits.check


# The weights that the authors chose where pixels are shuffled.
MODELS = {
    'model-free': Model(),
    'negatives': Model(spread=0.01),
    'prediction': Model(0.01, 0.01),
    'horizon .25': Model(0.01, 0.01, 0.25),
    'horizon .5': Model(0.001, 0.01, 0.5),
    'horizon .8': Model(1e-4, 0.01, 0.8),
}


@dataclasses.dataclass(frozen=True)
class Track:
  """The ring; weights are those the authors chose in a plain room."""

  world: linear_track.Config = linear_track.Config()
  network: predictive_agent.Config = predictive_agent.Config(latent=24)
  model: Model = Model(0.01, 0.1, 0.5)
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
  # As the authors store them: nothing comes after a time limit. False
  # bootstraps through it.
  ends_at_time_limit: bool = True
  capacity: limits.Count = 20_000  # transitions that are remembered
  batch_size: limits.Count = 64
  copy_every: limits.Count = 1000  # the slow network
  learning_rate: limits.Positive = 1e-4
  discount: limits.UnitInterval = 0.9
  track: Track = Track()

  def __post_init__(self):
    limits.check(self)
    unknown = sorted(set(self.models) - set(MODELS))
    if unknown or not {'model-free', 'prediction'} <= set(self.models):
      raise ValueError(
          'config.models must be of'
          f' {list(MODELS)}, model-free and prediction among them, got'
          f' {self.models}.'
      )
    for what, number in (
        ('num_updates', self.num_updates),
        ('track.num_updates', self.track.num_updates),
        ('track.early', self.track.early),
    ):
      if number % self.copy_every:
        raise ValueError(
            f'config.{what} must be a multiple of copy_every='
            f'{self.copy_every}, got {number}.'
        )


PRESETS = {
    'small': Config(),
    'smoke': Config(
        world=gridworld.Config(3, 3, shuffled=True),
        network=predictive_agent.Config((5, 5), 3, channels=(2, 4)),
        models=('model-free', 'prediction'), num_seeds=2, num_updates=20,
        max_steps=9, capacity=16, batch_size=4, copy_every=10,
        track=Track(
            linear_track.Config(3, 3),
            predictive_agent.Config((5, 5), 4, channels=(2, 4)),
            early=10, num_updates=20,
        ),
    ),
    'paper': Config(
        models=tuple(MODELS), num_seeds=25, num_updates=90_000,
        track=Track(num_updates=90_000),
    ),
}  # fmt: skip

_WORLDS = train.Source('a room and a ring of cells', 'generated')
PAPER = train.Paper(
    title='Predictive auxiliary objectives in deep RL mimic learning in the'
    ' brain',
    authors='Fang and Stachenfeld',
    year=2024,
    url='https://arxiv.org/abs/2310.06089',
    modules=(
        'nmlib.networks.predictive_agent',
        'nmlib.environments.gridworld',
        'nmlib.environments.linear_track',
        'nmlib.analysis.place_fields',
        'nmlib.analysis.latents',
    ),
    checked="the authors' modules: losses, gradients and three updates",
    headline=train.Headline(
        says='starts that reach the goal: with prediction, model-free',
        claim='With prediction more starts reach the goal',
        keys=('prediction', 'model-free'),
        paper='.995, .813 (larger Q, 15 episodes)',
    ),
    data=dict.fromkeys(PRESETS, (_WORLDS,)),
)
