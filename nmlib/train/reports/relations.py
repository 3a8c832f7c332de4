"""One quantity against another, in panels side by side."""

from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from matplotlib import figure
import numpy.typing as npt

from nmlib.train.reports import figures


def spreads(
    panels: Mapping[str, Mapping[str, tuple[npt.ArrayLike, npt.ArrayLike]]],
    *,
    height: float = 2.6,
    sharey: bool = True,
    ylabel: str = '',
    **labels: Any,
) -> figure.Figure:
  """Draws `figures.spread` of the same series side by side, with one legend.

  Args:
    panels: x and values by series, as `figures.spread` takes them, by what a
      panel's title says, or without an `xlabel` its x axis.
    height: inches.
    sharey: whether the y axis is shared.
    ylabel: of the first panel.
    **labels: of `Axes.set`, as xlabel and xscale.
  """
  made, every = figures.subplots(
      1, len(panels), height=height, sharey=sharey, squeeze=False
  )
  named = 'title' if 'xlabel' in labels else 'xlabel'
  for axes, (name, series) in zip(every[0], panels.items(), strict=True):
    for label, look in figures.styles(list(series)).items():
      figures.spread(axes, *series[label], label=label, **look)
    axes.set(**{named: name}, **labels)
  every[0, 0].set_ylabel(ylabel)
  figures.legend(made)
  return made


def scatters(
    panels: Mapping[str, tuple[npt.ArrayLike, npt.ArrayLike]],
    title: str,
    *,
    xlabels: Sequence[str],
    ylabel: str,
    diagonal: bool = False,
    size: float = 8,
) -> figure.Figure:
  """Draws one quantity against another, a dot for each of N things.

  Args:
    panels: x [N] and y [N], by what a panel's title says; y is shared.
    title: of the figure.
    xlabels: of each panel.
    ylabel: of the first.
    diagonal: whether to draw the line of equals, from 0 to 1.
    size: of a dot, points squared.
  """
  made, every = figures.subplots(
      1, len(panels), sharey=True, squeeze=False, title=title
  )
  for axes, xlabel, (name, pair) in zip(
      every[0], xlabels, panels.items(), strict=True
  ):
    if diagonal:
      axes.plot([0, 1], [0, 1], color='lightgray', lw=1)
    axes.scatter(*pair, s=size, alpha=0.6)
    axes.set(xlabel=xlabel, title=name)
  every[0, 0].set_ylabel(ylabel)
  return made


def functions(
    x: npt.ArrayLike,
    panels: Mapping[str, Sequence[npt.ArrayLike]],
    title: str,
    *,
    xlabel: str,
    across: int = 4,
    height: float = 1.35,
) -> figure.Figure:
  """Draws functions of one variable, a small panel each; 0 is marked.

  Args:
    x: [n], the same for all.
    panels: values [n], solid, and perhaps a second function's, dashed, by what
      a panel's title says.
    title: of the figure.
    xlabel: below all panels.
    across: panels in a row.
    height: of a panel, inches.
  """
  rows = -(-len(panels) // across)
  made, every = figures.subplots(
      rows, across, height=height, sharex=True, squeeze=False, title=title
  )
  looks = {'color': 'tab:blue'}, {'color': 'tab:orange', 'lw': 1, 'ls': '--'}
  for axes, (name, values) in zip(every.flat, panels.items(), strict=False):
    axes.axvline(0, color='0.85', lw=1)
    for y, look in zip(values, looks, strict=False):
      axes.plot(x, y, **look)
    axes.set_title(name, fontsize=7)
  figures.hide(every.flat[len(panels) :])
  made.supxlabel(xlabel, fontsize=9)
  return made
