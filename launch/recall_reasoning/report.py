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
_DIFFERENCES = (
    'FROM AN ABSTRACT: tasks, sizes, thresholds and the whole protocol are ours'
    " (neither text nor code is public), and no number below is the paper's.",
    'Circuits are sets of a fixed size, by the effect of heads put out one by'
    ' one and of neurons to first order, on prompts that the test does not'
    ' use.',
)
_above = functools.partial(train.higher, by='interval', source='ours')
_below = functools.partial(train.lower, by='interval', source='ours')
_GIVEN = 'a given model was not trained for these tasks: this is what was found'
_BECAUSE = {  # by how a claim begins; figures are of `small`
    'Without the recall circuit (mean), reasoning': 'its heads alone cost'
    ' reasoning 2.8 points, with the neurons it is 6.3 (5.8 over seeds)',
    'Without the reasoning circuit (mean), recall': 'its heads alone cost'
    ' recall 5.6 points; neurons, ranked one by one, do more together (21)',
    'Double dissociation is above': 'layers have four heads, so that many a'
    ' random circuit holds the heads that matter (best of 20 pairs: 0.97)',
    'Recall lies in earlier layers': 'both tasks need layer 0 most, and chains'
    ' begin in the lower half, where their first step was asked for',
}
_READ = 'Mean share of attention on groups of tokens, in the own task.'
_CLASSES = 'Seeds in which a layer serves a task; folds of 5 that say so.'


def make(config: Config, found: Mapping[str, np.ndarray]) -> train.Report:
  """Holds what `study` and `summarize` found, seeds in front, to the claims."""
  claims = _claims(config, found)
  if config.source != 'generated':
    of = lambda c: {'expected': c.holds, 'because': '' if c.holds else _GIVEN}
    claims = [dataclasses.replace(claim, **of(claim)) for claim in claims]
  else:
    known = lambda c: [w for t, w in _BECAUSE.items() if c.text.startswith(t)]
    claims = [
        dataclasses.replace(c, expected=not why, because=why)
        for c in claims
        for why in known(c) or ['']
    ]
  return train.Report(
      claims=claims,
      data={'prompts': f'{config.num_prompts} of each task to choose circuits'
                       ' by, as many others to judge them'},
      differences=list(_DIFFERENCES),
      tables=_tables(config, found), figures=figures.draw(config, found),
  )  # fmt: skip


def _claims(config, found) -> list[train.Claim]:
  """Returns the claims; of circuits of heads and neurons unless they say so."""
  lost = found['lost mean'][:, -1]
  first, second = _of_tasks(found['accuracy'])
  claims = [
      train.higher(
          'Both tasks are learned before anything is put out: accuracy above'
          ' 0.95', {'lower of the two': found['accuracy'].min(1)}, 0.95,
          by='seed', also=first | second, source='ours',
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
        ),
    ]  # fmt: skip
  return claims + _dissociation(config, found)


def _dissociation(config, found) -> list[train.Claim]:
  kinds = {kind: found[f'index {kind}'] for kind in KINDS}
  index = kinds['mean'][..., 0]
  claims = [
      train.higher(
          f'Double dissociation ({kind}): the 95 % bootstrap interval of its'
          ' index lies above 0', {'low end': values[:, -1, 1]}, 0.0, by='seed',
          source='ours', also={'index': values[:, -1, 0]},
      )
      for kind, values in kinds.items()
  ]  # fmt: skip
  return claims + [
      _above(
          'Double dissociation is above that of the best of'
          f' {config.num_random} pairs of random circuits of the same sizes in'
          ' the same layers', {'circuits': index[:, -1]},
          {'best random pair': found['random'][:, -1].max(-1)},
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
          ' by what its loss costs', *_of_tasks(found['depth']),
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


def _of_tasks(values) -> list[dict[str, np.ndarray]]:
  return [{task: values[:, i]} for i, task in enumerate(TASKS)]


def _of(values, chosen) -> np.ndarray:
  """Returns means [S, ...] over the chosen parts of each seed."""
  return np.array([v[c].mean(0) for v, c in zip(values, chosen, strict=True)])
