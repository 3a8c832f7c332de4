"""Pictures in reports: regions of images, a row a unit; matrices."""

from collections.abc import Callable
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any

from matplotlib import axes as axes_lib
from matplotlib import figure
from matplotlib import image
from matplotlib import ticker
import numpy as np
import numpy.typing as npt

from nmlib.train.reports import figures


def regions(
    titles: Sequence[str],
    images: np.ndarray,
    masks: np.ndarray,
    title: str,
    *,
    columns: int = 2,
    most: int = 6,
) -> figure.Figure:
  """Shows units in panels: exemplars in a row, faded outside masks.

  Args:
    titles: of U panels.
    images: [U, k, S, S, 3], in [0, 1].
    masks: bool [U, k, S, S].
    title: of the figure.
    columns: of panels.
    most: exemplars that are shown of each.
  """
  rows = -(-len(titles) // columns)
  side = figures.WIDTH / columns / min(most, images.shape[1])
  lines = 1 + max(text.count('\n') for text in titles)
  made, grid = figures.subplots(
      rows, columns, height=0.95 * side + 0.17 * lines + 0.1, squeeze=False,
      title=title,
  )  # fmt: skip
  faded = np.where(masks[..., None], images, 0.4 * images + 0.45)
  gap = images.shape[2] // 16
  for axes, text, shown, where in zip(
      grid.flat, titles, faded, masks, strict=False
  ):
    shown = np.pad(
        shown[:most], ((0, 0), (0, 0), (0, gap), (0, 0)), constant_values=1.0
    )
    where = np.pad(where[:most], ((0, 0), (0, 0), (0, gap)))
    axes.imshow(np.concatenate(list(shown), 1), interpolation='nearest')
    if where.any() and not where.all():
      axes.contour(
          np.concatenate(list(where), 1), [0.5], colors='black', linewidths=0.6
      )
    axes.set_title(text, fontsize=7.5)
    axes.set_axis_off()
  figures.hide(grid.flat[len(titles) :])
  return made


def stretched(images: np.ndarray, share: float = 0.005) -> np.ndarray:
  """Returns images [..., H, W, C] of full contrast, within 0..255.

  Of each, the darkest and the brightest `share` of its values become 0 and 255,
  the others what is proportional between; a uniform image becomes 0.
  """
  low, high = np.quantile(
      images, (share, 1 - share), axis=(-3, -2, -1), keepdims=True
  )
  span = np.where(high > low, high - low, 1)
  return 255 * np.clip((images - low) / span, 0, 1)


def grid(
    rows: Mapping[str, np.ndarray], groups: Sequence[str], *, title: str
) -> figure.Figure:
  """Shows rows of images, the columns in groups.

  Args:
    rows: by name, [G, n, H, W, 3]; values beyond [0, 1] are clipped.
    groups: G names, above the first image of each group.
    title: of the figure.
  """
  of_group = next(iter(rows.values())).shape[1]
  columns = len(groups) * of_group
  made, panels = figures.subplots(
      len(rows), columns, squeeze=False, title=title,
      height=float(np.clip(5 / columns, 0.72, 1.4)),
  )  # fmt: skip
  for line, (name, images) in zip(panels, rows.items(), strict=True):
    words = name.replace(', ', ',\n')
    line[0].set_ylabel(words, rotation=0, ha='right', va='center')
    flat = images.reshape(-1, *images.shape[2:])
    for panel, pixels in zip(line, flat, strict=True):
      panel.imshow(np.clip(pixels, 0, 1))
      panel.set(xticks=[], yticks=[], frame_on=False)
  for panel, name in zip(panels[0, ::of_group], groups, strict=True):
    panel.set_title(name, loc='left', fontsize=8)
  return made


def matrix(
    axes: axes_lib.Axes,
    values: npt.ArrayLike,
    rows: Sequence[Any] | None = None,
    columns: Sequence[Any] | None = None,
    *,
    limit: float | None = None,
    said: Callable[[float], str] | None = None,
    fontsize: float = 8,
    **options: Any,
) -> image.AxesImage:
  """Shows a matrix as coloured cells, of which zero is white.

  Args:
    axes: where.
    values: [R, C]; a cell that is NaN stays empty.
    rows: R names; None: numbers, as many as fit.
    columns: C names; likewise.
    limit: of the colours, above 0 and below; None: the largest value.
    said: the text in a cell, of its value; None: no text.
    fontsize: of that, points.
    **options: of `imshow`, such as other colours.

  Returns:
    What a colour bar is made for.
  """
  values = np.asarray(values, float)
  if limit is None:
    limit = max(np.nanmax(np.abs(values)), 1e-9)
  shades: dict[str, Any] = {
      'cmap': 'RdBu_r',
      'vmin': -limit,
      'vmax': limit,
  } | options
  shown = axes.imshow(values, **shades)
  if said is not None:
    for i, j in np.argwhere(np.isfinite(values)):
      axes.text(
          j,
          i,
          said(values[i, j]),
          ha='center',
          va='center',
          fontsize=fontsize,
          color='white'
          if abs(values[i, j]) > 0.6 * shades['vmax']
          else 'black',
      )
  for axis, names in ((axes.xaxis, columns), (axes.yaxis, rows)):
    if names is None:
      axis.set_major_locator(ticker.MaxNLocator(integer=True))
    else:
      axis.set_ticks(range(len(names)), names)
  return shown


def maps(
    title: str,
    panels: Mapping[str, npt.ArrayLike],
    *,
    across: int | None = None,
    height: float = 1.9,
    labels: tuple[str, str] = ('', ''),
    columns: Mapping[str, Sequence[Any]] | Sequence[Any] | None = None,
    rotation: float = 0,
    legend: str = '',
    limit: float | None = None,
    **options: Any,
) -> figure.Figure:
  """Shows matrices [R, C] in panels, in colours that mean the same in all.

  Args:
    title: of the figure.
    panels: by their titles; a NaN stays empty.
    across: panels in a row; None: all.
    height: of a panel, inches.
    labels: of columns and of rows.
    columns: names, of all panels or of each; None: numbers.
    rotation: of these names, degrees.
    legend: of the colours.
    limit: as of `matrix`; None: the largest value of all.
    **options: of `matrix`, such as `rows` and `said`.
  """
  across = across or len(panels)
  down = -(-len(panels) // across)
  made, grid = figures.subplots(
      down, across, height=height, squeeze=False, title=title
  )
  if limit is None:
    limit = max(np.nanmax(np.abs(panel)) for panel in panels.values()) or 1.0
  shown: Any = None
  for i, (name, panel) in enumerate(panels.items()):
    axes = grid.flat[i]
    names = columns.get(name) if isinstance(columns, Mapping) else columns
    shown = matrix(axes, panel, columns=names, limit=limit, **options)
    axes.set_aspect('auto')
    axes.set_title(name)
    if rotation:
      axes.tick_params('x', rotation=rotation, labelsize=7)
    if i // across == down - 1:
      axes.set_xlabel(labels[0])
    if not i % across:
      axes.set_ylabel(labels[1])
  figures.hide(grid.flat[len(panels) :])
  made.colorbar(shown, ax=grid, label=legend, shrink=0.8)
  return made


def tiles(
    rows: Mapping[str, npt.ArrayLike],
    columns: Sequence[str],
    *,
    limit: float,
    title: str,
    size: float = 0.8,
) -> figure.Figure:
  """Shows rows of small matrices without numbers, zero white.

  Args:
    rows: [C, R, K], such as weights at C delays, by name.
    columns: C names, above the first row.
    limit: of the colours, above 0 and below.
    title: of the figure.
    size: of a tile, inches; all become narrower where many would not fit.
  """
  made, every = figures.subplots(
      len(rows), len(columns), height=size, squeeze=False, title=title,
      width=min(figures.WIDTH, size * len(columns) + 0.6),
  )  # fmt: skip
  for line, (name, values) in zip(every, rows.items(), strict=True):
    for axes, tile in zip(line, np.asarray(values), strict=True):
      axes.imshow(tile, cmap='RdBu_r', vmin=-limit, vmax=limit)
      axes.set(xticks=[], yticks=[])
      axes.spines[:].set_visible(True)
    line[0].set_ylabel(name)
  for axes, name in zip(every[0], columns, strict=True):
    axes.set_title(name)
  return made
