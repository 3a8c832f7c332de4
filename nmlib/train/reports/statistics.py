"""What a few seeds can tell."""

from collections.abc import Callable
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import scipy  # its `stats`, of half a second, is only loaded where it is used


class Interval(NamedTuple):
  """A mean and how far it may be off."""

  mean: float
  low: float
  high: float

  def __str__(self) -> str:
    if np.isnan(self.mean):
      return 'unknown'  # no seed counts, or all values are equal
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
  reach = scipy.stats.t.ppf((1 + level) / 2, gap.size - 1) * scipy.stats.sem(
      gap
  )
  return Interval(mean, mean - float(reach), mean + float(reach))


def bootstrap_interval(
    statistic: Callable[[np.ndarray], float],
    num_seeds: int,
    *,
    level: float = 0.95,
    num_draws: int = 500,
) -> Interval:
  """Returns a statistic of all seeds, its interval by resampling the seeds.

  Args:
    statistic: of the chosen seeds, int [S] with repetitions; NaN where it is
      not defined, which the interval leaves out.
    num_seeds: S.
    level: share of the draws between the ends.
    num_draws: of S seeds each, always the same ones.

  Returns:
    The statistic and the percentiles; NaN ends if it was never defined.
  """
  rng = np.random.default_rng(0)
  drawn = np.array(
      [
          statistic(rng.integers(num_seeds, size=num_seeds))
          for _ in range(num_draws)
      ]
  )
  drawn = drawn[np.isfinite(drawn)]
  ends = [(1 - level) / 2, (1 + level) / 2]
  low, high = np.quantile(drawn, ends) if drawn.size else (np.nan, np.nan)
  return Interval(statistic(np.arange(num_seeds)), float(low), float(high))


def rank_correlation(x: npt.ArrayLike, y: npt.ArrayLike) -> Interval:
  """Returns Spearman's rho of x and y, its interval by resampling the seeds.

  Args:
    x: [V, S], V values of each of S seeds.
    y: [V, S]; NaN where not known.
  """
  x, y = np.asarray(x, float), np.asarray(y, float)

  def rho(seeds):
    a, b = x[:, seeds].ravel(), y[:, seeds].ravel()
    a, b = a[np.isfinite(b)], b[np.isfinite(b)]
    if np.unique(a).size < 2 or np.unique(b).size < 2:
      return np.nan
    return float(scipy.stats.spearmanr(a, b).statistic)

  return bootstrap_interval(rho, y.shape[1])


def between(value: float, others: Mapping[str, float]) -> str:
  """Says where a value falls among others, by their names; NaN: not known."""
  if not np.isfinite(value):
    return 'not known'
  known = [(v, name) for name, v in others.items() if np.isfinite(v)]
  below = max((pair for pair in known if pair[0] <= value), default=None)
  above = min((pair for pair in known if pair[0] > value), default=None)
  said = [
      f'{word} {pair[1]} ({pair[0]:.3g})'
      for word, pair in (('above', below), ('below', above))
      if pair
  ]
  return ' and '.join(said or ['with nothing to compare'])


def summary(values: npt.ArrayLike, *, count: bool = True) -> str:
  """Shows values, one a seed, as mean ± standard deviation of the sample.

  Args:
    values: [S].
    count: whether to say n, the number of seeds.
  """
  values = np.ravel(values)
  if not values.size:
    return 'no seed'
  said = f' (n={len(values)})' if count else ''
  if len(values) == 1:
    return f'{values[0]:.4g}{said}'
  mean, spread = np.mean(values), np.std(values, ddof=1)
  return f'{mean:.4g} ± {spread:.2g}{said}'
