"""The settings of `launch.astrosnn`."""

import dataclasses
from typing import Annotated

from nmlib import train
from nmlib.data.tasks import delayed_recall
from nmlib.networks import astrocyte_language_model as astrocyte_lm
from nmlib.neurons import bdh
from nmlib.neurons.core import limits
from nmlib.neurons.rate import gru as gru_lib
from nmlib.neurons.spiking import astrocyte

SHORTCUTS = {'text_file': 'Learn this text, or folder of texts.'}


@dataclasses.dataclass(frozen=True)
class Recall:
  """Of delayed recall; a step learns a fresh batch."""

  # Steps of a trial; claims are at the last.
  delays: Annotated[tuple[limits.Count, ...], limits.Some(True)] = (20, 40, 80)
  task: delayed_recall.Config = delayed_recall.Config()
  num_units: limits.Count = 64
  asked: limits.Count = 6  # last steps, whose mean spikes are read
  loop: train.Loop = train.Loop(500, 64, steps_per_call=50, log_every=50)
  learning_rate: limits.Positive = 5e-3
  test_trials: limits.Count = 1000

  __post_init__ = limits.check

  @property
  def units(self) -> dict[str, astrocyte.Config]:
    """What is compared, by name."""
    unit = lambda **options: astrocyte.Config(self.num_units, **options)
    return {
        'astrocyte': unit(),
        'fast astrocyte': unit(fixed_slow_decay=0.5),
        # c such that recurrent weights have the variance 1 / D at first: with
        # 8 gradients overflow after 80 steps.
        'recurrent LIF': unit(
            source='spikes', multiplicative=False, mixing=1 / 0.3
        ),
        'LIF': unit(source='none'),
    }


@dataclasses.dataclass(frozen=True)
class Config:
  """Lengths are bytes; without baselines the language model learns alone."""

  num_seeds: limits.Count = 3
  recall: Recall | None = Recall()
  # A text, or a folder of texts; '': Python's library.
  text_file: limits.Path = ''
  holdout_fraction: limits.OpenUnitInterval = 0.1
  sequence_length: limits.Count = 64
  loop: train.Loop = train.Loop(
      600, 16, steps_per_call=20, log_every=20, eval_every=100
  )
  learning_rate: limits.Positive = 2e-3
  weight_decay: limits.NonNegative = 0.1
  eval_windows: limits.Count = 256
  model: astrocyte_lm.Config = astrocyte_lm.Config()
  baselines: bool = True
  lif: astrocyte_lm.Config = astrocyte_lm.Config(dim=67, astrocytes=False)
  gru: gru_lib.Config = gru_lib.Config(32, 131, 256)  # inputs: an embedding
  attention: bdh.Config = bdh.Config(
      embed_dim=64, num_neurons=384, num_heads=4, num_layers=2, dropout_rate=0.0
  )
  sample_prompt: str = 'def '
  sample_length: limits.Count = 160

  __post_init__ = limits.check


_TINY = train.Loop(4, 4, steps_per_call=2, log_every=2, eval_every=2)


def _large(
    num_steps: int, batch_size: int, dim: int, num_layers: int
) -> Config:
  """Returns what learns a large text on accelerators, one seed."""
  return Config(
      num_seeds=1, recall=None, baselines=False, sequence_length=1024,
      learning_rate=6e-4,
      loop=train.Loop(
          num_steps, batch_size, steps_per_call=10, log_every=100,
          eval_every=1000, checkpoint_every=1000,
      ),
      model=astrocyte_lm.Config(
          dim=dim, num_layers=num_layers, dtype='bfloat16', rematerialize=True
      ),
  )  # fmt: skip


PRESETS = {
    'small': Config(),
    'smoke': Config(
        num_seeds=2,
        recall=Recall(delays=(9,), num_units=8, loop=_TINY, test_trials=20),
        sequence_length=12, loop=_TINY, eval_windows=4, baselines=False,
        model=astrocyte_lm.Config(dim=8, num_layers=2), sample_length=8,
    ),
    '125m': _large(20_000, 512, 1024, 11),
    'paper': _large(100_000, 1024, 2048, 32),
}  # fmt: skip

_LIBRARY = "Python's standard library"
_PYTHON = train.Source(_LIBRARY, 'embedded', flag='--text_file')
_LARGE = train.Source('a large text', 'files', flag='--text_file')
_RECALL = train.Source('delayed recall', 'generated')
PAPER = train.Paper(
    title='Astrocyte-Enabled Advancements in Spiking Neural Networks',
    authors='Shen et al.', year=2023, url='https://arxiv.org/abs/2312.07625',
    modules=(
        'nmlib.neurons.spiking.astrocyte',
        'nmlib.networks.astrocyte_language_model',
    ),
    checked='its own equations and limits only: a reconstruction from the'
    ' abstract',
    headline=train.Headline(
        'accuracy of recall after 80 steps: astrocyte, LIF (a reconstruction)',
        claim='Units with astrocytes retain memory longer',
        keys=('astrocyte', 'LIF'), paper='not known (abstract only)',
    ),
    data={
        **dict.fromkeys(('small', 'smoke'), (_RECALL, _PYTHON)),
        **dict.fromkeys(('125m', 'paper'), (_LARGE,)),
    },
)  # fmt: skip
