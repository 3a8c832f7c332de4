"""Panels side by side, one a measure or one a condition."""

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from matplotlib import axes as axes_lib
from matplotlib import figure
import numpy as np
import numpy.typing as npt

from nmlib.train import metrics
from nmlib.train.reports import figures


def dots(
    panels: Mapping[str, Mapping[str, npt.ArrayLike]],
    title: str,
    *,
    height: float = 2.6,
) -> figure.Figure:
  """Draws `figures.dots` of several measures side by side, each from 0.

  Args:
    panels: values [S] by name, by measure; what a panel's title says.
    title: of the figure.
    height: inches.
  """
  made, every = figures.subplots(
      1, len(panels), height=height, title=title, squeeze=False
  )
  for axes, (measure, groups) in zip(every[0], panels.items(), strict=True):
    figures.dots(axes, {k.replace(' ', '\n'): v for k, v in groups.items()})
    axes.set(title=measure, xlim=(-0.5, len(groups) - 0.5), ylim=(0, None))
  return made


def measures(
    panels: Mapping[str, Mapping[str, npt.ArrayLike]],
    title: str,
    *,
    height: float = 2.3,
) -> figure.Figure:
  """Draws `figures.dots` of several measures of the same names, in a column.

  Args:
    panels: values [S] by name, the same names each, by the label of y.
    title: of the figure.
    height: of a panel, inches.
  """
  made, every = figures.subplots(
      len(panels), 1, height=height, title=title, sharex=True, squeeze=False
  )
  for axes, (label, groups) in zip(every[:, 0], panels.items(), strict=True):
    figures.dots(axes, groups)
    axes.set_ylabel(label)
  return made


def curves(
    x: npt.ArrayLike,
    panels: Mapping[str, Mapping[str, npt.ArrayLike]],
    title: str,
    *,
    height: float = 2.8,
    **labels: Any,
) -> figure.Figure:
  """Draws `figures.curve` of the same series side by side, with one legend.

  Args:
    x: [n].
    panels: values [n, S] by series, by what a panel's title says.
    title: of the figure.
    height: inches.
    **labels: of `Axes.set`, as xlabel and ylim; the y axis is shared.
  """
  made, every = figures.subplots(
      1, len(panels), height=height, title=title, sharey=True, squeeze=False
  )
  for axes, (kind, series) in zip(every[0], panels.items(), strict=True):
    for label, style in figures.styles(list(series)).items():
      figures.curve(axes, x, series[label], label=label, ms=3, **style)
    axes.set(title=kind, **labels)
    axes.label_outer()
  figures.legend(made)
  return made


def series(
    panels: Mapping[str, Mapping[str, Mapping[str, npt.ArrayLike]]],
    *,
    height: float = 2.6,
    **labels: Any,
) -> figure.Figure:
  """Draws `figures.dots` of the same series side by side, with one legend.

  Args:
    panels: values [S] by name, by series, by what a panel's title says.
    height: inches.
    **labels: of `Axes.set`, as xlabel and yscale; the y axis is shared.
  """
  made, every = figures.subplots(
      1, len(panels), height=height, sharey=True, squeeze=False
  )
  for axes, (kind, rows) in zip(every[0], panels.items(), strict=True):
    styles = figures.styles(list(rows))
    for i, (label, groups) in enumerate(rows.items()):
      figures.dots(
          axes, groups, label=label, color=styles[label]['color'],
          shift=0.16 * (i - (len(rows) - 1) / 2),
      )  # fmt: skip
    axes.set(title=kind, **labels)
    axes.label_outer()
  figures.legend(made)
  return made


def histories(
    panels: Mapping[str, metrics.History],
    names: Mapping[str, str],
    *,
    height: float = 2.8,
    **labels: Any,
) -> figure.Figure:
  """Draws `figures.curve` of the same metrics of several stages side by side.

  Args:
    panels: what each stage recorded, by what a panel's title says.
    names: what the legend calls each metric.
    height: inches.
    **labels: of `Axes.set`, as ylabel; the y axis is shared.
  """
  made, every = figures.subplots(
      1, len(panels), height=height, sharey=True, squeeze=False
  )
  for axes, (title, history) in zip(every[0], panels.items(), strict=True):
    for metric, label in names.items():
      figures.curve(axes, *history[metric], label=label)
    axes.set(title=title, xlabel='optimizer step', **labels)
    axes.label_outer()
  figures.legend(made, every[0, 0], columns=2)
  return made


def points(
    panels: Mapping[str, tuple[npt.ArrayLike, npt.ArrayLike, npt.ArrayLike]],
    title: str,
    *,
    height: float = 2.6,
    xlabel: str = '',
) -> figure.Figure:
  """Draws points of two dimensions and of two kinds; axes have no numbers.

  Args:
    panels: places [N, 2], and two kinds of each, int [N], their colours and
      their markers, by what a panel's title says.
    title: of the figure.
    height: inches.
    xlabel: below the first panel.
  """
  made, every = figures.subplots(
      1, len(panels), height=height, title=title, squeeze=False
  )
  for axes, (name, (places, *kinds)) in zip(
      every[0], panels.items(), strict=True
  ):
    places, pairs = np.asarray(places), np.stack(kinds, 1)
    for colour, marker in np.unique(pairs, axis=0):
      rows = places[(pairs == (colour, marker)).all(1)]
      look = figures.MARKERS[marker % len(figures.MARKERS)]
      axes.plot(*rows.T, look, color=f'C{colour}', ms=4)
    axes.set(title=name, xticks=[], yticks=[])
  every[0, 0].set_xlabel(xlabel, loc='left')
  return made


def traces(
    images: np.ndarray,
    titles: Sequence[str],
    values: np.ndarray,
    groups: Sequence[Any],
    *,
    title: str,
    xlabel: str,
) -> figure.Figure:
  """Shows a picture and its numbers from left to right, a row for each.

  Args:
    images: [R, H, W, 3], in [0, 1].
    titles: R.
    values: int [R, L].
    groups: R, such as classes; each has a colour.
    title: of the figure.
    xlabel: of the places 1 to L.
  """
  made, panels = figures.subplots(
      len(images), 2, height=1.1, width_ratios=(1, 5), squeeze=False,
      title=title,
  )  # fmt: skip
  looks = figures.styles([*map(str, dict.fromkeys(groups))])
  places = np.arange(1, values.shape[1] + 1)
  rows = zip(panels, images, titles, values, groups, strict=True)
  for (left, right), picture, text, numbers, group in rows:
    left.imshow(picture)
    left.axis('off')
    right.plot(places, numbers, ls='-', **looks[str(group)])
    for place, number in zip(places, numbers, strict=True):
      right.annotate(
          str(number), (place, number), (0, 4), textcoords='offset points',
          ha='center', fontsize=7,
      )  # fmt: skip
    right.set_ylim(-0.1 * values.max(), 1.3 * values.max() + 1)
    right.set_title(text, fontsize=8, loc='left')
    right.set_xticks(places)
  panels[-1, 1].set_xlabel(xlabel)
  return made


def grid(
    rows: Mapping[str, Any],
    titles: Mapping[str, str],
    draw: Callable[[axes_lib.Axes, Any, str], None],
    below: Mapping[str, str] | None = None,
    *,
    height: float = 1.9,
) -> figure.Figure:
  """Draws a row for each of several things, a column for each of its sides.

  Args:
    rows: what is drawn, by the label of its row.
    titles: of the columns, by what each is called.
    draw: `(axes, one of rows, a column) -> None`.
    below: labels of x, by column.
    height: of a row, inches.
  """
  made, every = figures.subplots(
      len(rows), len(titles), height=height, sharex='col', squeeze=False
  )
  for row, (label, one) in zip(every, rows.items(), strict=True):
    row[0].set_ylabel(label)
    for axes, column in zip(row, titles, strict=True):
      draw(axes, one, column)
  for axes, title in zip(every[0], titles.values(), strict=True):
    axes.set_title(title)
  for axes, column in zip(every[-1], titles, strict=True):
    axes.set_xlabel((below or {}).get(column, ''))
  figures.legend(made)
  return made
