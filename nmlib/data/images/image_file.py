"""Grey images from a user's file."""

import pathlib

import numpy as np


def read(path: str, count: int, least_size: int) -> np.ndarray:
  """Reads `count` square grey images [count, H, H], float32, from .npy.

  Raises:
    FileNotFoundError: if there is no such file.
    ValueError: if it is no array [N, H, H] of finite numbers with N of at
      least `count` and H of at least `least_size`.
  """
  file = pathlib.Path(path)
  if not file.is_file():
    raise FileNotFoundError(f'{path}: no such file; give an .npy of [N, H, H].')
  try:
    images = np.load(file, allow_pickle=False, mmap_mode='r')
  except (ValueError, EOFError) as error:
    raise ValueError(f'{path} is not a whole .npy file: {error}.') from error
  if not isinstance(images, np.ndarray):
    raise ValueError(f'{path} holds several arrays; give an .npy of one.')
  square = images.ndim == 3 and images.shape[1] == images.shape[2]
  if (
      not square
      or images.shape[0] < count
      or images.shape[1] < least_size
      or images.dtype.kind not in 'iuf'
  ):
    raise ValueError(
        f'{path} must hold numbers [N, H, H], at least {count} images of at'
        f' least {least_size} pixels a side, got {images.dtype}'
        f'{list(images.shape)}.'
    )
  images = np.asarray(images[:count], np.float32)
  if not np.all(np.isfinite(images)):
    raise ValueError(f'{path} holds numbers that are not finite.')
  return images
