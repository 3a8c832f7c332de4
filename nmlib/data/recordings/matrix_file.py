"""A matrix from a user's file, or of one that comes with nmlib."""

import pathlib

import numpy as np

from nmlib.data.recordings import celegans


def read(path: str) -> np.ndarray:
  """Reads a matrix [M, N] from .npz (its one 2-D array), .npy or .csv.

  Raises:
    FileNotFoundError: if there is no such file.
    ValueError: if the file holds no single numeric matrix.
  """
  file = pathlib.Path(path)
  if not file.is_file():
    raise FileNotFoundError(
        f'{path}: no such file; give an .npz, .npy or .csv.'
    )
  try:
    match file.suffix:
      case '.npz':
        with np.load(file, allow_pickle=False) as stored:
          found = [stored[name] for name in stored.files]
        found = [array for array in found if array.ndim == 2]
      case '.npy':
        found = [np.load(file, allow_pickle=False)]
      case '.csv':
        found = [np.loadtxt(file, delimiter=',', ndmin=2)]
      case _:
        raise ValueError(f'its name ends in {file.suffix!r}')
  except (ValueError, OSError, EOFError) as error:
    raise ValueError(
        f'{path} cannot be read as a matrix (.npz, .npy or .csv of numbers):'
        f' {error}.'
    ) from error
  if len(found) != 1 or found[0].ndim != 2 or found[0].dtype.kind not in 'iuf':
    raise ValueError(
        f'{path} must hold exactly one numeric matrix, found'
        f' {[f"{a.dtype}{list(a.shape)}" for a in found]}.'
    )
  return found[0]


def connectivity(source: str) -> dict[str, np.ndarray]:
  """Returns measured connections [N, N] by name; rows are targets.

  Args:
    source: 'celegans', the worm's, as by `celegans.signed_weights`; a file, as
      `read` takes it; '' for none.

  Returns:
    One matrix, called 'C. elegans' or 'given'; or nothing.
  """
  if source == 'celegans':
    return {'C. elegans': celegans.signed_weights(celegans.load())}
  return {'given': read(source)} if source else {}
