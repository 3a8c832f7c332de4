"""Transient states: which of several lasts how long, of a sequence."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class Summary(NamedTuple):
  """The transient states of one sequence."""

  count: int
  visited: int  # different ones
  mean_steps: float  # of one; NaN if there is none
  share: float  # of all steps in which some state is on


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


def summary(winners: npt.ArrayLike) -> Summary:
  """Returns how many transient states there are, and how long they last.

  Args:
    winners: int [T], the state at each step; -1: none.

  Raises:
    ValueError: if winners is not [T], or empty.
  """
  found, steps = states(winners)
  winners = np.asarray(winners)
  if not winners.size:
    raise ValueError('winners must be of at least one step, got none.')
  mean = float(steps.mean()) if steps.size else np.nan
  share = float(np.mean(winners >= 0))
  return Summary(len(found), len(set(found.tolist())), mean, share)
