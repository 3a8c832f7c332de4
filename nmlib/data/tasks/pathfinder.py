"""Pathfinder: are two dots joined by a dashed path?

Linsley et al. (arXiv 1805.08315, 2018), a task of the Long Range Arena (Tay et
al., arXiv 2011.04006, 2021), generated here: paths wander with bounded
curvature and do not touch; two of them are long, others distract. A row is a
function of the seed and its index. Positive: the dots sit at both ends of one
long path; negative: at ends of two.
"""

import dataclasses
import math
from typing import Annotated
from typing import NamedTuple

import numpy as np

from nmlib.neurons.core import limits


@dataclasses.dataclass(frozen=True)
class Config:
  """Pixels; the easiest setting of the arena has 32 x 32 and few dashes.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  size: Annotated[int, limits.Range(16)] = 32  # H = W
  dashes: Annotated[int, limits.Range(2)] = 6  # of a long path
  dash: limits.Count = 3  # length of a dash, pixels
  gap: limits.Natural = 1  # between dashes
  distractors: limits.Natural = 2  # short paths
  distractor_dashes: limits.Count = 2
  # Radians, largest turn a dash.
  turn: Annotated[float, limits.Range(0, math.pi, 'high')] = 0.35
  distance: limits.Positive = 2.5  # between paths, at least

  __post_init__ = limits.check


class Scene(NamedTuple):
  """How an image was made."""

  paths: list[np.ndarray]  # [points, 2]; the first two are long
  dots: np.ndarray  # [2, 2], their centres
  label: int


class Rows(NamedTuple):
  images: np.ndarray  # [N, H, W], float32 in [0, 1]
  labels: np.ndarray  # [N], int32, 1: joined


def rows(seed: int, count: int, config: Config) -> Rows:
  """Draws `count` images, half of them joined; row i depends on seed and i.

  Raises:
    ValueError: if paths do not fit into the image.
  """
  images = np.zeros((count, config.size, config.size), np.float32)
  labels = np.zeros(count, np.int32)
  for i in range(count):
    scene = draw(seed, i, config)
    images[i], labels[i] = render(scene, config), scene.label
  return Rows(images, labels)


def draw(seed: int, index: int, config: Config) -> Scene:
  """Draws the paths and dots of one row.

  Raises:
    ValueError: if paths do not fit into the image.
  """
  random = np.random.Generator(
      np.random.Philox(key=seed, counter=[0, 0, 0, index])
  )
  label = int(random.integers(2))
  counts = [config.dashes] * 2
  counts += [config.distractor_dashes] * config.distractors
  for _ in range(200):
    paths: list[np.ndarray] = []
    for dashes in counts:
      path = _fitting_path(random, paths, dashes, config)
      if path is None:
        break
      paths.append(path)
    else:
      ends = [path[[0, -1]] for path in paths[:2]]
      if label:
        dots = ends[random.integers(2)]
      else:
        dots = np.stack([end[random.integers(2)] for end in ends])
      return Scene(paths, dots, label)
  raise ValueError(
      f'paths do not fit into {config.size} x {config.size} pixels with'
      f' {config}; take a larger image, or fewer or shorter paths.'
  )


def render(scene: Scene, config: Config) -> np.ndarray:
  """Returns the image [H, W], dashes and dots at 1, without blur."""
  image = np.zeros((config.size, config.size), np.float32)
  period = config.dash + config.gap
  for path in scene.paths:
    for k, (row, column) in enumerate(path):
      if k % period < config.dash:
        image[int(round(row)), int(round(column))] = 1
  row, column = np.mgrid[: config.size, : config.size]
  for dot in scene.dots:
    image[np.hypot(row - dot[0], column - dot[1]) <= 1.5] = 1
  return image


def _fitting_path(random, others, dashes: int, config: Config):
  """Returns points a pixel apart, inside, away from others; or None."""
  points = dashes * (config.dash + config.gap) - config.gap
  taken = np.concatenate(others) if others else np.zeros((0, 2))
  for _ in range(60):
    place = random.uniform(2, config.size - 3, 2)
    angle = random.uniform(0, 2 * np.pi)
    path = []
    for k in range(points):
      if k % (config.dash + config.gap) == 0:
        angle += random.uniform(-config.turn, config.turn)
      inside = np.all((place >= 2) & (place <= config.size - 3))
      if not inside or (
          taken.size
          and np.min(np.linalg.norm(taken - place, axis=1)) < config.distance
      ):
        break
      path.append(place.copy())
      place = place + np.array([np.cos(angle), np.sin(angle)])
    if len(path) == points:
      return np.array(path)
  return None
