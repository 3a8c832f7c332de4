r"""Linear prediction of one population from another, scored where it is new."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import scipy

from nmlib.neurons.core import checks


class Fit(NamedTuple):
  """A linear map y = x W + b."""

  weights: np.ndarray  # W [N, M]
  intercept: np.ndarray  # b [M]

  def predict(self, x: npt.ArrayLike) -> np.ndarray:
    """Returns y [..., M] of x [..., N]."""
    return np.asarray(x, float) @ self.weights + self.intercept


def fit(x: npt.ArrayLike, y: npt.ArrayLike, penalty: float = 1.0) -> Fit:
  r"""Returns ridge regression with a free intercept.

  .. math:: \min_{W, b} |y - x W - b|^2 + \lambda |W|^2

  Args:
    x: [T, N].
    y: [T, M].
    penalty: lambda, positive.

  Raises:
    ValueError: if lengths differ, or the penalty is not positive.
  """
  x, y = np.asarray(x, float), np.asarray(y, float)
  checks.shape('x', x, 'T', num_predictors=x.shape[-1])
  checks.shape('y', y, num_samples=len(x), num_predicted=y.shape[-1])
  if not penalty > 0:
    raise ValueError(f'penalty must be positive, got {penalty!r}.')
  here, there = x.mean(0), y.mean(0)
  centred = x - here
  square = centred.T @ centred + penalty * np.eye(x.shape[1])
  weights = scipy.linalg.solve(square, centred.T @ (y - there), assume_a='pos')
  return Fit(weights, there - here @ weights)


def r2(wanted: npt.ArrayLike, found: npt.ArrayLike) -> float:
  """Returns the share of variance [T, M] that was found, pooled over M.

  1 - sum of squares left / sum of squares about each column's mean; below 0
  where the means would have been better; NaN if nothing varies.

  Raises:
    ValueError: if shapes differ.
  """
  wanted, found = np.asarray(wanted, float), np.asarray(found, float)
  if wanted.shape != found.shape or wanted.ndim != 2:
    raise ValueError(
        'wanted and found must be of one shape [T, M], got'
        f' {list(wanted.shape)} and {list(found.shape)}.'
    )
  varies = np.square(wanted - wanted.mean(0)).sum()
  return float(1 - np.square(wanted - found).sum() / varies) if varies else (
      float('nan')
  )  # fmt: skip


def held_out(
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    new_x: npt.ArrayLike,
    new_y: npt.ArrayLike,
    penalty: float = 1.0,
) -> float:
  """Returns the R^2 of a map from x to y on conditions that it has not seen.

  Args:
    x: [T, N], to fit.
    y: [T, M].
    new_x: [T', N], of held-out conditions, not of held-out times.
    new_y: [T', M].
    penalty: of `fit`.

  Raises:
    ValueError: if shapes do not fit.
  """
  return r2(new_y, fit(x, y, penalty).predict(new_x))
