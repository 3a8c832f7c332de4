"""Claims about several comparisons: how many hold, or all of them."""

from collections.abc import Iterable
from collections.abc import Mapping
import itertools
from typing import Any

import numpy as np
import numpy.typing as npt

from nmlib.train.reports import claims
from nmlib.train.reports import statistics
from nmlib.train.reports.claims import Claim


def differ(
    text: str,
    gaps: Mapping[str, npt.ArrayLike],
    *,
    need: int,
    below: bool = False,
    least: float = 0,
    **fields: Any,
) -> Claim:
  """Claims that differences exceed 0 in several comparisons, by intervals.

  Args:
    text: the statement, with what it needs.
    gaps: paired differences [S] of each comparison; NaN: a seed that does not
      count.
    need: in how many comparisons the 95 % interval must lie above 0.
    below: below 0 instead.
    least: seeds that must count there.
    **fields: as of `claims.higher`.

  Returns:
    The claim, which shows each comparison with its interval.
  """
  ours, apart = {}, 0
  for label, gap in gaps.items():
    gap = np.asarray(gap, float)
    gap = gap[np.isfinite(gap)]
    interval = statistics.Interval(np.nan, -np.inf, np.inf)
    if gap.size:
      interval = statistics.paired_interval(gap, np.zeros_like(gap))
    beyond = interval.high < 0 if below else interval.low > 0
    apart += beyond and gap.size >= least
    ends = f'[{interval.low:.3f}, {interval.high:.3f}]'
    ours[f'{label}, 95 % interval {ends}'] = gap
  return claims.judged(text, ours, apart >= need, **fields)


def ordered_everywhere(
    text: str,
    settings: Iterable[Mapping[str, npt.ArrayLike]],
    **fields: Any,
) -> Claim:
  """Claims that each thing is below the next, in the mean, at every setting.

  Args:
    text: the statement.
    settings: of each the same two or more things, values [S] by name, the
      smallest first.
    **fields: as of `claims.higher`.

  Returns:
    The claim, which shows the least step from each to the next of all settings;
    it does not hold where a value is NaN.

  Raises:
    ValueError: if there is no setting, or there are not two things.
  """
  means = [
      {name: np.mean(np.asarray(values)) for name, values in setting.items()}
      for setting in settings
  ]
  names = list(means[0]) if means else []
  if len(names) < 2 or any(list(row) != names for row in means):
    raise ValueError(
        f'claim {text!r} must order the same two or more things at every'
        f' setting, got {[list(row) for row in means]}.'
    )
  steps = {
      f'{high} - {low}, least': np.min([row[high] - row[low] for row in means])
      for low, high in itertools.pairwise(names)
  }
  holds = all(step > 0 for step in steps.values())
  return claims.judged(text, steps, holds, **fields)
