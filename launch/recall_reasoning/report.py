"""The report of `launch.recall_reasoning`, and whose each claim is."""

from collections.abc import Mapping

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
    ' (neither text nor code is public), and no number below is the paper\'s.',
    'Circuits are sets of a fixed size, by the effect of heads put out one by'
    ' one and of neurons to first order, on prompts that the test does not'
    ' use.',
)  # fmt: skip


def make(
    config: Config, history: train.History | None,
    found: Mapping[str, np.ndarray],
) -> train.Report:  # fmt: skip
  """Holds what `study` and `summarize` found, seeds in front, to the claims."""
  return train.Report(
      claims=_claims(config, found),
      data={'prompts': f'{config.num_prompts} of each task to choose circuits'
                       ' by, as many others to judge them'},
      differences=list(_DIFFERENCES),
      tables=_tables(config, found),
      figures=figures.draw(config, history, found),
  )  # fmt: skip


def _claims(config: Config, found) -> list[train.Claim]:
  """Returns the claims; the circuits are of heads and neurons together."""
  accuracy = dict(zip(TASKS, found['accuracy'].T, strict=True))
  lost = found['lost mean'][:, -1]
  claims = [
      train.higher(
          'Both tasks are learned before anything is put out: accuracy above'
          ' 0.95', {'lower of the two': found['accuracy'].min(1)}, 0.95,
          by='seed', also=accuracy, source='ours',
      )
  ]  # fmt: skip
  for i, task in enumerate(TASKS):
    other = TASKS[1 - i]
    claims += [
        train.higher(
            f'Without the {task} circuit (mean), {task} loses 15 points of'
            ' accuracy or more', {f'{task} lost': lost[:, i, i]}, 0.15,
            by='interval', source=_OURS,
            paper='' if i else 'up to 15 % (abstract)',
        ),
        train.lower(
            f'Without the {task} circuit (mean), {other} loses less than 5'
            ' points', {f'{other} lost': lost[:, i, 1 - i]}, 0.05,
            by='interval', source=_OURS,
        ),
    ]  # fmt: skip
  claims += [
      train.higher(
          f'Double dissociation ({kind}): the 95 % bootstrap interval of its'
          ' index lies above 0', {'low end': found[f'index {kind}'][:, -1, 1]},
          0.0, by='seed', source='ours',
          also={'index': found[f'index {kind}'][:, -1, 0]},
      )
      for kind in KINDS
  ]  # fmt: skip
  index = found['index mean'][..., 0]
  depth = dict(zip(TASKS, found['depth'].T, strict=True))
  return claims + [
      train.higher(
          'Double dissociation is above that of the best of'
          f' {config.num_random} pairs of random circuits of the same sizes in'
          ' the same layers', {'circuits': index[:, -1]},
          {'best random pair': found['random'][:, -1].max(-1)},
          by='interval', source='ours',
      ),
      train.lower(
          'Neither circuit matters for unrelated text: its loss changes by less'
          ' than 5 %', {'larger change': np.abs(found['text']).max(1)}, 0.05,
          by='interval', source='ours',
      ),
      train.higher(
          'Heads dissociate the tasks more than neurons do',
          {'heads': index[:, 0]}, {'neurons': index[:, 1]}, by='interval',
          source='abstract (effects of neurons are weaker)',
      ),
      train.lower(
          'Recall lies in earlier layers than reasoning: mean layer, weighted by'
          ' what its loss costs', {'recall': depth['recall']},
          {'reasoning': depth['reasoning']}, by='interval',
          source='secondary summaries',
      ),
      train.higher(
          'Classes of layers hold: in 9 of 10 folds they are those of all'
          ' prompts', {'share': found['stability'].mean(1)}, 0.9, by='mean',
          source='ours',
      ),
  ]  # fmt: skip


def _tables(config, found) -> dict[str, train.Table]:
  cut = lambda kind, level, i: {
      f'{task} lost': 100 * found[f'lost {kind}'][:, level, i, j]
      for j, task in enumerate(TASKS)
  }
  lesions = {
      f'{task} circuit, {LEVELS[level]}, {kind}': cut(kind, level, i)
      for kind in KINDS for level in range(len(LEVELS))
      for i, task in enumerate(TASKS)
  }  # fmt: skip
  attention, neurons = {}, {}
  size = np.abs(found['d_prime'])
  for i, task in enumerate(TASKS):
    mine = found['own_heads'][:, i]
    of = lambda x, m=mine: np.array(
        [a[b].mean(0) for a, b in zip(x, m, strict=True)]
    )
    mass = of(found['mass'][:, i])
    attention[f'{task} circuit, in {task}'] = {
        'entropy (nats)': of(found['entropy'][:, i]),
        **{g: mass[:, j] for j, g in enumerate(config.groups)},
    }
    chosen = found['own_neurons'][:, i]
    neurons[f'{task} circuit'] = _neurons(found, size, chosen)
  neurons['all'] = _neurons(found, size, np.ones_like(chosen))
  classes = {
      f'layer {layer}': {
          name: int(np.sum(found['classes'][:, layer] == i))
          for i, name in enumerate(('neither', *TASKS, 'both'))
      }
      | {'share of folds': found['stability'][:, layer]}
      for layer in range(found['classes'].shape[1])
  }
  return {
      'Points of accuracy lost': train.Table(lesions, 'put out'),
      'What the heads of a circuit read, at the last token': train.Table(
          attention, 'heads', 'Shares of attention by groups of tokens.'
      ),
      'Neurons that tell the tasks apart, at the last token': train.Table(
          neurons, 'neurons',
          f'Permutation test, {config.permutations} shuffles, false discovery'
          ' rate 5 %.',
      ),
      'Classes of layers': train.Table(
          classes, 'layer', 'In how many seeds a layer serves which task, and in'
          ' what share of 5 folds its class is that of all prompts.',
      ),
  }  # fmt: skip


def _neurons(found, size, chosen) -> dict[str, np.ndarray]:
  mean = lambda x: np.array(
      [a[b].mean() for a, b in zip(x, chosen, strict=True)]
  )
  apart = np.abs(found['auroc'] - 0.5) + 0.5
  return {
      'told apart': mean(found['told']), "|d'|": mean(size),
      'AUROC (either way)': mean(apart),
  }  # fmt: skip
