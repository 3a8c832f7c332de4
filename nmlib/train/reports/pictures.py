"""Pictures in reports: regions of images, a row a unit."""

from collections.abc import Sequence

from matplotlib import figure
import numpy as np

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
  """Shows units in panels: exemplars in a row, faded outside their masks.

  Args:
    titles: of U panels.
    images: [U, k, S, S, 3], in [0, 1].
    masks: bool [U, k, S, S].
    title: of the figure.
    columns: of panels.
    most: exemplars that are shown of each.
  """
  rows = -(-len(titles) // columns)
  made, grid = figures.subplots(
      rows, columns, height=1.2, squeeze=False, title=title
  )
  faded = np.where(masks[..., None], images, 0.25 * images + 0.6)
  gap = images.shape[2] // 16
  for axes, text, shown in zip(grid.flat, titles, faded, strict=False):
    padded = np.pad(
        shown[:most], ((0, 0), (0, 0), (0, gap), (0, 0)), constant_values=1.0
    )
    axes.imshow(np.concatenate(list(padded), 1), interpolation='nearest')
    axes.set_title(text, fontsize=8)
    axes.set_axis_off()
  figures.hide(grid.flat[len(titles) :])
  return made
