"""The report of `launch.recall_reasoning`, and whose each claim is."""

from collections.abc import Mapping
import dataclasses
import functools

import numpy as np

from launch.recall_reasoning import figures
from launch.recall_reasoning.config import TASKS
from launch.recall_reasoning.config import Config
from nmlib import train
from nmlib.analysis.interpretability.task_dissociation import KINDS
from nmlib.analysis.interpretability.task_dissociation import LEVELS

_ABSTRACT = 'abstract; threshold: ours'
_DIFFERENCES = [
    'FROM AN ABSTRACT: tasks, sizes, thresholds and the whole protocol are ours'
    " (neither text nor code is public), and no number below is the paper's.",
    'Circuits are sets of a fixed size, by the effect of heads put out one by'
    ' one and of neurons to first order, on prompts that the test does not'
    ' use.',
]
_above = functools.partial(train.higher, by='interval', source='ours')
_below = functools.partial(train.lower, by='interval', source='ours')
_GIVEN = 'a given model was not trained for these tasks: this is what was found'
_BECAUSE = {  # figures are of `small`
    'recall': 'its heads alone cost reasoning 2.8 points, with the neurons it'
    ' is 6.3 (5.8 over seeds)',
    'reasoning': 'its heads alone cost recall 5.6 points; neurons, ranked one'
    ' by one, do more together (21)',
    'random': 'layers have four heads, so that many a random circuit holds the'
    ' heads that matter (best of 20 pairs: 0.97)',
    'depth': 'both tasks need layer 0 most, and chains begin in the lower half,'
    ' where their first step was asked for',
}
_READ = 'Mean share of attention on groups of tokens, in the own task.'
_CLASSES = 'Seeds in which a layer serves a task; folds of 5 that say so.'


def make(config: Config, found: Mapping[str, np.ndarray]) -> train.Report:
  """Holds what `study` and `summarize` found, seeds in front, to the claims."""
  claims = [*_lesions(found), *_dissociation(config, found)]
  if config.source != 'generated':
    of = lambda c: {'expected': c.holds, 'because': '' if c.holds else _GIVEN}
    claims = [dataclasses.replace(claim, **of(claim)) for claim in claims]
  return train.Report(
      claims=claims,
      data={'prompts': f'{config.num_prompts} of each task to choose circuits'
                       ' by, as many others to judge them'},
      differences=_DIFFERENCES,
      tables=_tables(config, found), figures=figures.draw(config, found),
  )  # fmt: skip


def _lesions(found) -> list[train.Claim]:
  """Returns the claims of circuits of heads and neurons."""
  lost = found['lost mean'][:, -1]
  claims = [
      train.higher(
          'Both tasks are learned before anything is put out: accuracy above'
          ' 0.95', {'lower of the two': found['accuracy'].min(1)}, 0.95,
          by='seed', also=dict(zip(TASKS, found['accuracy'].T, strict=True)),
          source='ours',
      )
  ]  # fmt: skip
  for i, task in enumerate(TASKS):
    other, without = TASKS[1 - i], f'Without the {task} circuit (mean)'
    claims += [
        _above(
            f'{without}, {task} loses 15 points of accuracy or more',
            {f'{task} lost': lost[:, i, i]}, 0.15, source=_ABSTRACT,
            paper='' if i else 'up to 15 % (abstract)',
        ),
        _below(
            f'{without}, {other} loses less than 5 points',
            {f'{other} lost': lost[:, i, 1 - i]}, 0.05, source=_ABSTRACT,
            because=_BECAUSE[task],
        ),
    ]  # fmt: skip
  return claims


def _dissociation(config, found) -> list[train.Claim]:
  kinds = {kind: found[f'index {kind}'] for kind in KINDS}
  index = kinds['mean'][..., 0]
  return [
      train.higher(
          f'Double dissociation ({kind}): the 95 % bootstrap interval of its'
          ' index lies above 0', {'low end': values[:, -1, 1]}, 0.0, by='seed',
          source='ours', also={'index': values[:, -1, 0]},
      )
      for kind, values in kinds.items()
  ] + [
      _above(
          'Double dissociation is above that of the best of'
          f' {config.num_random} pairs of random circuits of the same sizes in'
          ' the same layers', {'circuits': index[:, -1]},
          {'best random pair': found['random'][:, -1].max(-1)},
          because=_BECAUSE['random'],
      ),
      _above(
          'Heads dissociate the tasks more than neurons do',
          {'heads': index[:, 0]}, {'neurons': index[:, 1]},
          source='abstract (effects of neurons are weaker)',
      ),
      _below(
          'Neither circuit matters for unrelated text: its loss changes by less'
          ' than 5 %', {'larger change': np.abs(found['text']).max(1)}, 0.05,
      ),
      _below(
          'Recall lies in earlier layers than reasoning: mean layer, weighted'
          ' by what its loss costs',
          *({task: found['depth'][:, i]} for i, task in enumerate(TASKS)),
          source='secondary summaries', because=_BECAUSE['depth'],
      ),
      train.higher(
          'Classes of layers hold: in 9 of 10 folds they are those of all'
          ' prompts', {'share': found['stability'].mean(1)}, 0.9, by='mean',
          source='ours',
      ),
  ]  # fmt: skip


def _tables(config, found) -> dict[str, train.Table]:
  lost = {
      f'{task} circuit, {level}, {kind}': {
          f'{t} lost': 100 * found[f'lost {kind}'][:, j, i, k]
          for k, t in enumerate(TASKS)
      }
      for kind in KINDS for j, level in enumerate(LEVELS)
      for i, task in enumerate(TASKS)
  }  # fmt: skip
  circuits = [f'{task} circuit' for task in TASKS]
  heads = _rows(circuits, ['entropy (nats)', *config.groups], found['read'])
  columns = ['told apart', "|d'|", 'AUROC']
  neurons = _rows([*circuits, 'all'], columns, found['apart'])
  classes = {
      f'layer {i}': {
          name: int(np.sum(row == c))
          for c, name in enumerate(('neither', *TASKS, 'both'))
      } | {'share of folds': found['stability'][:, i]}
      for i, row in enumerate(found['classes'].T)
  }  # fmt: skip
  return {
      'Points of accuracy lost': train.Table(lost, 'put out'),
      'What heads read, at the last token': train.Table(heads, 'heads', _READ),
      'Neurons that tell the tasks apart, at the last token': train.Table(
          neurons, 'neurons', f'{config.permutations} permutations, false'
          ' discovery rate 5 %; either sign.',
      ),
      'Classes of layers': train.Table(classes, 'layer', _CLASSES),
  }  # fmt: skip


def _rows(names, columns, values) -> dict[str, dict[str, np.ndarray]]:
  """Names values [S, names, columns]."""
  return {
      name: dict(zip(columns, values[:, i].T, strict=True))
      for i, name in enumerate(names)
  }
