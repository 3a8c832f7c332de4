"""The settings of `launch.bdh`."""

import dataclasses
from typing import Literal

from nmlib import train
from nmlib.neurons import bdh
from nmlib.neurons.core import limits

SHORTCUTS = {'text_file': 'Learn this text, or folder of texts.'}


@dataclasses.dataclass(frozen=True)
class Config:
  """Steps are optimizer steps; lengths are bytes; losses are nats a byte.

  text_file, if given, replaces source. The learning rate rises over
  warmup_steps, then falls linearly to final_learning_rate at the last step.
  """

  source: Literal['python_library', 'tiny_shakespeare'] = 'python_library'
  text_file: limits.Path = ''  # a text, or a folder of texts
  holdout_fraction: limits.OpenUnitInterval = 0.1  # of the text, whole files
  num_seeds: limits.Count = 3
  loop: train.Loop = train.Loop(
      600, batch_size=16, steps_per_call=5, eval_every=50, checkpoint_every=100
  )
  sequence_length: limits.Count = 64
  learning_rate: limits.Positive = 1e-3
  final_learning_rate: limits.NonNegative = 1e-3
  warmup_steps: limits.Natural = 0
  weight_decay: limits.NonNegative = 0.1
  eval_windows: limits.Count = 128
  sample_prompt: str = 'def '
  sample_length: limits.Count = 240
  temperature: limits.NonNegative = 1.0
  top_k: limits.Count = 3
  form: str = 'parallel'
  model: bdh.Config = bdh.Config(embed_dim=64, num_neurons=2048, num_layers=3)

  def __post_init__(self):
    limits.check(self)
    if self.model.vocab_size != 256:
      raise ValueError(
          'config.model.vocab_size must be 256, one for each byte, got'
          f' {self.model.vocab_size}.'
      )


PRESETS = {
    'small': Config(),
    'smoke': Config(
        num_seeds=2,
        loop=train.Loop(
            20, batch_size=4, steps_per_call=5, eval_every=10,
            checkpoint_every=10,
        ),
        sequence_length=32, eval_windows=8, sample_length=40,
        model=bdh.Config(
            embed_dim=16, num_neurons=256, num_heads=2, num_layers=2,
        ),
    ),
    'paper': Config(
        source='tiny_shakespeare', num_seeds=1,
        loop=train.Loop(
            3000, batch_size=32, steps_per_call=5, eval_every=50,
            checkpoint_every=100,
        ),
        sequence_length=512, sample_prompt='To be or ', sample_length=100,
        model=bdh.Config(dtype='bfloat16'),
    ),
}  # fmt: skip

_PYTHON = train.Source(
    "Python's standard library", 'embedded', flag='--text_file'
)
_SHAKESPEARE = train.Source(
    'tiny Shakespeare', 'tfds', 'tiny_shakespeare', '--text_file'
)
PAPER = train.Paper(
    title='The Dragon Hatchling', authors='Kosowski et al.', year=2025,
    url='https://arxiv.org/abs/2509.26507', modules=('nmlib.neurons.bdh',),
    checked="the authors' PyTorch model: logits, loss, gradients, states,"
    ' AdamW, greedy text, merging',
    headline=train.Headline(
        says='share of neurons y that are active, without a regulariser',
        claim='Gated activations y are sparser than x', keys=('active y',),
        paper='about 0.05',
    ),
    data=dict.fromkeys(PRESETS, (_PYTHON,)) | {'paper': (_SHAKESPEARE,)},
)  # fmt: skip
