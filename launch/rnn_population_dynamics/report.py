"""The report of `launch.rnn_population_dynamics`, and whose each claim is."""

from collections.abc import Mapping

import numpy as np

from launch.rnn_population_dynamics import figures
from launch.rnn_population_dynamics.config import Config
from nmlib import train

_SHOWN = {
    'train_r2': 'output, training', 'test_r2': 'output, held out',
    'unsampled': 'unsampled neurons', 'canonical': 'canonical correlation',
    'procrustes': 'Procrustes', 'rotation': 'rotation',
}  # fmt: skip
_BECAUSE = {
    'Least squares': 'students of output alone stay at 0.93 in `small`: they'
    ' follow the currents of a random network, of which their own, imperfect'
    ' rates lose hold (those of all neurons reach 0.996).'
}


def make(
    config: Config,
    circuits: Mapping[str, np.ndarray],
    measured: Mapping[str, Mapping[str, np.ndarray]],
) -> train.Report:
  """Holds what `measure.students` found, by rule, against the claims."""
  highest = {w: circuits[w].real.max(1) for w in ('after', 'before')}
  claims = [
      train.lower(
          'Inhibition stabilises every circuit: abscissa below 0.5, where 1 is'
          ' unstable', {'after': highest['after']}, 0.5, by='seed',
          also=highest, source='literature',
      )
  ]  # fmt: skip
  for rule, found in measured.items():
    claims += _of_rule(config, rule, found)
  return train.Report(
      claims=claims,
      data={
          'conditions': f'{config.num_train} for training, {config.num_test}'
          f' held out, of {config.num_seeds} circuits',
      },
      differences=[
          'FROM AN ABSTRACT: sizes, constants, rules and numbers of the paper'
          ' are unknown to us. The circuit (Hennequin, Vogels, Gerstner 2014),'
          ' full-FORCE (DePasquale et al. 2018) and the measures are of the'
          ' literature, thresholds are ours, and no number below is the'
          " paper's.",
      ],
      tables={
          f'Students by {rule}': _table(config, found)
          for rule, found in measured.items()
      },
      figures=figures.draw(config, circuits, measured),
  )


def _of_rule(config, rule, found) -> list[train.Claim]:
  rule = rule.capitalize()
  of = lambda key, f: found[key][:, config.fractions.index(f)]
  pick = lambda key: [{config.name(f): of(key, f)} for f in (config.asked, 0.0)]
  lowest = np.minimum(of('train_r2', config.asked), of('train_r2', 0.0))
  return [
      train.higher(
          f'{rule}: activity of unsampled neurons in held-out conditions is'
          ' predicted better, by 0.1 of R² or more', *pick('unsampled'),
          by='mean', margin=0.1, source='abstract; margin: ours',
      ),
      train.higher(
          f'{rule}: the output generalises better, by 0.03 of R² or more in'
          ' held-out conditions', *pick('test_r2'), by='mean',
          margin=0.03, source='abstract; margin: ours',
      ),
      train.higher(
          f'{rule}: both have learned the task, R² of the output at least 0.95'
          ' in training conditions', {'lower of the two': lowest}, 0.95,
          by='mean', source='ours', because=_BECAUSE.get(rule, ''),
      ),
  ]  # fmt: skip


def _table(config, found) -> train.Table:
  rows = {
      config.name(f): {t: found[key][:, i] for key, t in _SHOWN.items()}
      for i, f in enumerate(config.fractions)
  }
  rows['circuit'] = {'rotation': found['wanted_rotation'][:, 0]}
  note = (
      'R² of the output and, by ridge regression from training conditions, of'
      ' neurons that were not sampled (of all, where all were). The others are'
      f' of the first {config.num_components} principal components in held-out'
      ' conditions: mean canonical correlation, similarity by Procrustes, and'
      ' jPCA, R² of a rotation over that of any linear flow. Students run'
      ' freely.'
  )
  return train.Table(rows, 'student', note)
