"""The report of `launch.milan`."""

from collections.abc import Mapping

import numpy as np

from launch.milan import figures
from launch.milan.config import Config
from nmlib import train

Arrays = Mapping[str, np.ndarray]
_LADDER = 'our spec of a small version'
_FEW = (
    'in `small` the mean gain is above 0.05, but the five networks differ too'
    ' much: validation lets only three or four units go, and the interval of'
    ' the differences is from -0.08 to 0.25.'
)


def make(
    config: Config, found: Arrays, said: Arrays, scores: Arrays, deleted: Arrays
) -> train.Report:
  """Holds descriptions of units, and what deleting some does, to the claims."""
  far = deleted['chosen'][:, None]
  at = lambda key: np.take_along_axis(deleted[key], far, 1)[:, 0]
  return train.Report(
      claims=[*_of_words(scores), *_of_deletions(deleted, at)],
      data={
          'images': f'{config.num_images} to dissect {config.num_seeds}'
          f' networks of {found["facts"].shape[1]} units;'
          f' {config.num_tests} of each kind for deletions',
          'letters': f'in {config.lettered:g} of the training images, one for'
          ' each shape',
      },
      differences=[
          'Descriptions are made from the factors inside the masks; the'
          " paper's are by three persons a unit (MILANNOTATIONS), judged by"
          ' BERTScore, which a constant description wins (arXiv 2403.13771).',
          f'Networks of {len(config.network.channels)} layers, 32 x 32 pixels;'
          ' the encoder is one of them that was taught all factors, its'
          ' features standardised. The paper: ImageNet networks, ResNet-101.',
          'A network is described by a captioner that learned on'
          f' {config.train_share:g} of the units of the others; the rest of'
          ' those choose its best weights, by the cost of words (BLEU there;'
          ' the released program restores the last weights).',
          'Deleted are as many units as leave validation accuracy within'
          f' {config.tolerance:g}; the paper shows the whole curve.',
      ],
      tables={
          'Descriptions of networks that the captioner has not seen':
              methods(scores),
          'Deleting units': _deletions(deleted, at),
      },
      figures=figures.draw(config, found, said, scores, deleted),
  )  # fmt: skip


def _of_words(scores) -> list[train.Claim]:
  f1 = lambda method: {method: scores[f'F1 {method}']}
  distinct = lambda method: {method: scores[f'distinct {method}']}
  return [
      train.higher(
          'Descriptions by wPMI name the factors better than the best constant'
          ' description, by 0.10 of F1', f1('wPMI'), f1('constant'),
          by='interval', margin=0.1, source=_LADDER,
      ),
      train.higher(
          'Descriptions by wPMI name the factors better than the most frequent'
          ' factors do, by 0.10 of F1', f1('wPMI'), f1('most frequent'),
          by='interval', margin=0.1, source=_LADDER,
      ),
      train.higher(
          'wPMI names the factors no worse than likelihood, to 0.01 of F1',
          f1('wPMI'), f1('likelihood'), by='mean', margin=-0.01,
          source=_LADDER,
      ),
      train.higher(
          'wPMI is more specific than likelihood: more distinct descriptions of'
          ' a network', distinct('wPMI'), distinct('likelihood'),
          by='interval', source=_LADDER,
      ),
  ]  # fmt: skip


def _of_deletions(deleted, at) -> list[train.Claim]:
  first = lambda key: deleted[key][:, 0]
  gain = lambda order, name='': {
      name or order: at(f'misleading {order}') - first(f'misleading {order}')
  }
  lost = first('test candidates') - at('test candidates')
  return [
      train.higher(
          'Deleting units whose description names the letter gains 0.05 of'
          ' accuracy under misleading letters over as many random units',
          gain('candidates', 'letter units'), gain('random units'),
          by='interval', margin=0.05, also={'units deleted': at('sizes')},
          source='abstract: direction; ' + _LADDER, because=_FEW,
      ),
      train.lower(
          'It costs less than 0.05 of accuracy in the distribution of training',
          {'lost': lost}, 0.05, by='mean', source=_LADDER,
      ),
  ]  # fmt: skip


def methods(scores: Arrays) -> train.Table:
  """Returns the table of `descriptions.compare`."""
  rows = {}
  for key, values in scores.items():
    column, _, method = key.partition(' ')
    column = 'factor F1' if column == 'F1' else 'distinct'
    rows.setdefault(method, {})[column] = values
  note = (
      'F1 of the words that name factors, against those true of most exemplars'
      ' inside the masks; constants are chosen on the other networks. Distinct:'
      ' different descriptions of the units of a network.'
  )
  return train.Table(rows, 'method', note)


def _deletions(deleted, at) -> train.Table:
  rows = {
      'none': {
          'misleading': deleted['misleading candidates'][:, 0],
          'as trained': deleted['test candidates'][:, 0],
      }
  }
  for order, name in figures.ORDERS.items():
    rows[name] = {
        'misleading': at(f'misleading {order}'),
        'as trained': at(f'test {order}'),
        'units': at('sizes').astype(float),
    }
  note = (
      'Accuracy of the shape where every image carries the letter of another'
      ' one, and in the distribution of training. Letter units: those whose'
      ' description names the letter; any units: of all, those that cost least'
      ' on validation; random: mean of several orders.'
  )
  return train.Table(rows, 'deleted', note)
