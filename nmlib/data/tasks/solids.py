"""Noisy clouds of points on the surfaces of five turned solids, to classify."""

from typing import NamedTuple

import numpy as np

SHAPES = ('sphere', 'cube', 'cylinder', 'cone', 'torus')
_NOISE = 0.03  # standard deviation of a coordinate


class Clouds(NamedTuple):
  """Clouds and the solids that they lie on."""

  points: np.ndarray  # [N, P, 3], float32
  labels: np.ndarray  # [N], int32: place in SHAPES


def draw(seed: int, count: int, num_points: int = 32) -> Clouds:
  """Draws clouds of solids that are turned at random and scaled by 0.8 to 1.2.

  Cylinder and cone are open at their ends; none is wider than 2 before.

  Args:
    seed: of everything.
    count: N.
    num_points: P of a cloud.

  Raises:
    ValueError: if a size is not positive.
  """
  if count < 1 or num_points < 1:
    raise ValueError(
        'count and num_points must be at least 1, got'
        f' {count} and {num_points}.'
    )
  random = np.random.Generator(np.random.Philox(seed))
  labels = random.integers(len(SHAPES), size=count)
  clouds = []
  for label in labels:
    cloud = _surface(random, SHAPES[label], num_points)
    rotation, _ = np.linalg.qr(random.normal(size=(3, 3)))
    cloud = rotation @ cloud * random.uniform(0.8, 1.2)
    clouds.append(cloud.T + _NOISE * random.normal(size=(num_points, 3)))
  return Clouds(np.stack(clouds).astype(np.float32), labels.astype(np.int32))


def _surface(random, shape: str, num_points: int) -> np.ndarray:
  """Draws points [3, P] on the surface of a solid about the third axis."""
  angle, other = random.uniform(0, 2 * np.pi, (2, num_points))
  height = random.uniform(-1, 1, num_points)
  if shape == 'cube':
    cube = random.uniform(-1, 1, (3, num_points))
    face = random.integers(3, size=num_points)
    cube[face, np.arange(num_points)] = np.sign(height)
    return 0.8 * cube
  if shape == 'torus':
    height = 0.3 * np.sin(other)
  radius = {
      'sphere': np.sqrt(1 - height**2),
      'cylinder': 0.7,
      'cone': (1 - height) / 2,
      'torus': 0.7 + 0.3 * np.cos(other),
  }[shape]
  return np.stack([radius * np.cos(angle), radius * np.sin(angle), height])
