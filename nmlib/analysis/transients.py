"""Transient states: which of several lasts how long, of a sequence."""

import numpy as np
import numpy.typing as npt


def states(winners: npt.ArrayLike) -> tuple[np.ndarray, np.ndarray]:
  """Returns the transient states in order, and how many steps each is on.

  A state that comes back before another one has won goes on.

  Args:
    winners: int [T], the state at each step; -1: none.

  Returns:
    States [K], no two in a row alike, and steps [K] in each.

  Raises:
    ValueError: if winners is not [T].
  """
  winners = np.asarray(winners)
  if winners.ndim != 1:
    raise ValueError(f'winners must be [T], got shape {list(winners.shape)}.')
  known = winners[winners >= 0]
  if not known.size:
    return known, known
  starts = np.flatnonzero(np.diff(known, prepend=known[0] - 1))
  return known[starts], np.diff(starts, append=known.size)
