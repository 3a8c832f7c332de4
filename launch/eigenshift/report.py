"""The report of `launch.eigenshift`."""

import numpy as np

from launch.eigenshift import figures
from launch.eigenshift.config import Config
from nmlib import train
from nmlib.analysis.interpretability import expert_changes

_LADDER = 'our spec of a small version'
_DETECTORS = (
    'in a model this small silencing what detects marked words (Det-0, AURA)'
    ' lowers them as much, at no more perplexity'
)
_BOTH = (
    'one seed shares just more than half, the mean about a quarter; by chance'
    ' it would be a twentieth'
)
_KEYS = 'rate', 'sentences', 'tokens', 'general'


def make(config: Config, found) -> train.Report:
  """Holds what `experiment` found, arrays [S, ...], against the claims."""
  rates = {key: found[f'judged {key}'] for key in _KEYS}
  change = {key: x / x[:, :1] - 1 for key, x in rates.items()}
  names = expert_changes.NAMES
  fall = {name: -change['rate'][:, 1 + i] for i, name in enumerate(names)}
  random = -change['rate'][:, 1 + len(names) :]
  shown = {}
  every = 'without a change', *names, 'random components'
  for i, name in enumerate(every):
    rows = slice(i, None if name == 'random components' else i + 1)
    row = {key: x[:, rows].mean(1) for key, x in change.items()}
    shown[name] = {
        'marked words a token': rates['rate'][:, rows].mean(1),
        'fall': -row['rate'], 'perplexity, plain': row['sentences'],
        'the same, of tokens': row['tokens'], 'of all text': row['general'],
        'not applied': (found['chosen'][:, rows] == 0).mean(1),
    }  # fmt: skip
  return train.Report(
      claims=_claims(config, fall, random, found),
      data={
          'text': 'stories of its own' if config.path else 'two registers',
          'states with a marked word, and without': str(
              found['states'].tolist()
          ),
      },
      differences=_differences(config),
      tables={
          'Judged on other prompts and texts': train.Table(
              shown, note='Rises of perplexity are shares; not applied: no'
              ' strength kept the limit and lowered the rate where it was'
              ' chosen. Random: mean of all draws.',
          ),
          'Detectors in two corpora': _detectors(found),
      },
      figures=figures.draw(config, found),
  )  # fmt: skip


def _claims(config, fall, random, found) -> list[train.Claim]:
  ours = {'EigenShift': fall['EigenShift']}
  more = lambda what, theirs, **options: train.higher(
      f'At {config.limit:.0%} perplexity EigenShift lowers marked words more'
      f' than {what}', ours, theirs, by='interval', source=_LADDER, **options,
  )  # fmt: skip
  rho = {k: {k: found[f'rho {k}']} for k in ('neurons', 'layers')}
  return [
      train.higher(
          f'EigenShift lowers marked words by 30 % at {config.limit:.0%}'
          ' perplexity', ours, 0.3, by='mean', source=_LADDER,
      ),
      more('random components', {'random': random.mean(1)}),
      more('as released', {'as released': fall['as released']}),
      more(
          'Det-0', {'Det-0': fall['Det-0']}, paper='direction alone',
          because=_DETECTORS,
      ),
      train.lower(
          'AUROCs of neurons keep their order in another corpus less than'
          ' those of layers', rho['neurons'], rho['layers'],
          by='interval', source='abstract',
      ),
      train.lower(
          'Neurons that detect are not those that generate: of the best'
          ' twentieth at most half are shared',
          {'shared': found['shared']}, 0.5, by='seed', source='abstract',
          because=_BOTH,
      ),
  ]  # fmt: skip


def _detectors(found) -> train.Table:
  rows = {}
  for name in ('neurons', 'layers'):
    area = found[f'area {name}']
    best = area[:, 0].argmax(-1)[:, None]
    at = lambda x, i=best: np.take_along_axis(x, i, -1)[:, 0]
    rows[name] = {
        'best, first corpus': at(area[:, 0]),
        'the same, second': at(area[:, 1]),
        'mean difference': np.abs(area[:, 0] - area[:, 1]).mean(-1),
        'rank correlation': found[f'rho {name}'],
    }
  return train.Table(rows, 'AUROC of', 'Layers: a classifier of each.')


def _differences(config: Config) -> list[str]:
  said = [
      'The paper takes Llama-2-7B, prompts of RealToxicityPrompts and a'
      ' classifier of toxicity; here the marked words are a lexicon.',
      'A text gives one state: before its first marked word, or one drawn at'
      ' random where it has none. States are of the last position; the released'
      ' code reads the first of what it is given.',
      'as released keeps the projection by V and the signed difference alone.',
      'Strengths are chosen on prompts and texts of their own, for every method'
      ' alike. Thresholds are of our spec, the numbers of the paper unknown.',
  ]
  if config.path:
    return [*said, 'Prompts and texts are what the model tells by itself.']
  return [*said, 'A model is trained, on sentences with invented words.']
