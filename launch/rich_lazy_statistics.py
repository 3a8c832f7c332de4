"""Intervals over seeds for launch.rich_lazy."""

import numpy as np
from scipy import stats


def correlation(x: np.ndarray, y: np.ndarray) -> tuple[float, float, float]:
  """Returns Spearman's rho of x and y [V, S], with its 95 % interval.

  Over all networks whose y is known; the interval resamples the S seeds
  (bootstrap), for networks of one seed share W_0 and trials.
  """

  def rho(chosen):
    a, b = x[:, chosen].ravel(), y[:, chosen].ravel()
    known = np.isfinite(b)
    a, b = a[known], b[known]
    if np.unique(a).size < 2 or np.unique(b).size < 2:
      return np.nan
    return float(stats.spearmanr(a, b).statistic)

  seeds = y.shape[1]
  rng = np.random.default_rng(0)
  drawn = [rho(rng.integers(seeds, size=seeds)) for _ in range(500)]
  drawn = [value for value in drawn if np.isfinite(value)]
  low, high = np.quantile(drawn, [0.025, 0.975]) if drawn else [np.nan] * 2
  return rho(np.arange(seeds)), float(low), float(high)


def between(value: float, names, swept: np.ndarray) -> str:
  """Says where a value falls among those of a sweep, by their names."""
  if not np.isfinite(value):
    return 'not known, for no network reached the criterion'
  known = [
      (v, name)
      for v, name in zip(swept.tolist(), names, strict=True)
      if np.isfinite(v)
  ]
  below = max((pair for pair in known if pair[0] <= value), default=None)
  above = min((pair for pair in known if pair[0] > value), default=None)
  said = [
      f'{word} {pair[1]} ({pair[0]:.3g})'
      for word, pair in (('above', below), ('below', above))
      if pair
  ]
  return f'{value:.3g}, ' + ' and '.join(said or ['with no rank to compare'])
