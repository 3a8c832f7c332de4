"""The report of `launch.neuron_path`, and whose each claim is."""

import jax
import jax.numpy as jnp
import numpy as np
from scipy import stats

from launch.neuron_path import figures
from launch.neuron_path.config import Config
from nmlib import train
from nmlib.analysis import neuron_path

_OURS, _OTHERS = neuron_path.METHODS[0], neuron_path.METHODS[2:]
_BECAUSE = (
    'integrated gradients of each layer by itself find neurons that cost more,'
    ' and so does the completeness form of the search: in the product of sums a'
    ' neuron also counts for what others are worth. Both are not in the paper;'
    ' of its own baselines none costs more with one neuron a layer.'
)


def make(config: Config, data, found, exact) -> train.Report:
  """Holds what `experiment` found, [S, ...], against the paper's claims."""
  rows, plain = summary(found), found['probability'].mean(1)
  drops = plain[:, None, None] - found['removed'].mean(1)  # [S, M, K]
  overlaps = jax.vmap(neuron_path.class_overlap, (0, None))
  paths, labels = found['neurons'][..., None], data.labels
  shared = [*map(np.asarray, overlaps(jnp.asarray(paths), jnp.asarray(labels)))]
  claims, differences = [], []
  if config.source == 'shapes':
    differences = [
        'Vision Transformers of four layers, trained here on generated shapes,'
        ' not ViT-B on ImageNet; thresholds are ours (of what we read the paper'
        ' gives directions, no values).',
    ]
    claims = _claims(rows, found['right'].mean(1), *shared)
  elif config.model != 'vit':
    differences = [
        'A convolutional network, not a Vision Transformer: a neuron is a'
        " channel that leaves a block, its value its map's root mean square.",
    ]
  kind = 'neuron' if config.model == 'vit' else 'channel'
  table = _table(config, rows, exact, shared)
  images = f'{len(data.labels)}; {data.left_out}'
  return train.Report(
      claims=claims,
      data={'images': images, 'source': config.source},
      differences=differences,
      tables={f'Paths of one {kind} a layer': table},
      figures=figures.draw(config, data, found['neurons'][0], rows, drops),
  )


def summary(found) -> dict[str, dict[str, np.ndarray]]:
  """Returns values [S] of each method, means over images."""
  plain, right = found['probability'].mean(1), found['right'].mean(1)
  rows = {}
  for i, name in enumerate(neuron_path.METHODS):
    mean = lambda key, i=i: found[key][:, :, i].mean(1)
    rows[name] = {
        'joint score': mean('score'), 'completeness': mean('completeness'),
        'drop': plain - mean('removed')[:, 0],
        'gain': mean('enhanced') - plain,
        'accuracy, removed': mean('removed_right') - right,
        'accuracy, enhanced': mean('enhanced_right') - right,
        'kept alone': mean('kept'),
    }  # fmt: skip
  return rows


def _claims(rows, accuracy, within, between) -> list[train.Claim]:
  pick = lambda name, key: {name: rows[name][key]}
  best = lambda key: {
      'best baseline': np.max([rows[name][key] for name in _OTHERS], 0)
  }
  triple = {'three times random': 3 * rows['random']['drop']}
  return [
      train.higher(
          'The networks know the shapes: accuracy at least 0.95',
          {'accuracy': accuracy}, 0.95, by='mean', source='ours',
      ),
      train.higher(
          'The joint attribution score of the neuron path is above every'
          " baseline's (by construction: it is what the search maximises)",
          pick(_OURS, 'joint score'), best('joint score'), by='interval',
          source='paper', paper='highest in all four models', expected=None,
          because='it is in each seed, but scores of seeds differ eightfold',
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
          {'within': within}, {'between': between}, by='interval',
          source='paper (direction)',
      ),
  ]  # fmt: skip


def _table(config, rows, exact, shared) -> train.Table:
  note = (
      'Joint attribution score as published (a product of sums, may be above 1)'
      ' and in its completeness form; loss of probability when the path is'
      ' removed, gain when it is doubled, changes of accuracy, and probability'
      f' left when all but {config.counts[-1]} neurons a layer are removed.'
  )
  if config.source != 'shapes':  # where it is no claim
    same, others = (f'{part.mean():.3f}' for part in shared)
    note += (
        f' Overlap of two paths (Jaccard): {same} within classes, {others}'
        ' between; nan where there is no such pair.'
    )
  if exact:
    ranks = lambda at: stats.spearmanr(*(exact[k][at] for k in exact)).statistic
    mean = np.mean([*map(ranks, np.ndindex(exact['fast'].shape[:-1]))])
    note += (
        " Mean rank correlation of the search's scores with exact ones, over"
        f' layers and {config.num_exact} images a network: {mean:.3f}.'
    )
  return train.Table(rows, 'method', note)
