"""Figures of reports, in one style.

At most seven inches wide, so that text stays readable when a page shows them
700 pixels wide; shared axes are labelled once; no two series look alike.
"""

from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

import matplotlib
from matplotlib import axes as axes_lib
from matplotlib import figure
import numpy as np
import numpy.typing as npt

WIDTH = 7.0  # inches
_LARGE, _SMALL = 9, 8  # points
_STYLE = {
    'font.size': _LARGE,
    'xtick.labelsize': _SMALL,
    'ytick.labelsize': _SMALL,
    'axes.spines.top': False,
    'axes.spines.right': False,
    'lines.linewidth': 1.3,
    'lines.markersize': 4,
}
MARKERS = 'os^vDPX*<>'


def subplots(
    rows: int = 1,
    columns: int = 1,
    *,
    height: float = 2.6,
    width: float = WIDTH,
    title: str = '',
    **options: Any,
) -> tuple[figure.Figure, Any]:
  """Makes a figure and its axes, as `plt.subplots` does, without pyplot.

  Args:
    rows: of panels.
    columns: of panels.
    height: of a row, inches.
    width: of the figure, inches.
    title: above all panels.
    **options: of `Figure.subplots`, such as `sharey=True`: then only the outer
      panels are labelled.

  Returns:
    The figure, and one axes or an array of them.
  """
  with matplotlib.rc_context(_STYLE):
    made = figure.Figure(figsize=(width, height * rows), layout='constrained')
    axes = made.subplots(rows, columns, **options)
    if title:
      made.suptitle(title, fontsize=_LARGE + 1)
  return made, axes


def styles(names: Sequence[str]) -> dict[str, dict[str, Any]]:
  """Returns a colour of its own for each series, with a marker for ten each.

  Keyword arguments of `plot`, `curve` and `spread`, by name.
  """
  if len(names) > 20:
    colours = [
        matplotlib.colormaps['turbo'](x)
        for x in np.linspace(0.02, 0.98, len(names))
    ]
  else:
    # The strong half of tab20 first, then the pale half.
    table = matplotlib.colormaps['tab20']
    colours = [table(i) for i in [*range(0, 20, 2), *range(1, 20, 2)]]
  return {
      name: {
          'color': colours[i],
          'marker': MARKERS[i // 10 % len(MARKERS)],
      }
      for i, name in enumerate(names)
  }


def dots(
    axes: axes_lib.Axes,
    groups: Mapping[str, npt.ArrayLike],
    *,
    label: str | None = None,
    color: Any = 'C0',
    shift: float = 0.0,
) -> None:
  """Draws a dot a seed above each name, and a bar at the mean.

  Args:
    axes: where.
    groups: values [S] by name; names become the ticks.
    label: of the series.
    color: of the series.
    shift: sideways, where several series share the names.
  """
  for place, values in enumerate(groups.values()):
    values = np.ravel(np.asarray(values, float))
    known = values[np.isfinite(values)]
    axes.plot(
        np.full(known.shape, place + shift),
        known,
        '.',
        color=color,
        alpha=0.7,
        label=label if place == 0 else None,
    )
    if known.size:
      axes.plot(place + shift, known.mean(), '_', color=color, ms=14, mew=1.6)
  long = sum(map(len, groups)) > 40 or len(groups) > 6
  axes.set_xticks(
      range(len(groups)),
      list(groups),
      rotation=35 if long else 0,
      ha='right' if long else 'center',
      rotation_mode='anchor' if long else 'default',
  )


def curve(
    axes: axes_lib.Axes,
    x: npt.ArrayLike,
    values: npt.ArrayLike,
    *,
    label: str | None = None,
    **style: Any,
) -> None:
  """Draws the mean over seeds of values [n, S] against x [n], with the range.

  Args:
    axes: where.
    x: [n].
    values: [n, S]; a seed with a NaN does not count.
    label: of the series.
    **style: of the line.
  """
  x, values = np.asarray(x), _known(values)
  if not values.size:
    return
  (line,) = axes.plot(x, values.mean(1), label=label, **style)
  if values.shape[1] > 1:
    axes.fill_between(
        x,
        values.min(1),
        values.max(1),
        color=line.get_color(),
        alpha=0.2,
        lw=0,
    )


def spread(
    axes: axes_lib.Axes,
    x: npt.ArrayLike,
    values: npt.ArrayLike,
    *,
    label: str | None = None,
    **style: Any,
) -> None:
  """Draws mean ± standard deviation over seeds of values [n, S] at x [n].

  Args:
    axes: where.
    x: [n] numbers or names; or one, of values [S].
    values: [n, S] or [S]; a seed with a NaN does not count.
    label: of the series.
    **style: of the error bars.
  """
  if np.ndim(values) == 1:
    x, values = np.array([x]), np.asarray(values)[None]
  values = _known(values)
  if not values.size:
    return
  deviation = values.std(1, ddof=1) if values.shape[1] > 1 else None
  options: dict[str, Any] = {'marker': 'o', 'capsize': 2} | style
  axes.errorbar(
      np.asarray(x), values.mean(1), deviation, label=label, **options
  )


def level(
    axes: axes_lib.Axes, value: npt.ArrayLike, label: str, **style: Any
) -> None:
  """Draws a baseline: a line at the mean of values [S], or at one value."""
  options: dict[str, Any] = {'color': '0.4', 'ls': '--', 'lw': 1.0} | style
  axes.axhline(float(np.mean(np.asarray(value))), label=label, **options)


def legend(
    made: figure.Figure, axes: axes_lib.Axes | None = None, columns: int = 0
) -> None:
  """Puts one legend for all panels below them.

  Args:
    made: the figure.
    axes: whose series it names; None: those of every panel, each label once.
    columns: how many; 0 chooses by the length of the labels.
  """
  found: dict[str, Any] = {}
  for panel in made.axes if axes is None else [axes]:
    for handle, text in zip(*panel.get_legend_handles_labels(), strict=True):
      found.setdefault(text, handle)
  if not found:
    return
  if not columns:
    longest = max(map(len, found))
    columns = max(1, min(len(found), int(made.get_figwidth() * 14 / longest)))
  made.legend(
      found.values(), found.keys(), loc='outside lower center', ncols=columns
  )


def hide(panels: Sequence[axes_lib.Axes]) -> None:
  """Removes panels of a grid that nothing was drawn in."""
  for axes in panels:
    axes.set_visible(False)


def finish(made: figure.Figure) -> None:
  """Brings text that was added after `subplots` to the style; before saving."""
  legends = list(made.legends)
  for axes in made.axes:
    for text in (axes.title, axes.xaxis.label, axes.yaxis.label):
      text.set_fontsize(min(text.get_fontsize(), _LARGE))
    if (own := axes.get_legend()) is not None:
      legends.append(own)
  for found in legends:
    found.set_frame_on(False)
    for text in found.get_texts():
      text.set_fontsize(min(text.get_fontsize(), _SMALL))


def _known(values: npt.ArrayLike) -> np.ndarray:
  """Leaves out the seeds, columns [n, S], of which a value is NaN."""
  values = np.asarray(values, float)
  return values[:, ~np.isnan(values).any(0)]
