r"""How far the flow of population activity is a rotation: jPCA.

Churchland et al. (Nature 2012): of the fits dx/dt = M x, the best whose M is
skew-symmetric, and so only rotates, beside the best of all.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class Rotation(NamedTuple):
  """Of states of K dimensions."""

  skew: np.ndarray  # M_skew [K, K], a time step
  free: np.ndarray  # M [K, K], without the constraint
  skew_r2: float  # of dx/dt
  free_r2: float

  @property
  def strength(self) -> float:
    """R^2 of the rotation over that of any linear flow, at most 1."""
    return self.skew_r2 / self.free_r2

  @property
  def frequencies(self) -> np.ndarray:
    """Cycles a time step of each plane [K // 2], the fastest first."""
    turns = np.sort(np.abs(np.linalg.eigvals(self.skew).imag))[::-1]
    return turns[::2][: len(self.skew) // 2] / (2 * np.pi)


def fit(states: npt.ArrayLike) -> Rotation:
  """Fits both flows to states [C, T, K], by least squares.

  Changes are differences of neighbouring times, of states halfway. States are
  taken as they are: reduce them by `subspaces.components` first, and take away
  the mean over conditions where it is not to count.

  Raises:
    ValueError: unless there are conditions, two times and two dimensions, or
      if nothing changes.
  """
  states = np.asarray(states, float)
  if states.ndim != 3 or not (
      states.shape[0] and states.shape[1] > 1 and states.shape[2] > 1
  ):
    raise ValueError(
        'states must be [C, T, K] of at least 2 times and 2 dimensions, got'
        f' shape {list(states.shape)}.'
    )
  size = states.shape[2]
  change = np.diff(states, axis=1).reshape(-1, size)
  place = ((states[:, 1:] + states[:, :-1]) / 2).reshape(-1, size)
  total = np.square(change).sum()
  if not total:
    raise ValueError('states must change in time, got the same at all times.')
  free = np.linalg.lstsq(place, change)[0].T
  upper = np.triu_indices(size, 1)
  basis = np.zeros((len(upper[0]), size, size))
  index = np.arange(len(basis))
  basis[index, upper[0], upper[1]] = 1
  basis[index, upper[1], upper[0]] = -1
  # Row (t, i) of column b: sum_j basis[b, i, j] x_j(t).
  design = np.einsum('bij,tj->tib', basis, place).reshape(-1, len(basis))
  entries = np.linalg.lstsq(design, change.reshape(-1))[0]
  skew = np.tensordot(entries, basis, 1)
  r2 = lambda m: float(1 - np.square(change - place @ m.T).sum() / total)
  return Rotation(skew, free, r2(skew), r2(free))
