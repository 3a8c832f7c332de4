"""Pictures of bodies that move: for `save_gif`, and as frames of a figure."""

from collections.abc import Sequence

from matplotlib import axes as axes_lib
import numpy as np
import numpy.typing as npt
from PIL import Image
from PIL import ImageDraw


def lines(bodies: Sequence[npt.ArrayLike], size: int = 240) -> list[np.ndarray]:
  """Returns a picture [size, size, 3] (uint8) of each body, all to one scale.

  Args:
    bodies: [K, 2] each, points of a line, x and y; the first is marked red.
    size: pixels of a side.

  Raises:
    ValueError: if there is no body, or one has another shape.
  """
  points = np.asarray(bodies, float)
  if points.ndim != 3 or not points.size or points.shape[2] != 2:
    raise ValueError(
        'bodies must be one or more lines [K, 2], got shape'
        f' {list(points.shape)}.'
    )
  low, high = points.min((0, 1)), points.max((0, 1))
  scale = 0.9 * size / max((high - low).max(), 1e-9)
  pictures = []
  for body in (points - (low + high) / 2) * [scale, -scale] + size / 2:
    picture = Image.new('RGB', (size, size), 'white')
    pen, (x, y) = ImageDraw.Draw(picture), body[0]
    pen.line([tuple(p) for p in body.tolist()], 'steelblue', 5, 'curve')
    pen.ellipse((x - 5, y - 5, x + 5, y + 5), 'firebrick')
    pictures.append(np.asarray(picture))
  return pictures


def frames(
    axes: axes_lib.Axes, bodies: Sequence[npt.ArrayLike], labels: Sequence[str]
) -> None:
  """Draws bodies one below the other, their first point going right.

  Args:
    axes: where.
    bodies: [K, 2] each, points of a line; the first is marked red.
    labels: of each, such as the time; the ticks.
  """
  points = np.asarray(bodies, float)
  first, last = points[0, 0], points[-1, 0]
  ahead, up = (last - first) / max(np.hypot(*(last - first)), 1e-9)
  turned = (points - first) @ np.array([[ahead, -up], [up, ahead]])
  gap = 1.2 * max(np.ptp(turned[..., 1], 1).max(), 0.1 * np.ptp(turned[..., 0]))
  for place, body in enumerate(turned):
    x, y = (body - [0, place * gap]).T
    axes.plot(x, y, color='C0', lw=2)
    axes.plot(x[0], y[0], 'o', color='C3', ms=4)
  axes.set(aspect='equal', adjustable='datalim')
  axes.set_yticks(-gap * np.arange(len(points)), labels)
