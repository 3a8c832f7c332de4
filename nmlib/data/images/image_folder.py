"""A user's folder of pictures, read one by one; damaged ones are named."""

from collections.abc import Mapping
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
  folders: tuple[
      str, ...
  ]  # the first folder inside that holds each; '' if none
  skipped: Mapping[str, str]  # name and why, of files that could not be read


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


def _square(file: pathlib.Path, size: int) -> np.ndarray:
  with Image.open(file) as opened:
    image = opened.convert('RGB')
  side = min(image.size)
  left, top = ((length - side) // 2 for length in image.size)
  square = image.crop((left, top, left + side, top + side))
  return np.asarray(square.resize((size, size), Image.Resampling.BICUBIC))
