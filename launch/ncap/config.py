"""The settings of `launch.ncap`."""

import dataclasses
from typing import Annotated

from nmlib import train
from nmlib.environments import planar_chain
from nmlib.environments import swimmer
from nmlib.networks import ncap
from nmlib.networks.agents import ddpg as ddpg_lib
from nmlib.networks.agents import ppo as ppo_lib
from nmlib.neurons.core import limits


@dataclasses.dataclass(frozen=True)
class Evolution:
  """Of evolution strategies on the circuit; a step is a generation."""

  loop: train.Loop = train.Loop(12, log_every=1, eval_every=2)
  num_pairs: limits.Count = 4  # a generation tries twice as many
  sigma: limits.Positive = 0.1
  learning_rate: limits.Positive = 0.05
  weight_decay: limits.NonNegative = 0.005  # added to the gradient

  __post_init__ = limits.check


@dataclasses.dataclass(frozen=True)
class Learning:
  """Of agents, each once with the circuit and once with a perceptron."""

  num_worlds: limits.Count = 8
  ppo: ppo_lib.Config = ppo_lib.Config(segment=512)
  loop: train.Loop = train.Loop(12, log_every=1, eval_every=1)
  ddpg: ddpg_lib.Config | None = None
  ddpg_loop: train.Loop = train.Loop(1)
  hidden: tuple[limits.Count, ...] = (64, 64)  # of critics and the perceptron
  deviation: limits.Positive = 0.1  # of the circuit's actions

  __post_init__ = limits.check


@dataclasses.dataclass(frozen=True)
class Config:
  """Episodes begin from drawn poses, those of a seed the same for all."""

  num_seeds: limits.Count = 3
  world: swimmer.Config = swimmer.Config()
  circuit: ncap.Config = ncap.Config()
  long_links: Annotated[int, limits.Range(2)] = 12  # of the other body
  max_steps: limits.Count = 1000  # of an episode
  test_episodes: limits.Count = 8  # a seed
  evolution: Evolution = Evolution()
  learning: Learning = Learning()

  __post_init__ = limits.check


PRESETS = {
    'small': Config(),
    'smoke': Config(
        num_seeds=2, circuit=ncap.Config(1), long_links=3,
        world=swimmer.Config(chain=planar_chain.Config(2), substeps=3),
        max_steps=12, test_episodes=2,
        evolution=Evolution(train.Loop(2, log_every=1), 2),
        learning=Learning(
            2, ppo_lib.Config(segment=6, iterations=2),
            train.Loop(2, log_every=1), hidden=(4,),
        ),
    ),
    'paper': Config(
        evolution=Evolution(train.Loop(625, 32, 1, 25, 25), 4, 0.02, 0.01),
        learning=Learning(
            1, ppo_lib.Config(), train.Loop(1221, 32, 1, 11, 11, 11),
            ddpg_lib.Config(), train.Loop(100_000, 32, 100, 1000, 1000, 1000),
            (256, 256),
        ),
    ),
}  # fmt: skip

PAPER = train.Paper(
    title='Neural Circuit Architectural Priors for Embodied Control',
    authors='Bhattasali, Zador, Engel', year=2022,
    url='https://arxiv.org/abs/2201.05242',
    modules=(
        'nmlib.networks.ncap', 'nmlib.environments.swimmer',
        'nmlib.environments.planar_chain',
        'nmlib.plasticity.evolution_strategies',
    ),
    checked="the authors' circuit and its gradients; MuJoCo's swimmer",
    headline=train.Headline(
        'return of 1000 steps before any training: 6 links, 12 links',
        claim='The circuit swims before any training',
        keys=('6 links', '12 links'), paper='figures only',
    ),
    data=dict.fromkeys(PRESETS, (train.Source('swimmers', 'generated'),)),
)  # fmt: skip
