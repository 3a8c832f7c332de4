"""The folder of a run: who may use it, and what it already holds.

Layout: `config.json`, `metrics/`, `checkpoints/`, `results/`, `figures/`,
`report.json`, `report.md`; `.lock` while a run uses it.
"""

from collections.abc import Mapping
import contextlib
import fcntl
import json
import os
import pathlib
import shutil
import socket
from typing import Any

_RESULTS = (
    'metrics',
    'checkpoints',
    'results',
    'figures',
    'report.json',
    'report.md',
)
_CONTENTS = ('config.json', 'error.txt', *_RESULTS)


def write_atomic(path: pathlib.Path, data: str | bytes) -> None:
  """Writes a file whole or not at all."""
  path.parent.mkdir(parents=True, exist_ok=True)
  partial = path.with_name(f'.{path.name}.partial')
  with partial.open('wb') as f:
    f.write(data.encode() if isinstance(data, str) else data)
    f.flush()
    os.fsync(f.fileno())
  partial.replace(path)


@contextlib.contextmanager
def lock(path: pathlib.Path):
  """Holds the folder for this process; released even by SIGKILL.

  Args:
    path: the workdir, made if missing.

  Raises:
    ValueError: if another run holds it.
    OSError: if the folder cannot be made or written.
  """
  try:
    path.mkdir(parents=True, exist_ok=True)
    handle = (path / '.lock').open('a+')
  except OSError as e:
    raise OSError(
        f'cannot use --workdir={path}: {e.strerror}; choose a folder that can'
        ' be written.'
    ) from e
  with handle:
    try:
      fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
      handle.seek(0)
      owner = handle.read().strip() or 'another process'
      raise ValueError(
          f'--workdir={path} is in use by {owner}; wait for it to end, or'
          ' choose another --workdir.'
      ) from None
    handle.truncate(0)
    handle.write(f'process {os.getpid()} on {socket.gethostname()}')
    handle.flush()
    yield


def clear(path: pathlib.Path) -> None:
  """Deletes a run's files from its folder, and nothing else."""
  errors = [p.name for p in path.glob('error-*.txt')]
  for name in (*_CONTENTS, *errors):
    target = path / name
    if target.is_dir():
      shutil.rmtree(target)
    else:
      target.unlink(missing_ok=True)


def claim(path: pathlib.Path, identity: Mapping[str, Any]) -> None:
  """Marks the folder as that of one experiment, preset and config.

  Args:
    path: the workdir.
    identity: JSON-serialisable, with the entry `config` a mapping.

  Raises:
    ValueError: if the folder holds another run, naming what differs, or
      files of something else.
  """
  record = path / 'config.json'
  identity = json.loads(json.dumps(identity))
  found = [name for name in _RESULTS if (path / name).exists()]
  if not record.exists() or not found:  # a run that failed at once left none
    if found:
      raise ValueError(
          f'--workdir={path} holds {", ".join(found)} but no config.json, so'
          ' it is not known which run they belong to; choose another --workdir,'
          ' or pass --overwrite to delete them.'
      )
    write_atomic(record, json.dumps(identity, indent=2) + '\n')
    return
  try:
    stored = json.loads(record.read_text())
  except ValueError as e:
    raise ValueError(
        f'{record} is not valid JSON ({e}); choose another --workdir, or pass'
        ' --overwrite to start again.'
    ) from e
  differing = _differences(stored, identity)
  if differing:
    raise ValueError(
        f'--workdir={path} holds a run with another configuration:'
        f' {"; ".join(differing)}. Choose another --workdir, restore these'
        ' values to continue that run, or pass --overwrite to delete it.'
    )


def _differences(stored: Any, wanted: Any, prefix: str = '') -> list[str]:
  """Lists `field: stored != wanted` for every leaf that differs."""
  if not (isinstance(stored, dict) and isinstance(wanted, dict)):
    if stored == wanted:
      return []
    return [f'{prefix} is {stored!r} there and {wanted!r} here']
  found = []
  for name in sorted(stored.keys() | wanted.keys()):
    path = f'{prefix}.{name}' if prefix else name
    found += _differences(
        stored.get(name, '(absent)'), wanted.get(name, '(absent)'), path
    )
  return found
