"""Arrays that are slow to make, kept on disk beside a manifest.

A cache is a folder with `arrays.npz` and `manifest.json`: what the arrays were
made from, their shapes, and a checksum. It is written whole or not at all, and
used only for what it was made for.
"""

from collections.abc import Callable
import hashlib
import json
import os
import pathlib
import shutil
import tempfile
from typing import Any

import numpy as np


def load_or_make(
    folder: str,
    made_from: dict[str, Any],
    make: Callable[[], dict[str, np.ndarray]],
) -> dict[str, np.ndarray]:
  """Returns the cached arrays, or makes and keeps them.

  Args:
    folder: of the cache; made with its parents if it does not exist.
    made_from: all that the arrays depend on, as JSON can hold it.
    make: returns the arrays by name.

  Raises:
    ValueError: if the folder holds something else: other settings, a file
      missing, or a checksum that is wrong.
  """
  path = pathlib.Path(folder)
  wanted = json.loads(json.dumps(made_from))
  if path.exists():
    return _load(path, wanted)
  arrays = {name: np.asarray(value) for name, value in make().items()}
  path.parent.mkdir(parents=True, exist_ok=True)
  partial = pathlib.Path(tempfile.mkdtemp(prefix='.cache', dir=path.parent))
  try:
    # pyrefly: ignore [bad-argument-type]
    np.savez(partial / 'arrays.npz', **arrays)
    manifest = {
        'made_from': wanted,
        'sha256': _checksum(partial / 'arrays.npz'),
        'arrays': {
            name: f'{value.dtype}{list(value.shape)}'
            for name, value in arrays.items()
        },
    }
    (partial / 'manifest.json').write_text(json.dumps(manifest, indent=2))
    try:
      os.replace(partial, path)
    except OSError:  # another process was faster
      return _load(path, wanted)
  finally:
    shutil.rmtree(partial, ignore_errors=True)
  return arrays


def _load(path: pathlib.Path, wanted: dict[str, Any]) -> dict[str, np.ndarray]:
  arrays, manifest = path / 'arrays.npz', path / 'manifest.json'
  if not arrays.is_file() or not manifest.is_file():
    raise ValueError(
        f'{path} is no whole cache: it lacks arrays.npz or manifest.json;'
        ' remove it, or name another folder.'
    )
  try:
    stored = json.loads(manifest.read_text())
    made_from, checksum = stored['made_from'], stored['sha256']
  except (json.JSONDecodeError, KeyError) as error:
    raise ValueError(
        f'{manifest} is damaged ({error}); remove the folder to make it anew.'
    ) from error
  if made_from != wanted:
    differ = sorted(
        key
        for key in set(made_from) | set(wanted)
        if made_from.get(key) != wanted.get(key)
    )
    raise ValueError(
        f'{path} was made with other settings ({", ".join(differ)}); name'
        ' another folder, or remove it.'
    )
  if _checksum(arrays) != checksum:
    raise ValueError(
        f'{arrays} is damaged: its checksum is not that of the manifest; remove'
        ' the folder to make it anew.'
    )
  with np.load(arrays, allow_pickle=False) as found:
    return {name: found[name] for name in found.files}


def _checksum(path: pathlib.Path) -> str:
  with path.open('rb') as file:
    return hashlib.file_digest(file, 'sha256').hexdigest()
