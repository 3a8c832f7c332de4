"""Figures that the ELM launchers share."""

from collections.abc import Mapping

from matplotlib import figure
import numpy as np


def accuracies(
    panels: Mapping[str, Mapping[str, np.ndarray]], chance: Mapping[str, float]
) -> figure.Figure:
  """Draws test accuracies, a panel a task, a row a model, a dot a seed.

  Args:
    panels: task to (model to accuracies [S]); the same models everywhere.
    chance: share of the most frequent class, by task.
  """
  names = list(next(iter(panels.values())))
  plot = figure.Figure(figsize=(4.5 * len(panels) + 1, 1 + 0.45 * len(names)))
  grid = plot.subplots(1, len(panels), squeeze=False, sharey=True)[0]
  for axes, (task, found) in zip(grid, panels.items(), strict=True):
    for place, name in enumerate(names):
      values = found[name]
      axes.plot(values, np.full(len(values), place), 'o', color='tab:blue')
      axes.plot(values.mean(), place, '|', color='black', ms=16)
    axes.axvline(chance[task], color='black', ls=':', label='largest class')
    axes.set_yticks(range(len(names)), names)
    axes.set(xlabel='test accuracy', title=task)
    axes.grid(axis='x', alpha=0.3)
  grid[0].legend(frameon=False, fontsize=8)
  grid[0].invert_yaxis()
  plot.tight_layout()
  return plot
