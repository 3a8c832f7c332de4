"""The report of `launch.neuron_path`, and whose each claim is."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import stats

from launch.neuron_path import figures
from launch.neuron_path import measure
from launch.neuron_path.config import Config
from nmlib import train

_OURS, _OTHERS = measure.METHODS[0], measure.METHODS[2:]
_SHOWN = {
    'score': 'joint score', 'completeness': 'completeness', 'drop': 'drop',
    'gain': 'gain', 'accuracy removed': 'accuracy, removed',
    'accuracy enhanced': 'accuracy, enhanced', 'kept': 'kept alone',
}  # fmt: skip


_BECAUSE = (
    'integrated gradients of each layer by itself find neurons that cost more,'
    ' and so does the completeness form of the search: in the product of sums a'
    ' neuron also counts for what others are worth. Both are not in the paper;'
    ' of its own baselines none costs more with one neuron a layer.'
)


def make(
    config: Config,
    data: Any,
    found: Mapping[str, np.ndarray],
    exact: Mapping[str, np.ndarray],
) -> train.Report:
  """Holds what `measure` found [S, ...] against the paper's claims."""
  values = summary(found)
  differences = []
  if config.source == 'shapes':
    differences = [
        'Vision Transformers of four layers, trained here on generated shapes,'
        ' not ViT-B on ImageNet; thresholds are ours (of what we read the paper'
        ' gives directions, no values).',
    ]
  elif config.model != 'vit':
    differences = [
        'A convolutional network, not a Vision Transformer: a neuron is a'
        ' channel of what leaves a block, its value a factor of 1.',
    ]
  labels = np.asarray(data.labels)
  within, between = _overlap(found['neurons'], labels)
  overlap = {'within': within}, {'between': between}
  claims = _claims(values, found['right'].mean(1), *overlap)
  return train.Report(
      claims=claims if config.source == 'shapes' else [],
      data={
          'images': f'{len(labels)}; {data.skipped} could not be read',
          'source': config.source,
      },
      differences=differences,
      tables={'Paths of one neuron a layer': _table(config, values, exact)},
      figures=figures.draw(config, data, found['neurons'][0], values),
  )


def summary(found: Mapping[str, np.ndarray]) -> dict[str, dict[str, Any]]:
  """Returns values [S] of each method, means over images."""
  plain, right = found['probability'].mean(1), found['right'].mean(1)
  values = {}
  for i, name in enumerate(measure.METHODS):
    of = {key: found[key][:, :, i].mean(1) for key in measure.OF_METHODS}
    drops = plain[:, None] - of['removed']  # [S, K]
    values[name] = {
        'score': of['score'], 'completeness': of['completeness'],
        'drop': drops[:, 0], 'drops': drops, 'gain': of['enhanced'] - plain,
        'kept': of['kept'], 'accuracy removed': of['removed_right'] - right,
        'accuracy enhanced': of['enhanced_right'] - right,
    }  # fmt: skip
  return values


def _overlap(neurons, labels):
  """Returns Jaccard indices within and between classes of paths [S, N, L]."""
  shared = (neurons[:, :, None] == neurons[:, None]).sum(-1)
  index = shared / (2 * neurons.shape[2] - shared)
  same = labels[:, None] == labels
  pairs = same & ~np.eye(len(labels), dtype=bool), ~same
  return [
      index[:, where].mean(1) if where.any() else np.full(len(index), np.nan)
      for where in pairs
  ]


def _claims(values, accuracy, within, between) -> list[train.Claim]:
  pick = lambda name, key: {name: values[name][key]}
  best = lambda key: {
      'best baseline': np.max([values[name][key] for name in _OTHERS], 0)
  }
  triple = {'three times random': 3 * values['random']['drop']}
  return [
      train.higher(
          'The networks know the shapes: accuracy at least 0.95',
          {'accuracy': accuracy}, 0.95, by='mean', source='ours',
      ),
      train.higher(
          'The joint attribution score of the neuron path is above every'
          " baseline's (by construction: it is what the search maximises)",
          pick(_OURS, 'score'), best('score'), by='interval', source='paper',
          paper='highest in all four models',
      ),
      train.higher(
          'Removing the path costs at least three times the probability that'
          ' removing random paths does', pick(_OURS, 'drop'), triple,
          by='interval', source='paper (direction); factor: ours',
          paper='largest drop when removed',
      ),
      train.higher(
          'No baseline costs more when it is removed', pick(_OURS, 'drop'),
          best('drop'), by='mean', source='paper',
          paper='largest drop when removed', because=_BECAUSE,
      ),
      train.higher(
          'Doubling the path raises the probability more than doubling random'
          ' paths', pick(_OURS, 'gain'), pick('random', 'gain'), by='interval',
          source='paper', paper='largest gain when enhanced',
      ),
      train.higher(
          'Paths of images of one class share more neurons than those of two',
          within, between, by='interval', source='paper (direction)',
      ),
  ]  # fmt: skip


def _table(config, values, exact) -> train.Table:
  rows = {
      name: {text: values[name][key] for key, text in _SHOWN.items()}
      for name in measure.METHODS
  }
  note = (
      'Joint attribution score as published (a product of sums, may be above 1)'
      ' and in its completeness form; loss of probability when the path is'
      ' removed, gain when it is doubled, changes of accuracy, and probability'
      f' left when all but {config.counts[-1]} neurons a layer are removed.'
  )
  if exact:
    size = exact['fast'].shape[-1]
    pairs = zip(*(exact[k].reshape(-1, size) for k in exact), strict=True)
    mean = np.mean([stats.spearmanr(*pair).statistic for pair in pairs])
    note += (
        " Mean rank correlation of the search's scores with exact ones, over"
        f' layers and {config.num_exact} images a network: {mean:.3f}.'
    )
  return train.Table(rows, 'method', note)
