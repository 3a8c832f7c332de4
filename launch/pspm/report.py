"""The report of `launch.pspm`: what was found, beside the claims."""

import functools

import numpy as np

from launch.pspm import figures
from launch.pspm.config import Config
from nmlib import train

_COLUMNS = {
    'per_neuron': 'D_P', 'aggregate': 'D_A', 'spikes': 'spikes',
    'count_deviation': 's.d. of counts', 'intervals': 'intervals, l2',
    'avalanches': 'avalanche sizes, KS', 'branching': 'branching ratio',
    'correlation': 'r of weights', 'weight_distance': 'distance of weights',
}  # fmt: skip


def make(
    config: Config, found: dict[str, dict[str, np.ndarray]], dropped: int
) -> train.Report:
  """Holds what `measure` found, by setting, against the claims."""
  claims = []
  for setting in config.settings:
    words = '' if len(config.settings) == 1 else f' ({setting})'
    claims += _similarity(found[setting], words)
  fired = found[config.settings[0]]['target/spikes'].mean()
  rate = fired / config.learner.num_units / config.length / 0.003
  return train.Report(
      claims=[*claims, *_critical(found['critical'])],
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
      tables={f'Setting {k}': _table(k, rows) for k, rows in found.items()},
      figures=figures.draw(found[config.settings[0]], found['critical']),
  )


def _similarity(rows, words: str) -> list[train.Claim]:
  of = lambda name: {name: rows[f'{name}/per_neuron']}
  ratio = rows['learned/per_neuron'] / rows['control/per_neuron']
  source = 'abstract; ladder of a small version, ours'
  lower = functools.partial(train.lower, by='seed', source=source)
  return [
      lower(
          'Spike trains become the target: D_P at most 0.40 of the naive'
          f" network's{words}", of('learned'), of('naive'), times=0.4,
          also=of('control'), paper='reproduces target spike trains',
      ),
      lower(
          'It is the pool that counts: D_P below that of the control, which'
          f' takes the same steps elsewhere{words}',
          of('learned'), of('control'), by='interval',
          also={'their ratio': ratio},
      ),
      lower(
          'Similar trains do not mean the true weights: correlation of'
          f' excitatory weights with them below 0.1{words}',
          {'r': np.abs(rows['learned/correlation'])}, 0.1,
          also={'naive': np.abs(rows['naive/correlation'])},
          paper='weights are not those of the target',
      ),
      train.higher(
          'Homeostasis alone does not make trains similar: D_P at least 0.85 of'
          f" the naive network's{words}", of('homeostatic'), of('naive'),
          by='seed', times=0.85, source=source,
          paper='similarity depends on the local updates',
      ),
      lower(
          'The local rule alone makes trains similar: D_P at most 0.40 of the'
          f" naive network's{words}", of('local'), of('naive'), times=0.4,
          paper='similarity depends on the local updates',
      ),
  ]  # fmt: skip


def _critical(rows) -> list[train.Claim]:
  homeostatic, naive, both = (
      rows[f'{name}/avalanches'] for name in ('homeostatic', 'naive', 'learned')
  )
  lower = functools.partial(
      train.lower, ours={'homeostatic': homeostatic}, by='interval',
      source='abstract; the target and its size are ours',
      paper='matched by homeostasis alone',
  )  # fmt: skip
  return [
      lower(
          'Homeostasis alone brings avalanches nearer to a critical target:'
          ' Kolmogorov-Smirnov distance of their sizes below the naive'
          " network's", theirs={'naive': naive}, also={'both rules': both},
      ),
      lower(
          'And the local rule adds nothing to that: with it the distance is no'
          ' more than 0.03 smaller', theirs={'both rules': both}, margin=-0.03,
      ),
  ]  # fmt: skip


def _table(setting: str, rows) -> train.Table:
  # A critical target has no weights.
  columns = list(_COLUMNS.items())[: 7 if setting == 'critical' else None]
  return train.Table({
      words: {column: rows[f'{name}/{key}'] for key, column in columns}
      for name, words in figures.NAMES.items()
      if f'{name}/spikes' in rows
  }, 'network', 'D_P, D_A: smoothed trains, by neuron and summed; KS, l2:'
  ' distance from the target.')  # fmt: skip
