"""The settings of `launch.bdh.translation`."""

import dataclasses

from launch.bdh import config as bdh_config
from nmlib import train
from nmlib.neurons import bdh
from nmlib.neurons.core import limits


@dataclasses.dataclass(frozen=True)
class Config:
  """Steps are optimizer steps; lengths are bytes; losses are nats a byte."""

  path: limits.Path = ''  # folder of texts; '': numbers in words
  # Each is paired with English: of the base, then of each copy.
  languages: tuple[str, ...] = ('es', 'fr', 'pt')
  digits: limits.Natural = 3  # of the largest number; 0: texts only
  sentences: limits.Count = 20_000  # numbers drawn for a stream
  num_seeds: limits.Count = 3
  loop: train.Loop = train.Loop(
      400, batch_size=8, steps_per_call=10, eval_every=100, checkpoint_every=200
  )
  tuning: train.Loop = dataclasses.replace(loop, num_steps=200)
  sequence_length: limits.Count = 128
  learning_rate: limits.Positive = 4e-3  # of the base
  tuning_learning_rate: limits.Positive = 2e-3
  final_learning_rate: limits.NonNegative = 4e-4
  warmup_steps: limits.Natural = 0
  weight_decay: limits.NonNegative = 0.1
  zclip: limits.Positive = 2.5  # z-score from which gradients are clipped
  eval_windows: limits.Count = 24
  eval_length: limits.Count = 512
  form: str = 'parallel'
  model: bdh.Config = bdh.Config(
      embed_dim=32, num_neurons=1024, num_heads=2, num_layers=2,
      dropout_rate=0.0, decay=0.02,
  )  # fmt: skip
  halves_bytes: limits.Natural = 1_000_000  # of text to halve; 0: skip it
  halves_tuning: train.Loop = train.Loop(
      300, batch_size=16, steps_per_call=10, checkpoint_every=300
  )
  halves: bdh_config.Config = bdh_config.Config(
      loop=dataclasses.replace(
          halves_tuning, num_steps=400, checkpoint_every=400
      ),
      learning_rate=2e-3, final_learning_rate=2e-3,
      model=dataclasses.replace(model, decay=0.0),
  )  # fmt: skip

  def __post_init__(self):
    limits.check(self)
    if len(set(self.languages)) < 3 or 'en' in self.languages:
      raise ValueError(
          'config.languages must name three different languages or more beside'
          f' English, of the base and of copies to merge, got {self.languages}.'
      )


_LOOP = train.Loop(4, batch_size=2, steps_per_call=2, checkpoint_every=2)
_EUROPARL = train.Loop(
    18_000, batch_size=32, steps_per_call=5, eval_every=1000,
    checkpoint_every=1000,
)  # fmt: skip
PRESETS = {
    'small': Config(),
    'smoke': Config(
        sentences=50, num_seeds=2, loop=_LOOP, tuning=_LOOP,
        sequence_length=32, eval_windows=2, eval_length=256,
        model=dataclasses.replace(
            Config.halves.model, embed_dim=8, num_neurons=32
        ),
        halves_bytes=4000, halves_tuning=_LOOP,
        halves=dataclasses.replace(bdh_config.PRESETS['smoke'], loop=_LOOP),
    ),
    'paper': Config(
        digits=0, num_seeds=1, loop=_EUROPARL, tuning=_EUROPARL,
        sequence_length=2048, learning_rate=1e-3, tuning_learning_rate=1e-3,
        final_learning_rate=1e-4, warmup_steps=1000, eval_windows=64,
        eval_length=4096, form='chunked', halves_bytes=0,
        model=bdh.Config(
            num_neurons=24_576, num_layers=8, dropout_rate=0.05,
            dtype='bfloat16', remat='all',
        ),
    ),
}  # fmt: skip

_MADE = train.Source('Numbers in words', 'generated', flag='--config.path')
_FILES = train.Source('Europarl v7', 'files', flag='--config.path')
_PYTHON = train.Source("Python's standard library", 'embedded')
PAPER = dataclasses.replace(
    bdh_config.PAPER,
    headline=train.Headline(
        says='loss into English of two translators merged, and of each alone',
        claim='Merged without training, the model understands both',
        keys=('merged', 'best copy'),
        paper='0.395, 0.52 (Europarl)',
    ),
    data=dict.fromkeys(PRESETS, (_MADE, _PYTHON)) | {'paper': (_FILES,)},
)  # fmt: skip
