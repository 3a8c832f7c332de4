"""The settings of `launch.bdh.memory`."""

import dataclasses
from typing import Annotated
from typing import Literal

from launch.bdh import config as bdh_config
from nmlib import train
from nmlib.data.tasks import fact_repetition
from nmlib.neurons import bdh
from nmlib.neurons.core import limits

# A window is a sequence in 'whole'; in 'detached', without gradient through
# keys and values; in 'neuron', with the residual of equations (4) and (8).
# It is a part of one in 'carried', and in 'cleared', which starts each anew.
Variant = Literal['whole', 'detached', 'neuron', 'carried', 'cleared']


@dataclasses.dataclass(frozen=True)
class Config:
  """Lengths in tokens; steps are the optimizer's."""

  variants: Annotated[tuple[Variant, ...], limits.Some(True)] = (
      'whole', 'detached', 'carried', 'cleared',
  )  # fmt: skip
  task: fact_repetition.Config = fact_repetition.Config()
  window: limits.Count = 19  # of 'carried' and 'cleared'
  num_seeds: limits.Count = 3
  num_steps: limits.Count = 600
  window_steps: limits.Count = 1200  # of 'carried' and 'cleared'
  batch_size: limits.Count = 16
  log_every: limits.Count = 20
  learning_rate: limits.Positive = 3e-3
  weight_decay: limits.NonNegative = 0.1
  clip: bool = False  # by the z-score of the gradient's norm, `train.zclip`
  rebase: bool = False  # restart the clock after each window
  eval_rows: limits.Count = 256
  model: bdh.Config = bdh.Config(
      vocab_size=32, embed_dim=32, num_heads=2, num_neurons=1024, num_layers=2,
      dropout_rate=0.0,
  )  # fmt: skip

  def __post_init__(self):
    limits.check(self)
    if self.model.vocab_size != self.task.vocab_size:
      raise ValueError(
          f'config.model.vocab_size must be {self.task.vocab_size}, the letters'
          f' and symbols of config.task, got {self.model.vocab_size}.'
      )
    if (self.task.period - 1) % self.window:
      raise ValueError(
          f'config.window must divide the {self.task.period - 1} predictions of'
          f' a sequence, got {self.window}.'
      )


PRESETS = {
    'small': Config(),
    'smoke': Config(
        variants=('whole', 'carried'), num_seeds=2, num_steps=4, window_steps=8,
        batch_size=2, log_every=2, eval_rows=4,
        model=bdh.Config(
            vocab_size=32, embed_dim=8, num_heads=2, num_neurons=64,
            num_layers=2, dropout_rate=0.0,
        ),
    ),
    'paper': Config(
        num_seeds=1, num_steps=3000, window_steps=12_000, clip=True,
        learning_rate=1e-3,
        model=bdh.Config(vocab_size=32, num_neurons=65536, num_layers=4),
    ),
}  # fmt: skip

PAPER = dataclasses.replace(
    bdh_config.PAPER,
    headline=train.Headline(
        says='share of neurons y that fire in the first copy, and after',
        claim='Fewer neurons fire where the word is known',
        keys=('first copy', 'copies 3 on'),
        paper='0.040 to 0.075, about 0.025 (layer 2 of 4)',
    ),
    data=dict.fromkeys(
        PRESETS, (train.Source('fact repetition', 'generated'),)
    ),
)
