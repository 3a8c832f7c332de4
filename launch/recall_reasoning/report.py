"""The report of `launch.recall_reasoning`, and whose each claim is."""

from collections.abc import Mapping
import dataclasses

import numpy as np

from launch.recall_reasoning import figures
from launch.recall_reasoning.config import TASKS
from launch.recall_reasoning.config import Config
from nmlib import train
from nmlib.analysis.interpretability.task_dissociation import KINDS
from nmlib.analysis.interpretability.task_dissociation import LEVELS

_OURS = 'abstract; threshold: ours'
_DIFFERENCES = (
    'FROM AN ABSTRACT: tasks, sizes, thresholds and the whole protocol are ours'
    " (neither text nor code is public), and no number below is the paper's.",
    'Circuits are sets of a fixed size, by the effect of heads put out one by'
    ' one and of neurons to first order, on prompts that the test does not'
    ' use.',
)
_GIVEN = 'a given model was not trained for these tasks: this is what was found'
_READ = 'Mean share of attention on groups of tokens, in the own task.'
_CLASSES = 'Seeds in which a layer serves a task; folds of 5 that say so.'


def make(config: Config, found: Mapping[str, np.ndarray]) -> train.Report:
  """Holds what `study` and `summarize` found, seeds in front, to the claims."""
  claims = [*_lesions(found), *_dissociation(config, found), *_others(found)]
  if config.source != 'generated':
    of_given = lambda claim: dataclasses.replace(
        claim, expected=claim.holds, because='' if claim.holds else _GIVEN
    )
    claims = list(map(of_given, claims))
  return train.Report(
      claims=claims,
      data={'prompts': f'{config.num_prompts} of each task to choose circuits'
                       ' by, as many others to judge them'},
      differences=list(_DIFFERENCES),
      tables=_tables(config, found), figures=figures.draw(config, found),
  )  # fmt: skip


def _lesions(found) -> list[train.Claim]:
  """What circuits of heads and neurons cost, means in their place."""
  accuracy = dict(zip(TASKS, found['accuracy'].T, strict=True))
  claims = [
      train.higher(
          'Both tasks are learned before anything is put out: accuracy above'
          ' 0.95', {'lower of the two': found['accuracy'].min(1)}, 0.95,
          by='seed', also=accuracy, source='ours',
      )
  ]  # fmt: skip
  lost = found['lost mean'][:, -1]
  for i, task in enumerate(TASKS):
    other, without = TASKS[1 - i], f'Without the {task} circuit (mean)'
    claims += [
        train.higher(
            f'{without}, {task} loses 15 points of accuracy or more',
            {f'{task} lost': lost[:, i, i]}, 0.15, by='interval', source=_OURS,
            paper='' if i else 'up to 15 % (abstract)',
        ),
        train.lower(
            f'{without}, {other} loses less than 5 points',
            {f'{other} lost': lost[:, i, 1 - i]}, 0.05, by='interval',
            source=_OURS,
        ),
    ]  # fmt: skip
  return claims


def _dissociation(config, found) -> list[train.Claim]:
  claims = [
      train.higher(
          f'Double dissociation ({kind}): the 95 % bootstrap interval of its'
          ' index lies above 0', {'low end': found[f'index {kind}'][:, -1, 1]},
          0.0, by='seed', source='ours',
          also={'index': found[f'index {kind}'][:, -1, 0]},
      )
      for kind in KINDS
  ]  # fmt: skip
  index = found['index mean'][..., 0]
  return claims + [
      train.higher(
          'Double dissociation is above that of the best of'
          f' {config.num_random} pairs of random circuits of the same sizes in'
          ' the same layers', {'circuits': index[:, -1]},
          {'best random pair': found['random'][:, -1].max(-1)},
          by='interval', source='ours',
      ),
      train.higher(
          'Heads dissociate the tasks more than neurons do',
          {'heads': index[:, 0]}, {'neurons': index[:, 1]}, by='interval',
          source='abstract (effects of neurons are weaker)',
      ),
  ]  # fmt: skip


def _others(found) -> list[train.Claim]:
  first, second = ({t: found['depth'][:, i]} for i, t in enumerate(TASKS))
  return [
      train.lower(
          'Neither circuit matters for unrelated text: its loss changes by less'
          ' than 5 %', {'larger change': np.abs(found['text']).max(1)}, 0.05,
          by='interval', source='ours',
      ),
      train.lower(
          'Recall lies in earlier layers than reasoning: mean layer, weighted'
          ' by what its loss costs', first, second, by='interval',
          source='secondary summaries',
      ),
      train.higher(
          'Classes of layers hold: in 9 of 10 folds they are those of all'
          ' prompts', {'share': found['stability'].mean(1)}, 0.9, by='mean',
          source='ours',
      ),
  ]  # fmt: skip


def _tables(config, found) -> dict[str, train.Table]:
  parts, neurons = {}, {}
  apart = np.abs(found['d_prime']), np.abs(found['auroc'] - 0.5) + 0.5
  columns = dict(zip(("|d'|", 'AUROC'), apart, strict=True))
  columns = {'told apart': found['told']} | columns
  lost = {
      f'{task} circuit, {level}, {kind}': {
          f'{t} lost': 100 * found[f'lost {kind}'][:, j, i, k]
          for k, t in enumerate(TASKS)
      }
      for kind in KINDS for j, level in enumerate(LEVELS)
      for i, task in enumerate(TASKS)
  }  # fmt: skip
  for i, task in enumerate(TASKS):
    heads = found['own_heads'][:, i]
    mass = _of(found['mass'][:, i], heads)
    parts[f'{task} circuit'] = {
        'entropy (nats)': _of(found['entropy'][:, i], heads),
        **dict(zip(config.groups, mass.T, strict=True)),
    }
    own = found['own_neurons'][:, i]
    neurons[f'{task} circuit'] = {n: _of(x, own) for n, x in columns.items()}
  every = np.ones_like(found['told'])
  neurons['all'] = {name: _of(x, every) for name, x in columns.items()}
  classes = {
      f'layer {i}': {
          name: int(np.sum(row == c))
          for c, name in enumerate(('neither', *TASKS, 'both'))
      } | {'share of folds': found['stability'][:, i]}
      for i, row in enumerate(found['classes'].T)
  }  # fmt: skip
  return {
      'Points of accuracy lost': train.Table(lost, 'put out'),
      'What heads read, at the last token': train.Table(parts, 'heads', _READ),
      'Neurons that tell the tasks apart, at the last token': train.Table(
          neurons, 'neurons', f'{config.permutations} permutations, false'
          ' discovery rate 5 %; either sign.',
      ),
      'Classes of layers': train.Table(classes, 'layer', _CLASSES),
  }  # fmt: skip


def _of(values, chosen) -> np.ndarray:
  """Returns means [S, ...] over the chosen parts of each seed."""
  return np.array([v[c].mean(0) for v, c in zip(values, chosen, strict=True)])
