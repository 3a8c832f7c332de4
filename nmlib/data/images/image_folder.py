"""A user's folder of pictures, read one by one; damaged ones are named."""

import collections
from collections.abc import Mapping
from collections.abc import Sequence
import os
import pathlib
from typing import NamedTuple

import numpy as np
from PIL import Image
from PIL import ImageOps

from nmlib.neurons.core import checks

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
    count: how many at most, of each folder inside in turn, so that few show
      all of them; None: all. Pictures are in the order of their names.

  Raises:
    FileNotFoundError: if there is no such folder.
    ValueError: if no picture in it can be read, or a number is below 1.
  """
  checks.count('size', size)
  if count is not None:
    checks.count('count', count)
  folder = pathlib.Path(path)
  if not folder.is_dir():
    raise FileNotFoundError(f'{path}: no such folder of images.')
  files = [
      file
      for file in sorted(folder.rglob('*'))
      if file.suffix.lower() in _ENDINGS and file.is_file()
  ]
  images, skipped = {}, {}
  for name, file in _in_turn(folder, files):
    if len(images) == count:
      break
    try:
      images[name] = _square(file, size)
    except (
        OSError,
        ValueError,
        SyntaxError,
        Image.DecompressionBombError,
    ) as e:
      skipped[name] = str(e)
  if not images:
    damaged = ', '.join(list(skipped)[:4]) + ', ...' * (len(skipped) > 4)
    raise ValueError(
        f'{path} holds no picture that can be read; endings are'
        f' {", ".join(sorted(_ENDINGS))}; damaged: {damaged or "none"}.'
    )
  names = tuple(sorted(images, key=lambda name: name.split('/')))
  stacked = np.stack([images[name] for name in names])
  return Pictures(stacked, names, tuple(map(_first, names)), skipped)


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


def _first(name: str) -> str:
  """Returns the first folder of a name, '' if it is in none."""
  return name.split('/')[0] if '/' in name else ''


def _in_turn(
    folder: pathlib.Path, files: Sequence[pathlib.Path]
) -> list[tuple[str, pathlib.Path]]:
  """Returns names and files: the first of every folder, the second, ..."""
  seen = collections.Counter()
  turns = []
  for file in files:
    name = file.relative_to(folder).as_posix()
    turns.append((seen[_first(name)], name, file))
    seen[_first(name)] += 1
  turns.sort(key=lambda turn: turn[0])
  return [turn[1:] for turn in turns]


def _square(file: pathlib.Path, size: int) -> np.ndarray:
  with Image.open(file) as opened:
    if opened.mode.startswith(('I', 'F')):  # conversion would cut at 255
      raise ValueError(f'{opened.mode!r} is not of 8 bits a colour')
    # As a viewer shows it: turned as the camera was held, on white.
    image = ImageOps.exif_transpose(opened)
    if image.has_transparency_data:
      image = image.convert('RGBA')
      white = Image.new('RGBA', image.size, 'white')
      image = Image.alpha_composite(white, image)
    image = image.convert('RGB')
  side = min(image.size)
  left, top = ((length - side) // 2 for length in image.size)
  square = image.crop((left, top, left + side, top + side))
  return np.asarray(square.resize((size, size), Image.Resampling.BICUBIC))
