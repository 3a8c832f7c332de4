"""The figures of `launch.stdp_homeostasis`."""

from matplotlib import figure
import numpy as np

from launch.stdp_homeostasis.config import Config
from nmlib import train


def draw(config: Config, found, grids) -> dict[str, figure.Figure]:
  """Returns the report's figures by name; arguments as in `report.make`."""
  return {
      'false_positives': _false_positives(config, grids),
      'probes': _probes(config, found),
  }


def _false_positives(config, grids) -> figure.Figure:
  """False positives over the distance of the patterns and the factor."""
  made, panels = train.figures.subplots(
      1, 2, height=3.2, sharey=True,
      title='False positive rate, reconstruction; mean over seeds',
  )  # fmt: skip
  for axes, (name, grid) in zip(panels, grids.items(), strict=True):
    values = grid['false_positive_rate'].mean(0)  # [D, F]
    axes.imshow(
        values, cmap='Blues', vmin=0, vmax=1, aspect='auto', origin='lower'
    )
    for (row, column), value in np.ndenumerate(values):
      colour = 'white' if value > 0.6 else 'black'
      axes.text(
          column, row, f'{value:.2g}', ha='center', va='center', color=colour,
          fontsize=7,
      )  # fmt: skip
    axes.set(title=f'{name} patterns', xlabel='homeostatic factor h')
    axes.set_xticks(range(len(config.factors)), config.factors)
    axes.set_yticks(range(len(config.distances)), config.distances)
  panels[0].set_ylabel('distance of the patterns')
  return made


def _probes(config, found) -> figure.Figure:
  """What is taken, by the probe's distance from a pattern."""
  made, panels = train.figures.subplots(
      1, 2, height=3.2, sharey=True,
      title=f'Probes that are taken, h = {config.detector.factor:g}',
  )  # fmt: skip
  x = np.arange(1 + config.farthest)
  for axes, name in zip(panels, ('two', 'three'), strict=True):
    train.figures.curve(
        axes, x, found['one']['by_probe'][:, 0].T, color='0.4', ls='--',
        label='one pattern',
    )  # fmt: skip
    for i, distance in enumerate(config.distances):
      train.figures.curve(
          axes, x, found[name]['by_probe'][:, i].T, marker='o',
          label=f'patterns at distance {distance}',
      )  # fmt: skip
    axes.set(title=f'{name} patterns', xlabel="probe's distance from one")
  panels[0].set_ylabel('share taken')
  train.figures.legend(made)
  return made
