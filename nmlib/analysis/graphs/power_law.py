"""A power law fitted to the tail of whole numbers, such as degrees.

Clauset, Shalizi and Newman (SIAM Review 51, 2009, sections 3.1 and 3.3): the
exponent is the likeliest, the tail begins where the law fits best.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

_STEEPEST = 20.0  # exponent; of what falls faster the law says nothing


class PowerLaw(NamedTuple):
  """p(k) = k^-exponent / zeta(exponent, least) for k >= least."""

  exponent: float
  least: int  # where the tail begins
  distance: float  # Kolmogorov and Smirnov's, of the two distributions
  count: int  # values in the tail


def fit(counts: np.ndarray) -> PowerLaw:
  """Fits exponent in (1, 20] and least value of a discrete power law.

  A fit is no evidence for a power law: look at its distance, and at the curve
  (`degrees.survival`).

  Args:
    counts: int [N]; those below 1 are left out.

  Raises:
    ValueError: if fewer than two different values are left.
  """
  counts = np.sort(np.ravel(counts))
  counts = counts[counts > 0]
  values = np.unique(counts)
  if len(values) < 2:
    raise ValueError(
        'a power law needs at least two different counts above 0, got'
        f' {values.tolist()}.'
    )
  return min(
      (_fit_tail(counts[counts >= least]) for least in values[:-1]),
      key=lambda law: law.distance,
  )


def _fit_tail(tail: np.ndarray) -> PowerLaw:
  least, logs = int(tail[0]), np.log(tail / tail[0]).sum()
  low, high = 1.0, _STEEPEST
  for _ in range(5):  # the likelihood has one maximum
    grid = np.linspace(low, high, 42)[1:]
    best = np.argmax(-len(tail) * np.log(_zeta(grid, least)) - grid * logs)
    low, high = grid[best - 1] if best else low, grid[min(best + 1, 40)]
  alpha = grid[best]
  values, numbers = np.unique(tail, return_counts=True)
  beyond = _zeta(alpha, values + 1) * ((values + 1) / least) ** -alpha
  law = 1 - beyond / _zeta(alpha, least)
  distance = np.abs(numbers.cumsum() / len(tail) - law).max()
  return PowerLaw(float(alpha), least, float(distance), len(tail))


def _zeta(a: npt.ArrayLike, q: npt.ArrayLike) -> np.ndarray:
  """Returns q^a zeta(a, q), the sum of (1 + k / q)^-a, by Euler-Maclaurin."""
  a, q = np.asarray(a, float), np.asarray(q, float)
  head = np.zeros(np.broadcast_shapes(a.shape, q.shape))
  for k in range(12):
    head += (1 + k / q) ** -a
  end, last = q + 12.0, (1 + 12 / q) ** -a
  correction = a / (12 * end) - a * (a + 1) * (a + 2) / (720 * end**3)
  return head + last * (end / (a - 1) + 0.5 + correction)
