"""What a few seeds can tell."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import stats


class Interval(NamedTuple):
  """A mean and how far it may be off."""

  mean: float
  low: float
  high: float

  def __str__(self) -> str:
    return f'{self.mean:.4f} [{self.low:.4f}, {self.high:.4f}]'


def paired_interval(
    ours: npt.ArrayLike, theirs: npt.ArrayLike, level: float = 0.95
) -> Interval:
  """Returns the mean of ours - theirs over seeds and its Student interval.

  Args:
    ours: one value a seed, [S].
    theirs: of the same seeds.
    level: chance that the interval holds the true mean, if differences are
      normal.

  Returns:
    The mean and both ends; infinite ends for one seed.

  Raises:
    ValueError: if the seeds are not paired, or level is not in (0, 1).
  """
  ours, theirs = np.asarray(ours, float), np.asarray(theirs, float)
  if ours.shape != theirs.shape or ours.ndim != 1 or not ours.size:
    raise ValueError(
        'ours and theirs must be one value a seed, [S], got'
        f' {list(ours.shape)} and {list(theirs.shape)}.'
    )
  if not 0 < level < 1:
    raise ValueError(f'level must be in (0, 1), got {level}.')
  gap = ours - theirs
  mean = float(gap.mean())
  if gap.size == 1:
    return Interval(mean, -np.inf, np.inf)
  reach = stats.t.ppf((1 + level) / 2, gap.size - 1) * stats.sem(gap)
  return Interval(mean, mean - float(reach), mean + float(reach))
