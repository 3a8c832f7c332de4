"""Statements of a paper, held against arrays of one value a seed."""

from collections.abc import Mapping
import dataclasses
from typing import Any
from typing import Literal

import numpy as np
import numpy.typing as npt

from nmlib.train.reports import statistics

By = Literal['mean', 'seed', 'interval']

# What a verdict is called, by (holds, expected).
_VERDICTS = {
    (True, True): 'holds',
    (False, True): 'fails',
    (False, False): 'fails, as expected',
    (True, False): 'holds, not expected',
    (True, None): 'holds, undecided',
    (False, None): 'fails, undecided',
}


@dataclasses.dataclass(frozen=True)
class Claim:
  """One statement of the paper, and whether this run bears it out.

  Attributes:
    text: the statement, with its threshold.
    source: where the paper (or our spec of a small version) makes it.
    paper: the paper's figure as text; '' where it gives none at this size.
    ours: this run's values, one a seed, under a name each.
    holds: whether `ours` satisfies `text`.
    compared: how seeds were compared; '' where the text says it all.
    expected: False if it is known not to reproduce in this preset; None if
      rounding decides, so that machines differ.
    because: why, if it is one of these.
  """

  text: str
  source: str
  paper: str
  ours: Mapping[str, npt.ArrayLike]
  holds: bool
  compared: str = ''
  expected: bool | None = True
  because: str = ''

  def __post_init__(self):
    if not self.expected and not self.because:
      raise ValueError(
          f'claim {self.text!r} is not expected to hold; say why: because=...'
      )


def higher(
    text: str,
    ours: Mapping[str, npt.ArrayLike],
    theirs: Mapping[str, npt.ArrayLike] | float,
    *,
    by: By,
    times: float = 1.0,
    margin: float = 0.0,
    equal: bool = False,
    need: float = 1.0,
    also: Mapping[str, npt.ArrayLike] | None = None,
    **fields: Any,
) -> Claim:
  """Claims that ours is above theirs, times a factor, plus a margin.

  Args:
    text: the statement.
    ours: one entry, name and values [S].
    theirs: likewise, paired by seed (or one value for all); or a number.
    by: 'mean': of all seeds; 'seed': in a share `need` of them, each against
      its own; 'interval': the 95 % interval of the paired differences.
    times: factor of theirs.
    margin: how much above that; may be negative.
    equal: whether it is enough to reach that.
    need: share of the seeds, rounded up, for `by='seed'`.
    also: further values to show.
    **fields: source, paper, because and expected, as in `Claim`; what has a
      because is not expected, if nothing else is said.

  Returns:
    The claim; it does not hold where a value is NaN.

  Raises:
    ValueError: if seeds are not paired, or there is not one entry.
  """
  a, b, shown = _paired(text, ours, theirs)
  holds, compared = _compare(a - times * b, by, margin, need, equal)
  return judged(text, shown | dict(also or {}), holds, compared, **fields)


def lower(
    text: str,
    ours: Mapping[str, npt.ArrayLike],
    theirs: Mapping[str, npt.ArrayLike] | float,
    *,
    by: By,
    times: float = 1.0,
    margin: float = 0.0,
    need: float = 1.0,
    also: Mapping[str, npt.ArrayLike] | None = None,
    **fields: Any,
) -> Claim:
  """Claims that ours is below theirs, times a factor, minus a margin."""
  a, b, shown = _paired(text, ours, theirs)
  holds, compared = _compare(times * b - a, by, margin, need)
  return judged(text, shown | dict(also or {}), holds, compared, **fields)


def ordered(
    text: str,
    values: Mapping[str, npt.ArrayLike],
    *,
    by: By,
    need: float = 1.0,
    **fields: Any,
) -> Claim:
  """Claims that each of several things is below the next.

  Args:
    text: the statement.
    values: two or more [S], the smallest first, paired by seed.
    by: as in `higher`, of the smallest step of each seed.
    need: share of the seeds, rounded up, for `by='seed'`.
    **fields: as of `higher`.

  Raises:
    ValueError: if seeds are not paired, or there are not two entries.
  """
  rows = [np.ravel(np.asarray(value, float)) for value in values.values()]
  if len(rows) < 2 or len({row.shape for row in rows}) > 1 or not rows[0].size:
    raise ValueError(
        f'claim {text!r} must order two or more things of the same seeds, got'
        f' {[f"{k} {v.size}" for k, v in zip(values, rows, strict=True)]}.'
    )
  holds, compared = _compare(np.diff(rows, axis=0).min(0), by, 0.0, need)
  return judged(text, dict(values), holds, compared, **fields)


def judged(
    text: str,
    ours: Mapping[str, npt.ArrayLike],
    holds: bool | np.bool,
    compared: str = '',
    *,
    source: str = '',
    paper: str = '',
    **fields: Any,
) -> Claim:
  """Returns a claim; what has a `because` is not expected to hold."""
  fields.setdefault('expected', not fields.get('because'))
  return Claim(text, source, paper, ours, bool(holds), compared, **fields)


def verdict(claim: Mapping[str, Any]) -> str:
  """Returns how a claim of a stored report came out, in words."""
  return _VERDICTS[claim['holds'], claim['expected']]


def is_unexpected(claim: Mapping[str, Any]) -> bool:
  """Whether one came out otherwise; what rounding decides never does."""
  return claim['expected'] not in (None, claim['holds'])


def unexpected(record: Mapping[str, Any]) -> list[str]:
  """Returns the claims of a stored report that came out otherwise."""
  return [claim['text'] for claim in record['claims'] if is_unexpected(claim)]


def _paired(text: str, ours: Mapping[str, npt.ArrayLike], theirs: Any):
  """Returns both sides, [S] each, and what to show of them."""
  a, shown = _values(text, ours), dict(ours)
  if isinstance(theirs, Mapping):
    b = _values(text, theirs)
    shown |= theirs
  else:
    b = np.array([theirs], float)
  if b.size == 1:
    b = np.full_like(a, b[0])
  if a.shape != b.shape or not a.size:
    raise ValueError(
        f'claim {text!r} compares {a.size} seeds with {b.size}; give the same'
        ' seeds on both sides.'
    )
  return a, b, shown


def _values(text: str, values: Mapping[str, npt.ArrayLike]) -> np.ndarray:
  if len(values) != 1:
    raise ValueError(
        f'claim {text!r} must compare one thing with one, got'
        f' {list(values)}; show more through also=.'
    )
  return np.ravel(np.asarray(next(iter(values.values())), float))


def _compare(
    gap: np.ndarray, by: By, margin: float, need: float, equal: bool = False
) -> tuple[bool, str]:
  above = np.greater_equal if equal else np.greater
  if by == 'mean':
    return bool(above(gap.mean(), margin)), 'in the mean'
  if by == 'seed':
    least = int(np.ceil(need * gap.size))
    phrase = f'in at least {least} of {gap.size} seeds'
    if least == gap.size:
      phrase = 'in every seed'
    return bool(np.sum(above(gap, margin)) >= least), phrase
  interval = statistics.paired_interval(gap, np.zeros_like(gap))
  phrase = f'mean difference over seeds {interval}, 95 % interval'
  return bool(above(interval.low, margin)), phrase
