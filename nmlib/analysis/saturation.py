"""How much of something is needed for half of its effect."""

import numpy as np


def half_saturation(
    amounts: np.ndarray, effects: np.ndarray, floor: float
) -> np.ndarray:
  """Returns the amount [S] at which effects have fallen half way to a floor.

  The level is half way between the floor and the best effect of each curve.
  From the best on downwards, the first crossing of it, interpolated over the
  logarithm of the amount; the least amount measured, if there is none.

  Args:
    amounts: [F], positive, in any order.
    effects: [S, F], such as accuracies of S seeds.
    floor: what is left without any, such as chance.
  """
  order = np.argsort(-amounts)
  log, found = np.log(amounts[order]), []
  for row in effects[:, order]:
    level = (row.max() + floor) / 2
    best = np.argmax(row)
    (below,) = np.nonzero(row[best:] < level)
    if not below.size:
      found.append(log[-1])
      continue
    i = best + below[0]
    part = (row[i - 1] - level) / (row[i - 1] - row[i])
    found.append(log[i - 1] + part * (log[i] - log[i - 1]))
  return np.exp(found)
