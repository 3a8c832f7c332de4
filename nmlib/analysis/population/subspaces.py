"""How alike what two populations do is, whatever each neuron does in it."""

import numpy as np
import numpy.typing as npt
import scipy


def components(activity: npt.ArrayLike, number: int) -> np.ndarray:
  """Returns scores [T, number] of activity [T, N] on its principal components.

  The sign of each is arbitrary.

  Raises:
    ValueError: if there are not as many components.
  """
  centred = _centred(activity)
  if not 1 <= number <= min(centred.shape):
    raise ValueError(
        f'number must be from 1 to min(T, N)={min(centred.shape)}, got'
        f' {number}.'
    )
  left, sizes, _ = np.linalg.svd(centred, full_matrices=False)
  return left[:, :number] * sizes[:number]


def canonical_correlations(x: npt.ArrayLike, y: npt.ArrayLike) -> np.ndarray:
  """Returns the correlations of CCA, from the highest, min(N, M) in [0, 1].

  Hotelling (1936). They are cosines of the angles between the spaces that the
  centred columns span (Bjorck and Golub 1973); take `components` first where
  there are many neurons and few samples.

  Args:
    x: [T, N].
    y: [T, M].

  Raises:
    ValueError: if lengths differ.
  """
  x, y = _pair(x, y)
  return np.sort(np.cos(scipy.linalg.subspace_angles(x, y)))[::-1]


def procrustes_similarity(x: npt.ArrayLike, y: npt.ArrayLike) -> float:
  """Returns the variance that x shares with y when shifted, scaled and turned.

  1 - the disparity of `scipy.spatial.procrustes`, in [0, 1]; symmetric.

  Args:
    x: [T, N].
    y: [T, N].

  Raises:
    ValueError: if shapes differ, or one does not vary.
  """
  x, y = _pair(x, y)
  return float(1 - scipy.spatial.procrustes(x, y)[2])


def _pair(x, y):
  x, y = _centred(x), _centred(y)
  if len(x) != len(y):
    raise ValueError(
        f'x and y must be of the same samples, got {len(x)} and {len(y)} rows.'
    )
  return x, y


def _centred(activity):
  activity = np.asarray(activity, float)
  if activity.ndim != 2:
    raise ValueError(
        f'activity must be [T, N], got shape {list(activity.shape)}.'
    )
  return activity - activity.mean(0)
