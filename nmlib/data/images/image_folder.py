"""A user's folder of pictures, read one by one; damaged ones are named."""

from collections.abc import Mapping
from collections.abc import Sequence
import os
import pathlib
from typing import NamedTuple

import numpy as np
from PIL import Image

_ENDINGS = {'.png', '.jpg', '.jpeg', '.bmp', '.webp', '.tif', '.tiff'}


class Pictures(NamedTuple):
  """Pictures of one size, in the order of their names."""

  images: np.ndarray  # uint8 [N, S, S, 3]
  names: tuple[str, ...]  # within the folder
  folders: tuple[str, ...]  # the first folder inside that holds each, or ''
  skipped: Mapping[str, str]  # name and why, of files that could not be read

  @property
  def left_out(self) -> str:
    """Which files were skipped, and why, in words."""
    if not self.skipped:
      return 'none is skipped'
    said = ', '.join(f'{name} ({why})' for name, why in self.skipped.items())
    return f'{len(self.skipped)} damaged files are skipped: {said}'


def read(
    path: str | os.PathLike[str], size: int, count: int | None = None
) -> Pictures:
  """Reads pictures: their centre square, bicubic to `size` pixels a side.

  Args:
    path: of a folder; also the folders inside are read.
    size: S.
    count: how many at most, in the order of names; None: all.

  Raises:
    FileNotFoundError: if there is no such folder.
    ValueError: if no picture in it can be read.
  """
  folder = pathlib.Path(path)
  if not folder.is_dir():
    raise FileNotFoundError(f'{path}: no such folder of images.')
  images, names, skipped = [], [], {}
  for file in sorted(folder.rglob('*')):
    if file.suffix.lower() not in _ENDINGS or not file.is_file():
      continue
    if len(images) == count:
      break
    name = file.relative_to(folder).as_posix()
    try:
      images.append(_square(file, size))
    except (
        OSError,
        ValueError,
        SyntaxError,
        Image.DecompressionBombError,
    ) as e:
      skipped[name] = str(e)
    else:
      names.append(name)
  if not images:
    raise ValueError(
        f'{path} holds no picture that can be read ({len(skipped)} damaged);'
        f' endings are {", ".join(sorted(_ENDINGS))}.'
    )
  folders = tuple(n.split('/')[0] if '/' in n else '' for n in names)
  return Pictures(np.stack(images), tuple(names), folders, skipped)


def classes(folders: Sequence[str], num_classes: int) -> np.ndarray:
  """Returns the class int [N] of each picture, the number its folder is named.

  Raises:
    ValueError: if a folder's name is no number below `num_classes`.
  """
  known = {str(i): i for i in range(num_classes)}
  for name in folders:
    if name.lstrip('0') not in known and name.strip('0'):
      raise ValueError(
          'each picture must lie in a folder named by the number of its class,'
          f' below {num_classes}, got the folder {name!r}.'
      )
  if '' in folders:
    raise ValueError(
        'each picture must lie in a folder named by the number of its class;'
        ' some lie in none.'
    )
  return np.array([int(name) for name in folders])


def _square(file: pathlib.Path, size: int) -> np.ndarray:
  with Image.open(file) as opened:
    image = opened.convert('RGB')
  side = min(image.size)
  left, top = ((length - side) // 2 for length in image.size)
  square = image.crop((left, top, left + side, top + side))
  return np.asarray(square.resize((size, size), Image.Resampling.BICUBIC))
