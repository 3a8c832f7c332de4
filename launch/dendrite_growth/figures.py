"""The figures of `launch.dendrite_growth`."""

from typing import Any

from matplotlib import figure
import numpy as np

from launch.dendrite_growth.config import KINDS
from launch.dendrite_growth.config import Config
from nmlib import train

_STYLES = train.figures.styles(KINDS)


def draw(config: Config, found: dict[str, Any]) -> dict[str, figure.Figure]:
  """Returns the figures by name; `found` as in `report.make`."""
  drawn = {'cycles': _cycles(found)}
  if len(config.widen) > 1:
    drawn['sizes'] = _sizes(config, found)
  return drawn


def _cycles(found) -> figure.Figure:
  """Training loss and test accuracy after each cycle, of every task."""
  made, rows = train.figures.subplots(
      2, len(found), height=2.3, sharex=True, squeeze=False
  )
  for column, (name, kinds) in enumerate(found.items()):
    for axes, what in zip(rows[:, column], ('loss', 'test'), strict=True):
      for shift, (kind, r) in enumerate(kinds.items()):
        cycles = np.arange(r[what].shape[1]) + 0.04 * (shift - 2)
        style = _STYLES[kind] | {'marker': '.'}
        train.figures.spread(axes, cycles, r[what].T, label=kind, **style)
      axes.set_xticks(range(r[what].shape[1]))
    rows[0, column].set(title=name, yscale='log')
    # Bars of deviations reach below zero, which has no place on this axis.
    least = min(r['loss'].min(1).mean() for r in kinds.values())
    rows[0, column].set_ylim(bottom=0.3 * least)
    rows[1, column].set_xlabel('cycles')
  rows[0, 0].set_ylabel('training loss (nats)')
  rows[1, 0].set_ylabel('test accuracy')
  train.figures.legend(made)
  return made


def _sizes(config: Config, found) -> figure.Figure:
  """Test accuracy against the number of parameters, over widths."""
  count = len(config.tasks)
  made, row = train.figures.subplots(1, count, height=3.0, squeeze=False)
  widths = ', '.join(map(str, config.widen))
  for axes, task in zip(row[0], config.tasks, strict=True):
    for kind in config.kinds:
      last = [found[f'{task}_{f}'][kind] for f in config.widen]
      sizes = [r['parameters'][-1] for r in last]
      tests = [r['test'][:, -1] for r in last]
      train.figures.spread(axes, sizes, tests, label=kind, **_STYLES[kind])
    axes.set(xlabel='parameters', xlim=(0, None))
    axes.set_title(f'{task}: widths times {widths}')
  row[0, 0].set_ylabel('test accuracy')
  train.figures.legend(made)
  return made
