"""The report of `launch.active_dendrites`."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from launch.active_dendrites import figures
from launch.active_dendrites.config import Config
from nmlib import train
from nmlib.analysis import sparse_codes
from nmlib.data.images import digits

_PAPER = {  # mean test accuracy after ten tasks, eight seeds
    'active_dendrites': '0.9455', 'active_dendrites_si': '0.9723',
    'k_winners': '0.9133', 'dendrites': '0.8285', 'mlp': '0.8203',
}  # fmt: skip
_RELEASED, _OWN = 'results of the released code', 'own comparison'
_DIGITS = 'Permuted 8 x 8 digits (1,200 to learn from), not permuted MNIST.'
# What is above what.
_ORDER = {
    ('active_dendrites', 'k_winners'):
        'Segments add to k-winners: mean accuracy higher by more than {gap}',
    ('k_winners', 'dendrites'):
        'k-winners alone beat segments alone by more than {gap}',
    ('dendrites', 'mlp'):
        'Segments alone beat an ordinary network by more than {gap}',
    ('active_dendrites_si', 'active_dendrites'):
        'Synaptic intelligence adds to active dendrites: a higher mean',
    ('active_dendrites', 'mlp_si'):
        'Active dendrites beat an ordinary network with synaptic intelligence',
    ('active_dendrites', 'mlp_replay'):
        'Active dendrites beat replay from a store of earlier images',
}  # fmt: skip
_NOT_ON_DIGITS = {
    ('k_winners', 'dendrites'): 'on 8 x 8 pixels segments alone do as well',
    ('active_dendrites', 'mlp_replay'): '100 images a task of 1,200 are stored',
}
# n, a, s, theta at which random patterns are tried.
CHECKED = tuple(
    (n, a, 24, 12) for n, a in ((300, 64), (300, 128), (500, 128), (700, 128))
)


def make(
    config: Config, parts: digits.Split, histories: dict[str, train.History],
    chosen: dict[str, tuple[float, float]], observed: dict[str, np.ndarray],
) -> train.Report:  # fmt: skip
  """Holds the methods' order, each at its best setting, against the paper's."""
  final = {name: h['accuracy'][1][-1] for name, h in histories.items()}
  share = observed['matches'] / observed['trials']
  inferred = next(iter(histories.values()))['context_accuracy'][1][-1]
  context = train.higher(
      'The task is inferred from one image: nearest prototype right for'
      ' more than 99 % of test images',
      {'context accuracy': inferred}, 0.99, by='seed', source='methods',
  )  # fmt: skip
  return train.Report(
      claims=[*order(config, final), context, theory(share, config.trials)],
      data={
          'source': config.source,
          'train': len(parts.train.labels),
          'test': len(parts.test.labels),
          'permutations': 'seed 42, the same for all seeds of the networks',
      },
      differences=[
          *[_DIGITS] * (config.source == 'digits'),
          *[f'Hidden layers of {config.hidden}, not (2048, 2048).']
          * (config.hidden != (2048, 2048)),
          'Learning rates and strengths are chosen on validation images among'
          ' those of the config; synaptic intelligence runs as long as the'
          ' other methods.',
      ],
      tables={
          'Settings chosen on validation images': table(config, chosen, final)
      },
      figures={
          'forgetting': figures.forgetting(histories, config.num_tasks),
          'segment_errors': figures.segment_errors(),
          'false_positives': figures.false_positives(CHECKED, share),
          'noise': figures.noise(),
      },
  )


def order(config: Config, final: dict[str, Any]) -> Iterator[train.Claim]:
  """Which method beats which after the last task, of those that were run."""
  for pair, text in _ORDER.items():
    if not final.keys() >= set(pair):
      continue
    ours, theirs = ({name: final[name]} for name in pair)
    published = _PAPER.keys() >= set(pair)
    numbers = ', '.join(f'{name} {_PAPER.get(name)}' for name in pair)
    because = _NOT_ON_DIGITS.get(pair, '') * (config.source == 'digits')
    yield train.higher(
        text.format(gap=config.gap), ours, theirs, by='mean',
        margin=config.gap if '{gap}' in text else 0.0,
        source=_RELEASED if published else _OWN,
        paper=f'{numbers} (10 tasks of MNIST)' if published else '',
        because=because,
    )  # fmt: skip


def theory(share: np.ndarray, trials: int) -> train.Claim:
  """How often random patterns match a segment, [points]."""
  chance = np.array([sparse_codes.false_positive(*p) for p in CHECKED])
  errors = np.sqrt(chance * (1 - chance) / trials)
  found = zip(CHECKED, share, strict=True)
  return train.Claim(
      'Random patterns match a segment as often as the theory says: each'
      f' of {len(chance)} frequencies within four standard errors,'
      f' {trials:,} patterns each',
      'equation of false positives', ', '.join(f'{p:.4g}' for p in chance),
      {f'n={n}, a={a}': [p] for (n, a, *_), p in found},
      bool((abs(share - chance) < 4 * errors).all()),
  )  # fmt: skip


def table(config: Config, chosen, final) -> train.Table:
  """Returns the chosen settings and what they reach, one row a method."""
  rows = {
      name: {
          'learning rate': setting[0],
          'strength': setting[1] or '',
          'accuracy after all tasks': final[name],
          'end': '*' * train.at_an_end(setting, config.settings(name)),
      }
      for name, setting in chosen.items()
  }
  note = '* at an end of the values tried: others may do better.'
  return train.Table(rows, note=note)
