"""The report of `launch.bdh.scaling`."""

import numpy as np

from launch.bdh.scaling import config as config_lib
from launch.bdh.scaling import figures
from launch.bdh.scaling.config import Config
from nmlib import train
from nmlib.data.text import corpus
from nmlib.data.text import split

# Read off figure 7, within 0.001.
_SIZES = ('25M', '50M', '100M', '200M', '400M', '800M')
_PAPER = {
    'BDH': (0.457, 0.414, 0.391, 0.377, 0.372, 0.365),
    "BDH-GPU'": (0.425, 0.398, 0.385, 0.374, 0.365, 0.358),
    'Transformer': (0.425, 0.399, 0.380, 0.370, 0.364, 0.362),
}
_SOURCE = 'figure 7'


def make(
    config: Config, text: split.Split, losses: dict[str, list[np.ndarray]]
) -> train.Report:
  """Holds losses, by model one [S] a size, against the claims."""
  pairs = [config_lib.parameters(config, size) for size in config.sizes]
  counts = dict(zip(losses, zip(*pairs, strict=True), strict=True))
  names = [f'{ours / 1e6:.3g}M' for ours, _ in pairs]
  gains = {
      name: -np.polyfit(np.log2(counts[name]), losses[name], 1)[0]
      for name in losses
  }
  table = {
      **{f'{m}: parameters': dict(zip(names, counts[m])) for m in losses},
      **{f'{m}: loss': dict(zip(names, losses[m])) for m in losses},
      'BDH less Transformer': {
          name: ours - theirs
          for name, ours, theirs in zip(names, *losses.values(), strict=True)
      },
  }
  return train.Report(
      claims=claims(names, losses, gains),
      data={
          'text': text.train.name,
          'split': text.rule,
          'train': corpus.manifest(text.train),
          'validation': corpus.manifest(text.validation),
      },
      differences=differences(config),
      tables={
          'Validation loss (nats a byte)': train.columns(table, 'size'),
          'Loss that a doubling of parameters saves': train.columns(
              {'ours': gains, "the paper's": {m: _gain(m) for m in _PAPER}},
              'model', 'Slopes of lines fitted to loss by log parameters.',
          ),
          "The paper's losses on Europarl": train.columns(
              {m: dict(zip(_SIZES, v)) for m, v in _PAPER.items()}, 'size',
              "Read off figure 7, within 0.001. BDH-GPU' has no published"
              ' equations.',
          ),
      },
      figures=figures.draw(counts, losses),
  )  # fmt: skip


def _gain(model: str) -> float:
  return float(-np.polyfit(np.arange(len(_SIZES)), _PAPER[model], 1)[0])


def claims(names, losses, gains) -> list[train.Claim]:
  """Loss by size, and BDH against the Transformer."""
  made = []
  for model, found in losses.items():
    first, *_, last = _PAPER[model]
    made.append(
        train.ordered(
            f'{model}: validation loss falls with every size',
            dict(reversed([*zip(names, found, strict=True)])), by='seed',
            source=_SOURCE, paper=f'{first} at 25M, {last} at 800M',
        )
    )  # fmt: skip
  gaps = [b - t for b, t in zip(_PAPER['BDH'], _PAPER['Transformer'])]
  for where, i in (('smallest', 0), ('largest', -1)):
    made.append(
        train.lower(
            f'At the {where} size the Transformer is below BDH',
            {'Transformer': losses['Transformer'][i]},
            {'BDH': losses['BDH'][i]}, by='seed', source=_SOURCE,
            paper=f'by {gaps[i]:.3f}',
        )
    )  # fmt: skip
  made.append(
      train.higher(
          'BDH gains more from size: its loss falls faster with the logarithm'
          ' of parameters (nats a doubling)', {'BDH': gains['BDH']},
          {'Transformer': gains['Transformer']}, by='mean', source=_SOURCE,
          paper=f'{_gain("BDH"):.3f} against {_gain("Transformer"):.3f}',
      )
  )  # fmt: skip
  return made


def differences(config: Config) -> list[str]:
  """Says how a run departs from the paper's experiment."""
  tokens = (
      config.loop.num_steps * config.loop.batch_size * config.sequence_length
  )
  return [
      f'{tokens / 1e6:.3g} million bytes of training a seed, not 1200 million'
      ' of Europarl.',
      'Random crops; the paper carries states and keys from window to window.',
      f'Learning rates {config.bdh_rate} of BDH and {config.gpt_rate} of the'
      " Transformer; 0.001 of both in the paper.",
      "The Transformer is nanoGPT's with ALiBi: GPTXL's code is not published.",
  ]
