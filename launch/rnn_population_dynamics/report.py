"""The report of `launch.rnn_population_dynamics`, and whose each claim is."""

from collections.abc import Mapping

import numpy as np

from launch.rnn_population_dynamics import figures
from launch.rnn_population_dynamics.config import Config
from nmlib import train

_SHOWN = {
    'train_output': 'output, training',
    'test_output': 'output, held out',
    'unsampled': 'unsampled neurons',
    'canonical': 'canonical correlation',
    'procrustes': 'Procrustes',
    'rotation': 'rotation',
}


def make(
    config: Config,
    circuits: Mapping[str, np.ndarray],
    measured: Mapping[str, Mapping[str, np.ndarray]],
    curves: Mapping[str, train.History],
    example: Mapping[str, Mapping[str, np.ndarray]],
) -> train.Report:
  """Holds what was measured against the claims.

  Args:
    config: of the launcher.
    circuits: what `experiment.circuits` made.
    measured: what `measure.students` found, by rule.
    curves: what training logged, by rule.
    example: what `measure.example` showed, by rule.
  """
  claims = [_stable(circuits)]
  for rule, found in measured.items():
    claims += _of_rule(config, rule, found)
  tables = {
      f'Students by {rule}': _table(config, found)
      for rule, found in measured.items()
  }
  return train.Report(
      claims=claims,
      data={
          'circuits': f'{config.num_seeds}, each of {config.cell.num_units}'
          ' neurons, half of them excitatory',
          'conditions': f'{config.num_train} for training, {config.num_test}'
          f' held out, {config.length} steps of {config.cell.time_step:g} ms',
      },
      differences=[
          'FROM AN ABSTRACT: sizes, constants, rules and numbers of the paper'
          ' are unknown to us. The circuit (Hennequin, Vogels, Gerstner 2014),'
          ' full-FORCE (DePasquale et al. 2018) and the measures are of the'
          ' literature, thresholds are ours, and no number below is the'
          " paper's.",
          'Units are tanh, in circuit and student, also in the preset `paper`;'
          " the literature's circuit has a gain with a ceiling above its"
          ' baseline.',
      ],
      tables=tables,
      figures=figures.draw(config, circuits, measured, curves, example),
  )


def names(config: Config) -> list[str]:
  """Returns what students are called, by the part of neurons they are shown."""
  return [f'{f:g} sampled' if f else 'output only' for f in config.fractions]


def _stable(circuits) -> train.Claim:
  before, after = (
      circuits[f'spectrum_{when}'].real.max(1) for when in ('before', 'after')
  )
  return train.lower(
      'Inhibition stabilises every circuit: abscissa below 0.5, the leak is 1',
      {'after': after}, 0.5, by='seed', also={'before': before},
      source='literature',
  )  # fmt: skip


def _of_rule(config, rule, found) -> list[train.Claim]:
  asked = config.fractions.index(config.asked)
  none = config.fractions.index(0.0)
  label = f'{config.asked:g} sampled'
  rule = rule.capitalize()
  pick = lambda key: (
      {label: found[key][:, asked]}, {'output only': found[key][:, none]}
  )  # fmt: skip
  lowest = np.minimum(
      found['train_output'][:, asked], found['train_output'][:, none]
  )
  return [
      train.higher(
          f'{rule}: activity of unsampled neurons in held-out conditions is'
          ' predicted better, by 0.1 of R² or more', *pick('unsampled'),
          by='mean', margin=0.1, source='abstract; margin: ours',
      ),
      train.higher(
          f'{rule}: the output generalises better, by 0.03 of R² or more in'
          ' held-out conditions', *pick('test_output'), by='mean',
          margin=0.03, source='abstract; margin: ours',
      ),
      train.higher(
          f'{rule}: both have learned the task, R² of the output at least 0.95'
          ' in training conditions', {'lower of the two': lowest}, 0.95,
          by='mean', source='ours',
      ),
  ]  # fmt: skip


def _table(config, found) -> train.Table:
  rows = {
      name: {title: found[key][:, i] for key, title in _SHOWN.items()}
      for i, name in enumerate(names(config))
  }
  rows['circuit'] = {'rotation': found['circuit_rotation']}
  note = (
      'R² of the output and, by ridge regression from training conditions, of'
      ' neurons that were not sampled (of all, where all were). The others are'
      f' of the first {config.num_components} principal components in held-out'
      ' conditions: mean canonical correlation, similarity by Procrustes, and'
      ' jPCA, R² of a rotation over that of any linear flow. Students run'
      ' freely.'
  )
  return train.Table(rows, 'student', note)
