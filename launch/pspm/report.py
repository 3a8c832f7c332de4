"""The report of `launch.pspm`: what was found, beside the claims."""

import numpy as np

from launch.pspm import figures
from launch.pspm.config import Config
from nmlib import train

_NAMES = {
    'target': 'target', 'naive': 'naive', 'learned': 'both rules',
    'local': 'local rule alone', 'homeostatic': 'homeostasis alone',
    'control': 'control',
}  # fmt: skip
_COLUMNS = {
    'per_neuron': 'D_P', 'aggregate': 'D_A', 'spikes': 'spikes',
    'count_deviation': 's.d. of counts', 'intervals': 'intervals, l2',
    'avalanches': 'avalanche sizes, KS', 'branching': 'branching ratio',
    'correlation': 'r of weights', 'weight_distance': 'distance of weights',
}  # fmt: skip


def make(
    config: Config, found: dict[str, dict[str, np.ndarray]], dropped: int
) -> train.Report:
  """Holds what was measured against the claims.

  Args:
    config: of the launcher.
    found: what `measure.networks` found, by setting; 'critical' is the last.
    dropped: spikes that did not fit into the lists of times, in all that is
      logged.
  """
  critical = found['critical']
  claims = []
  for setting in config.settings:
    words = '' if len(config.settings) == 1 else f' ({setting})'
    claims += _similarity(found[setting], words)
  fired = found[config.settings[0]]['target/spikes'].mean()
  rate = fired / config.learner.num_units / config.length / 0.003
  return train.Report(
      claims=[*claims, *_critical(critical)],
      data={
          'targets': f'networks of {config.learner.num_units} neurons,'
          f' {config.length} steps of 3 ms, {rate:.2f} spikes a second',
          'critical targets': f'{config.critical.target}, our generator',
          'spikes beyond the capacity of the lists': dropped,
      },
      differences=[
          f'{config.learner.num_units} neurons, {config.length} steps,'
          f' {config.loop.num_steps} loops, {config.num_seeds} trials of the'
          f' settings {", ".join(config.settings)}; the authors have 400, 5000,'
          ' 150, and 30 of each of four, and steps scaled to that size.',
          'The critical target is of our own generator; the authors do not'
          ' publish theirs.',
          'Histograms of intervals count every interval of every network: the'
          " published script's counter stands still for the naive one, and its"
          " control has the target's.",
      ],
      tables={
          f'Setting {name}': _table(name, rows) for name, rows in found.items()
      },
      figures=figures.draw(_NAMES, found[config.settings[0]], critical),
  )


def _similarity(rows, words: str) -> list[train.Claim]:
  of = lambda name, key='per_neuron': {name: rows[f'{name}/{key}']}
  ratio = rows['learned/per_neuron'] / rows['control/per_neuron']
  source = 'abstract; ladder of a small version, ours'
  correlation = {'r': np.abs(rows['learned/correlation'])}
  return [
      train.lower(
          'Spike trains become the target: D_P at most 0.40 of the naive'
          f" network's{words}",
          of('learned'), of('naive'), by='seed', times=0.4, source=source,
          also=of('control'), paper='reproduces target spike trains',
      ),
      train.lower(
          'It is the pool that counts: D_P below that of the control, which'
          f' takes the same steps elsewhere{words}',
          of('learned'), of('control'), by='interval', source=source,
          also={'their ratio': ratio},
      ),
      train.lower(
          'Similar trains do not mean the true weights: correlation of'
          f' excitatory weights with them below 0.1{words}',
          correlation, 0.1, by='seed', source=source,
          paper='weights are not those of the target',
          also={'naive': np.abs(rows['naive/correlation'])},
      ),
      train.higher(
          'Homeostasis alone does not make trains similar: D_P at least 0.85 of'
          f" the naive network's{words}",
          of('homeostatic'), of('naive'), by='seed', times=0.85, source=source,
          paper='similarity depends on the local updates',
      ),
      train.lower(
          'The local rule alone makes trains similar: D_P at most 0.40 of the'
          f" naive network's{words}",
          of('local'), of('naive'), by='seed', times=0.4, source=source,
          paper='similarity depends on the local updates',
      ),
  ]  # fmt: skip


def _critical(rows) -> list[train.Claim]:
  return [
      train.lower(
          'Homeostasis alone brings avalanches nearer to a critical target:'
          ' Kolmogorov-Smirnov distance of their sizes below the naive'
          " network's", {'homeostatic': rows['homeostatic/avalanches']},
          {'naive': rows['naive/avalanches']}, by='interval',
          also={'both rules': rows['learned/avalanches']},
          source='abstract; the target and its size are ours',
          paper='matched by homeostasis alone',
      ),
      train.lower(
          'And the local rule adds nothing to that: with it the distance is no'
          ' more than 0.03 smaller',
          {'homeostatic': rows['homeostatic/avalanches']},
          {'both rules': rows['learned/avalanches']}, by='interval',
          margin=-0.03, source='abstract; the target and its size are ours',
          paper='matched by homeostasis alone',
      ),
  ]  # fmt: skip


def _table(setting: str, rows) -> train.Table:
  # A critical target has no weights.
  columns = list(_COLUMNS.items())[: 7 if setting == 'critical' else None]
  return train.Table(
      {
          words: {
              column: rows[f'{name}/{key}'].astype(float)
              for key, column in columns
          }
          for name, words in _NAMES.items()
          if f'{name}/spikes' in rows
      },
      'network',
      'D_P, D_A: smoothed trains, by neuron and summed; KS, l2: distance from'
      ' the target.',
  )
