"""Motion clouds that are narrow in one respect, to test what sees motion.

Clouds are random textures that move (`textures.MotionCloud`); the conditions
are those of Grimaldi and Perrinet 2023 (arXiv 2307.14077).
"""

from collections.abc import Callable
from collections.abc import Sequence
import math

import jax
import numpy as np
import numpy.typing as npt

from nmlib.data.events import motion

# All orientations; stripes across the motion; stripes at 45 degrees to it,
# whose motion is ambiguous.
CONDITIONS: dict[str, dict[str, float]] = {
    'broad': {},
    'perpendicular': {'orientation_width': 0.2},
    'aperture': {'orientation_width': 0.2, 'orientation': math.pi / 4},
}


def tuning(
    measure: Callable[[jax.Array, jax.Array], npt.ArrayLike],
    frequencies: Sequence[float],
    directions: int,
    speed: float,
    steps: int,
    size: int,
) -> dict[str, np.ndarray]:
  """Measures on clouds of every condition and mean spatial frequency.

  Args:
    measure: (events [D, T, 2, size, size], labels [D, T]) -> [S], such as the
      accuracy of S seeds.
    frequencies: F, cycles a pixel.
    directions: D, of motion, all around.
    speed: pixels a step.
    steps: T.
    size: pixels a side.

  Returns:
    What was measured [S, F], by condition.
  """
  found = {}
  for name, fields in CONDITIONS.items():
    rows = []
    for frequency in frequencies:
      clouds = motion.labelled_clouds(
          directions, speed, steps, size, frequency=frequency, **fields
      )
      rows.append(measure(*clouds))
    found[name] = np.stack(rows, 1)
  return found
