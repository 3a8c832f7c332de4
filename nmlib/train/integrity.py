"""Lists of a checkpoint's files, by which damage to any of them is noticed.

Every process lists the files that it wrote, with their digests: a checkpoint is
whole if all lists are there and every file is as listed. The work of listing
and of checking is shared by the processes.
"""

from collections.abc import Iterator
import hashlib
import json
import re
from typing import Any

from etils import epath
import jax

from nmlib.train import workdir


def _walk(folder: epath.Path) -> Iterator[epath.Path]:
  """Yields the files below a folder, local or in a bucket."""
  for path in folder.iterdir():
    if path.is_dir():
      yield from _walk(path)
    else:
      yield path


def _writer(name: str) -> int:
  """Returns which process wrote a file: orbax names the folder by it."""
  found = re.search(r'process_(\d+)', name)
  return int(found[1]) if found else 0


def _digest(path: epath.Path) -> str:
  file: Any = path.open('rb')  # its type says text or bytes
  with file:
    return hashlib.file_digest(file, 'sha256').hexdigest()


def write_list(folder: epath.Path) -> None:
  """Lists what this process wrote of a complete checkpoint, into it."""
  me = jax.process_index()
  names = {str(p.relative_to(folder)): p for p in _walk(folder)}
  listed = {
      name: [path.stat().length, _digest(path)]
      for name, path in sorted(names.items())
      if _writer(name) == me and not _is_list(name)
  }
  record = {'num_processes': jax.process_count(), 'files': listed}
  workdir.write_atomic(folder / f'files-{me}.json', json.dumps(record))


def _is_list(name: str) -> bool:
  return re.fullmatch(r'\.?files-\d+\.json(\.partial)?', name) is not None


def _read_list(folder: epath.Path, index: int) -> dict[str, Any]:
  return json.loads((folder / f'files-{index}.json').read_text())


def is_listed(folder: epath.Path) -> bool:
  """Returns whether every process listed its files: the last thing it does."""
  if not (folder / 'files-0.json').exists():
    return False
  try:
    count = _read_list(folder, 0)['num_processes']
  except (ValueError, KeyError, TypeError):
    return True  # damaged, which `check` will say
  return all((folder / f'files-{i}.json').exists() for i in range(count))


def check(folder: epath.Path) -> None:
  """Raises OSError naming the first file that is missing or changed.

  Every process checks its share of the lists.
  """
  count = _read_list(folder, 0)['num_processes']
  for index in range(jax.process_index(), count, jax.process_count()):
    for name, (size, digest) in _read_list(folder, index)['files'].items():
      path = folder / name
      if not path.exists():
        raise OSError(f'its file {name} is missing')
      if path.stat().length != size:
        raise OSError(
            f'its file {name} has {path.stat().length} bytes, not {size}'
        )
      if _digest(path) != digest:
        raise OSError(f'the contents of its file {name} changed')
