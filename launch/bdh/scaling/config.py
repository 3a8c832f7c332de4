"""The settings of `launch.bdh.scaling`."""

import dataclasses
from typing import Annotated
from typing import Any
from typing import Literal

from launch.bdh import config as bdh_config
from nmlib import train
from nmlib.networks import gpt
from nmlib.neurons import bdh
from nmlib.neurons.core import limits

SHORTCUTS = bdh_config.SHORTCUTS
MODELS = 'BDH', 'Transformer'
_CLOSE = 0.06  # how far parameters of one size may differ

# Neurons of BDH; the Transformer's layers, width, heads, hidden units, dropout.
Size = tuple[
    limits.Count, limits.Count, limits.Count, limits.Count, limits.Count,
    limits.Fraction,
]  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Config:
  """Steps are optimizer steps; lengths are bytes; losses are nats a byte.

  text_file, if given, replaces source. A size is (neurons of BDH, then layers,
  width, heads, hidden units and dropout of the Transformer). Learning rates
  rise over warmup_steps, then fall linearly to a tenth.
  """

  sizes: Annotated[tuple[Size, ...], limits.Some(True)] = (
      (512, 2, 48, 4, 180, 0.0),
      (1024, 2, 64, 4, 255, 0.0),
      (2048, 2, 88, 4, 364, 0.0),
  )
  source: Literal['python_library', 'tiny_shakespeare'] = 'python_library'
  text_file: limits.Path = ''  # a text, or a folder of texts
  holdout_fraction: limits.OpenUnitInterval = 0.1  # of the text, whole files
  num_seeds: limits.Count = 3
  loop: train.Loop = train.Loop(
      300, batch_size=16, steps_per_call=5, checkpoint_every=150
  )
  sequence_length: limits.Count = 64
  # Highest learning rates, by 150 steps of seed 0 at the smallest size: of
  # 0.002 to 0.008 the best for the Transformer, of 0.001 to 0.016 the last but
  # one for BDH (0.03 nats behind the last), which has yet to grow.
  bdh_rate: limits.Positive = 8e-3
  gpt_rate: limits.Positive = 4e-3
  warmup_steps: limits.Natural = 30
  weight_decay: limits.NonNegative = 0.1
  eval_windows: limits.Count = 256
  cache_length: limits.Count = 64  # of the Transformer
  # Whether rows are streams, whose states and keys go on from window to window
  # (truncated backpropagation, with gradients clipped by z-score), or crops.
  carry: bool = False
  model: bdh.Config = bdh.Config(
      embed_dim=32, num_heads=2, num_layers=2, dropout_rate=0.0
  )

  def __post_init__(self):
    limits.check(self)
    for size in self.sizes:
      ours, theirs = parameters(self, size)
      if abs(ours - theirs) > _CLOSE * ours:
        raise ValueError(
            f'config.sizes must match within {_CLOSE:.0%}, got {ours}'
            f' parameters of BDH, {theirs} of the Transformer in {size}.'
        )


def network(config: Config, family: str, size: Size) -> tuple[Any, Any, float]:
  """Returns the module of a model, its config and learning rate at a size."""
  if family == 'BDH':
    model = dataclasses.replace(config.model, num_neurons=size[0])
    return bdh, model, config.bdh_rate
  layers, width, heads, hidden, dropout = size[1:]
  model = gpt.Config(
      config.model.vocab_size, layers, width, heads, hidden, dropout,
      cache_length=config.cache_length, dtype=config.model.dtype,
      remat=config.sequence_length > 512,
  )  # fmt: skip
  return gpt, model, config.gpt_rate


def parameters(config: Config, size: Size) -> tuple[int, int]:
  """Counts the parameters of BDH, 3nd + 2Vd, and of the Transformer."""
  _, model, _ = network(config, 'BDH', size)
  _, theirs, _ = network(config, 'Transformer', size)
  return bdh.num_params(model), gpt.num_params(theirs)


PRESETS = {
    'small': Config(),
    'smoke': Config(
        sizes=((64, 1, 12, 2, 81, 0.0), (128, 1, 16, 2, 62, 0.1)),
        num_seeds=2, loop=train.Loop(4, batch_size=2, steps_per_call=2,
        log_every=2), sequence_length=16, warmup_steps=2, eval_windows=4,
        model=bdh.Config(embed_dim=8, num_layers=2, num_heads=2),
    ),
    'paper': Config(
        # Table of GPTXL; of 800M it gives no dropout. Neurons are inferred
        # from the sizes, layers are those of most of the paper's experiments.
        sizes=(
            (2**15, 9, 480, 5, 1920, 0.01), (2**16, 12, 576, 6, 2304, 0.02),
            (2**17, 15, 768, 8, 3072, 0.02), (2**18, 18, 960, 10, 3840, 0.002),
            (2**19, 25, 1152, 12, 4608, 0.005),
            (2**20, 28, 1536, 16, 6144, 0.0),
        ),
        num_seeds=1,
        loop=train.Loop(
            18_300, batch_size=32, steps_per_call=5, checkpoint_every=500
        ),
        sequence_length=2048, bdh_rate=1e-3, gpt_rate=1e-3, warmup_steps=1000,
        cache_length=4096, carry=True,
        model=bdh.Config(
            num_layers=8, dropout_rate=0.05, dtype='bfloat16', remat='all',
            exact_phases=True,
        ),
    ),
}  # fmt: skip

_TEXT = train.Source('your text', 'files', flag='--text_file')
PAPER = dataclasses.replace(
    bdh_config.PAPER,
    modules=('nmlib.neurons.bdh', 'nmlib.networks.gpt'),
    headline=train.Headline(
        says='loss of BDH, and of a Transformer of as many parameters',
        claim='At the largest size',
        keys=('BDH', 'Transformer'),
        paper='0.365, 0.362 (Europarl, 800M)',
    ),
    data={**bdh_config.PAPER.data, 'paper': (_TEXT,)},
)
