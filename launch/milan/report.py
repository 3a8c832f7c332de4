"""The report of `launch.milan`."""

import functools

import numpy as np

from launch.milan import figures
from launch.milan.config import Config
from nmlib import train

_LADDER = 'our spec of a small version'
_FEW = 'in `small` the mean gain is above 0.05, but networks differ too much.'


def make(config: Config, shown, found, said, scores, deleted) -> train.Report:
  """Holds to the claims what was found of units, [S, U, ...] by name."""
  far = deleted['chosen'][:, None]
  at = lambda key: np.take_along_axis(deleted[key], far, 1)[:, 0]
  return train.Report(
      claims=[*of_words(scores), *_of_deletions(deleted, at)],
      data={
          'images': f'{config.num_images} to dissect, {config.num_tests} of'
          ' each kind for deletions; half of those to train on have a letter',
          'units': '{} of each of {} networks'.format(*said.shape[1::-1]),
      },
      differences=[
          'Descriptions are made from the factors inside the masks; the'
          " paper's are by three persons a unit (MILANNOTATIONS), judged by"
          ' BERTScore, which a constant description wins (arXiv 2403.13771).',
          'Networks of 32 x 32 pixels; the encoder is one that was taught all'
          ' factors. The paper: ImageNet networks, seen by a ResNet-101.',
          'The best weights are chosen on three tenths of the units learned'
          ' from, by the cost of words (BLEU there).',
          'Deleted are as many units as leave validation accuracy within 0.02;'
          ' the paper shows the whole curve.',
      ],
      tables={
          'Networks that the captioner has not seen': methods(scores),
          'Deleting units': _deletions(deleted, at),
      },
      figures=figures.draw(config, shown, found, said, scores, deleted),
  )  # fmt: skip


def of_words(scores) -> list[train.Claim]:
  """Returns the claims on `descriptions.compare`."""
  f1 = lambda method: {method: scores['F1'][method]}
  distinct = lambda method: {method: scores['distinct'][method]}
  higher = functools.partial(train.higher, by='interval', source=_LADDER)
  better = 'Descriptions by wPMI name the factors better than the'
  return [
      higher(f'{better} best constant description, by 0.10 of F1',
             f1('wPMI'), f1('constant'), margin=0.1),
      higher(f'{better} most frequent factors do, by 0.10 of F1',
             f1('wPMI'), f1('most frequent'), margin=0.1),
      higher('wPMI names the factors no worse than likelihood, to 0.01 of F1',
             f1('wPMI'), f1('likelihood'), by='mean', margin=-0.01),
      higher('wPMI is more specific than likelihood: more distinct descriptions'
             ' of a network', distinct('wPMI'), distinct('likelihood')),
  ]  # fmt: skip


def _of_deletions(deleted, at) -> list[train.Claim]:
  first = lambda key: deleted[key][:, 0]
  gain = lambda order: at(order) - first(order)
  lost = 0 - gain('test candidates')
  return [
      train.higher(
          'Deleting units whose description names the letter gains 0.05 of'
          ' accuracy under misleading letters over as many random units',
          {'letter units': gain('misleading candidates')},
          {'random units': gain('misleading random units')},
          by='interval', margin=0.05, also={'units deleted': at('sizes')},
          source='abstract: direction; ' + _LADDER, because=_FEW,
      ),
      train.lower(
          'It costs less than 0.05 of accuracy in the distribution of training',
          {'lost': lost}, 0.05, by='mean', source=_LADDER,
      ),
  ]  # fmt: skip


def methods(scores) -> train.Table:
  """Returns the table of `descriptions.compare`."""
  return train.columns(
      {'factor F1': scores['F1'], 'distinct': scores['distinct']},
      note='F1 of words that name factors, against those true of most exemplars'
      ' inside the masks; constants are chosen on the other networks. Distinct:'
      ' different descriptions of the units of a network.',
  )


def _deletions(deleted, at) -> train.Table:
  of = lambda kind: {'none': deleted[f'{kind} candidates'][:, 0]} | {
      name: at(f'{kind} {order}') for name, order in figures.ORDERS.items()
  }
  return train.columns(
      {'misleading': of('misleading'), 'as trained': of('test')}, 'deleted',
      'Accuracy of the shape, every image with the letter of another one, or as'
      ' in training. Letter units are described by the letter; of any units'
      ' those go that cost least on validation; random: mean of five orders.',
  )  # fmt: skip
