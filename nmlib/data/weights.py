"""Weights in files that cannot run code: `.safetensors` and `.npz`.

Large models come in several files with an index (`*.safetensors.index.json`),
which is opened like one. Files are mapped into memory, not read, until an
array is asked for; bfloat16 arrays keep their dtype.
"""

from collections.abc import Iterator
from collections.abc import Mapping
import json
import os
import pathlib
from typing import Any

import numpy as np

_SAFE = '.safetensors'


class _Arrays(Mapping[str, np.ndarray]):
  """Arrays by name, each read when it is asked for."""

  def __init__(self, file: pathlib.Path, names, read):
    self._file, self._names, self._read = file, tuple(names), read

  def __getitem__(self, name: str) -> np.ndarray:
    if name not in self._names:
      raise KeyError(name)
    return _whole(self._file, lambda: self._read(name))

  def __iter__(self) -> Iterator[str]:
    return iter(self._names)

  def __len__(self) -> int:
    return len(self._names)


def load(path: str | os.PathLike[str]) -> Mapping[str, np.ndarray]:
  """Opens a file of arrays by name, each read when it is asked for.

  Args:
    path: `.safetensors`, `.npz`, or the `.index.json` of several of the former,
      which must lie beside it.

  Raises:
    FileNotFoundError: there is no such file, or not all that an index names.
    ImportError: a `.safetensors` file, but no package safetensors.
    ValueError: another kind of file, or a damaged one; damage inside an array
      of an `.npz` file shows when that array is asked for.
  """
  file = pathlib.Path(path)
  if file.name.endswith('.index.json'):
    return _indexed(file)
  library = _library(file)
  if not file.is_file():
    raise FileNotFoundError(f'{file}: no such file.')
  if library is np:
    # pyrefly: ignore [bad-argument-type]: a path will do
    found = _whole(file, lambda: np.lib.npyio.NpzFile(file))
    return _Arrays(file, found.files, found.__getitem__)
  found = _whole(file, lambda: library.safe_open(file, framework='numpy'))
  return _Arrays(file, found.keys(), found.get_tensor)


def save(path: str | os.PathLike[str], arrays: Mapping[str, Any]) -> None:
  """Writes arrays by name, the whole file or none; errors as of `load`."""
  file = pathlib.Path(path)
  library = _library(file)
  partial = file.with_name(f'{file.stem}.partial{file.suffix}')
  # safetensors writes the memory of a transposed view as if it were in order.
  arrays = {name: np.array(a, order='C') for name, a in arrays.items()}
  if library is np:
    if 'file' in arrays:
      raise ValueError(
          f"{file}: an array of an .npz must not be named 'file'; use a"
          ' .safetensors.'
      )
    np.savez(partial, allow_pickle=False, **arrays)
  else:
    library.numpy.save_file(arrays, partial)
  os.replace(partial, file)


def described(path: str | os.PathLike[str]) -> dict[str, Any]:
  """Returns what a model's `config.json` says.

  Args:
    path: of that file, or of the weights beside it.

  Raises:
    FileNotFoundError: there is no such file.
    ValueError: it is damaged, or no object.
  """
  file = pathlib.Path(path)
  file = file if file.suffix == '.json' else file.with_name('config.json')
  if not file.is_file():
    raise FileNotFoundError(f'{file}: no such file.')
  try:
    found = json.loads(file.read_text())
  except ValueError as error:  # of JSON, or of its letters
    raise ValueError(f'{file} is no whole JSON file: {error}.') from error
  if not isinstance(found, dict):
    raise ValueError(f'{file} must be an object of JSON, got {found!r:.40}.')
  return found


class _Several(Mapping[str, np.ndarray]):
  """Arrays of several files."""

  def __init__(self, files: Mapping[str, Mapping[str, np.ndarray]]):
    self._files = files  # by name of an array

  def __getitem__(self, name: str) -> np.ndarray:
    return self._files[name][name]

  def __iter__(self) -> Iterator[str]:
    return iter(self._files)

  def __len__(self) -> int:
    return len(self._files)


def _indexed(file: pathlib.Path) -> Mapping[str, np.ndarray]:
  if not file.is_file():
    raise FileNotFoundError(f'{file}: no such file.')
  try:
    by_name = json.loads(file.read_text('utf-8'))['weight_map']
    named = {str(name): str(place) for name, place in by_name.items()}
  except (ValueError, KeyError, TypeError, AttributeError) as error:
    raise ValueError(
        f'{file} is no index of weights: no {{"weight_map": {{name: file}}}}.'
    ) from error
  places = sorted(set(named.values()))
  for place in places:
    if pathlib.PurePath(place).name != place or not place.endswith(_SAFE):
      raise ValueError(
          f'{file} must name {_SAFE} files beside it, got {place!r}.'
      )
  parts = {place: load(file.parent / place) for place in places}
  for name, place in named.items():
    if name not in parts[place]:
      raise ValueError(f'{file} says {name!r} is in {place}, which has it not.')
  return _Several({name: parts[place] for name, place in named.items()})


def _library(file: pathlib.Path) -> Any:
  if file.suffix == '.npz':
    return np
  if file.suffix != _SAFE:
    raise ValueError(
        f'{file} must end in .safetensors, .npz or .index.json; convert it.'
    )
  try:
    import safetensors.numpy
  except ImportError as error:
    raise ImportError(f'{file} needs: pip install safetensors') from error
  return safetensors


def _whole(file: pathlib.Path, read):
  try:
    return read()
  except Exception as error:  # each library has its own kinds
    raise ValueError(
        f'{file} is no whole {file.suffix} file: {error}'
    ) from error
