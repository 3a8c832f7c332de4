"""The settings of `launch.robo_dopamine`; the toy is ours."""

import dataclasses

from nmlib import train
from nmlib.environments import peg_insertion
from nmlib.networks.agents import tabular_q
from nmlib.networks.progress_judges import progress_model
from nmlib.neurons.core import limits
from nmlib.plasticity.reinforcement import double_q
from nmlib.plasticity.reinforcement import shaping as shaping_lib

_DISCOUNT = 0.9


@dataclasses.dataclass(frozen=True)
class Config:
  """A step of `rl_loop` is an update, after `agent.segment` steps."""

  world: peg_insertion.Config = peg_insertion.Config(success=0.5)
  model: progress_model.Config = progress_model.Config()
  num_demonstrations: limits.Count = 200
  num_test: limits.Count = 40  # further demonstrations
  pairs: limits.Count = 64  # of each demonstration
  hidden: limits.Probability = 0.3  # that an arm hides the front camera's view
  dropout: limits.Probability = 0.1  # of a view or reference, in training
  learning_rate: limits.Positive = 2e-3
  loop: train.Loop = train.Loop(1500, 128, steps_per_call=50, log_every=50)
  agent: tabular_q.Config = tabular_q.Config(
      72, 5, double_q.Config(_DISCOUNT), rate=0.05, epsilon=0.1, optimism=0.1,
      segment=50,
  )  # fmt: skip
  shaping: shaping_lib.Config = shaping_lib.Config(_DISCOUNT, scale=0.3)
  rl_loop: train.Loop = train.Loop(
      900, steps_per_call=15, log_every=15, eval_every=15
  )
  max_steps: limits.Count = 100  # of an episode
  eval_episodes: limits.Count = 20
  num_worlds: limits.Count = 200  # random, solved exactly
  num_seeds: limits.Count = 5

  def __post_init__(self):
    limits.check(self)
    shaping_lib.check_learner(self.shaping, self.agent.target)
    if self.agent.num_states != self.world.num_places:
      raise ValueError(
          "config.agent.num_states must be the world's"
          f' {self.world.num_places} places, got {self.agent.num_states}.'
      )


_TINY = train.Loop(4, 8, steps_per_call=2, log_every=2, eval_every=2)
PRESETS = {
    'small': Config(),
    'smoke': Config(
        model=progress_model.Config(
            channels=(4, 4), num_features=8, num_hidden=8
        ),
        num_demonstrations=6, num_test=3, pairs=8, loop=_TINY,
        agent=tabular_q.Config(
            72, 5, double_q.Config(_DISCOUNT), optimism=0.1, segment=20
        ),
        rl_loop=_TINY, max_steps=30, eval_episodes=2, num_worlds=5,
        num_seeds=2,
    ),
    'paper': Config(
        num_demonstrations=2000, num_test=200, num_worlds=2000, num_seeds=10,
        loop=train.Loop(20_000, 128, steps_per_call=50, log_every=100),
        rl_loop=train.Loop(
            5000, steps_per_call=50, log_every=50, eval_every=50
        ),
    ),
}  # fmt: skip

PAPER = train.Paper(
    title='Robo-Dopamine: general process reward modeling', year=2025,
    authors='Tan et al.', url='https://arxiv.org/abs/2512.23703',
    modules=(
        'nmlib.analysis.progress',
        'nmlib.analysis.task_progress.progress_labels',
        'nmlib.environments.peg_insertion',
        'nmlib.environments.progress_rewards',
        'nmlib.networks.progress_judges.progress_model',
        'nmlib.plasticity.reinforcement.shaping',
    ),
    checked='exact solutions of small worlds, hops and fused progress of an'
    ' independent implementation',
    headline=train.Headline(
        says='rank correlation of progress with time: fused, incremental',
        claim='Fused progress follows time as well',
        keys=('fused', 'incremental'), paper='0.94 to 0.96 (robots)',
    ),
    data=dict.fromkeys(
        PRESETS, (train.Source('a peg on a grid', 'generated'),)
    ),
)  # fmt: skip
