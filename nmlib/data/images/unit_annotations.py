"""Units that people have described: exemplars, masks and sentences, in files.

A folder of one network holds `annotations.csv` with the columns layer, unit and
annotation (several rows a unit), and for each layer `LAYER/images.npy`, uint8
[U, k, H, W, 3], and `LAYER/masks.npy`, bool or 0 and 1, [U, k, H, W].
"""

from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import csv
import os
import pathlib
import re
from typing import NamedTuple

import numpy as np


class Annotated(NamedTuple):
  """U units of one layer."""

  images: np.ndarray  # uint8 [U, k, H, W, 3]
  masks: np.ndarray  # bool [U, k, H, W]
  sentences: tuple[tuple[str, ...], ...]  # of each unit, one or more


def read(path: str | os.PathLike[str], layer: str) -> Annotated:
  """Reads the units of a layer.

  Raises:
    ValueError: if a file is missing or damaged, masks have another size than
      images or are not of 0 and 1, or descriptions are not of all units, and
      of them alone.
  """
  folder = pathlib.Path(path)
  images, masks = (
      _array(folder / layer / f'{name}.npy') for name in ('images', 'masks')
  )
  if images.ndim != 5 or images.shape[4] != 3 or images.dtype != np.uint8:
    raise ValueError(
        f'{layer}/images.npy must be uint8 [U, k, H, W, 3], got {images.dtype}'
        f' {list(images.shape)}.'
    )
  if masks.shape != images.shape[:4]:
    raise ValueError(
        f'{layer}/masks.npy must be {list(images.shape[:4])}, as its images'
        f' are, got {list(masks.shape)}.'
    )
  if not np.isin(masks, (0, 1)).all():
    raise ValueError(f'{layer}/masks.npy must be bool, or 0 and 1.')
  sentences = _sentences(folder / 'annotations.csv', layer)
  beyond = [unit for unit in sentences if not 0 <= unit < len(images)]
  if beyond:
    raise ValueError(
        f'{folder / "annotations.csv"} describes unit {beyond[0]} of layer'
        f' {layer!r}, whose images are of units 0 to {len(images) - 1}.'
    )
  missing = [unit for unit in range(len(images)) if unit not in sentences]
  if missing:
    shown = ', '.join(map(str, missing[:10])) + (', ...' * (len(missing) > 10))
    raise ValueError(
        f'{folder / "annotations.csv"} must describe all {len(images)} units of'
        f' layer {layer!r}; it lacks {len(missing)}: {shown}.'
    )
  return Annotated(
      images, masks.astype(bool),
      tuple(tuple(sentences[unit]) for unit in range(len(images))),
  )  # fmt: skip


class Told(NamedTuple):
  """All U units of a folder, layer after layer."""

  layers: tuple[Annotated, ...]
  vocabulary: dict[str, int]  # of all sentences
  tokens: np.ndarray  # int32 [U, 3, T]; fewer sentences come again

  @property
  def regions(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Images [k, H, W, 3] and masks [k, H, W] of each unit."""
    for layer in self.layers:
      yield from zip(layer.images, layer.masks, strict=True)


def read_all(path: str | os.PathLike[str], length: int) -> Told:
  """Reads all layers that `annotations.csv` names, and numbers their words.

  Args:
    path: of the folder.
    length: T, as of `tokens`.

  Raises:
    ValueError: as of `read`, or if no layer is named.
  """
  file = pathlib.Path(path) / 'annotations.csv'
  names = dict.fromkeys(row['layer'] for _, row in _rows(file))
  if not names:
    raise ValueError(f'{file} describes no unit.')
  layers = tuple(read(path, name) for name in names)
  said = [unit for layer in layers for unit in layer.sentences]
  known = vocabulary(sentence for unit in said for sentence in unit)
  words = lambda unit, i: tokens(unit[i % len(unit)], known, length)
  return Told(
      layers, known, np.array([[words(u, i) for i in range(3)] for u in said])
  )


def vocabulary(sentences: Iterable[str]) -> dict[str, int]:
  """Numbers words from 2 on, in alphabetical order; 0 is start, 1 is stop."""
  words = {word for sentence in sentences for word in _split(sentence)}
  return {word: i for i, word in enumerate(sorted(words), 2)}


def tokens(sentence: str, known: Mapping[str, int], length: int) -> np.ndarray:
  """Returns the words of a sentence that are known, int32 [length].

  Stops follow it; what is longer is cut. Words are split by a pattern; the
  program of the paper splits by spaCy.
  """
  said = [known[word] for word in _split(sentence) if word in known]
  found = np.full(length, 1, np.int32)
  found[: len(said)] = said[:length]
  return found


def _split(sentence: str) -> list[str]:
  return re.findall(r"[\w']+|[^\w\s.]", sentence.lower())


def _array(file: pathlib.Path) -> np.ndarray:
  if not file.is_file():
    raise ValueError(f'{file} does not exist.')
  try:
    found = np.load(file, allow_pickle=False, mmap_mode='r')
  except (ValueError, EOFError, OSError) as error:
    raise ValueError(f'{file} is not a whole .npy file: {error}.') from error
  if not isinstance(found, np.ndarray):
    raise ValueError(f'{file} holds several arrays; give an .npy of one.')
  return found


def _rows(file: pathlib.Path) -> list[tuple[int, dict[str, str]]]:
  """Returns the rows of a table of annotations, with their numbers."""
  if not file.is_file():
    raise ValueError(f'{file} does not exist.')
  try:
    lines = file.read_text(encoding='utf-8').splitlines(keepends=True)
  except UnicodeDecodeError as error:
    raise ValueError(f'{file} must be UTF-8: {error}.') from error
  rows = csv.DictReader(lines)
  wanted = {'layer', 'unit', 'annotation'}
  if not wanted <= set(rows.fieldnames or ()):
    raise ValueError(
        f'{file} must have the columns {sorted(wanted)}, got {rows.fieldnames}.'
    )
  found = list(enumerate(rows, 2))
  for number, row in found:
    if any(row[column] is None for column in wanted):
      raise ValueError(f'{file}, line {number}: a column is missing.')
  return found


def _sentences(file: pathlib.Path, layer: str) -> dict[int, list[str]]:
  found: dict[int, list[str]] = {}
  for number, row in _rows(file):
    if row['layer'] != layer:
      continue
    try:
      unit = int(row['unit'])
    except (TypeError, ValueError):
      raise ValueError(
          f'{file}, line {number}: unit must be a whole number, got'
          f' {row["unit"]!r}.'
      ) from None
    if row['annotation'].strip():
      found.setdefault(unit, []).append(row['annotation'])
  return found
