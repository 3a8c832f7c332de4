"""The folder of a run: who may use it, and what it already holds.

Layout: `config.json`, `metrics/`, `checkpoints/`, `results/`, `figures/`,
`report.json`, `report.md`, `run.json`; `.lock` while a run uses it. The folder
is local or in a bucket (`gs://bucket/folder`); every file goes through
`etils.epath`.
"""

from collections.abc import Mapping
import contextlib
import errno
import fcntl
import json
import os
import socket
from typing import Any

from etils import epath

_RESULTS = (
    'metrics',
    'checkpoints',
    'results',
    'figures',
    'report.json',
    'report.md',
    'run.json',
)
_CONTENTS = ('config.json', 'error.txt', *_RESULTS)
_FULL = (errno.ENOSPC, errno.EDQUOT)
_CANNOT_LOCK = (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS)


def parse(text: str) -> epath.Path:
  """Returns the folder that `--workdir` names, as an absolute path.

  Args:
    text: a local path, or `gs://bucket/folder`.

  Raises:
    ValueError: if it is in something else than a folder or a reachable bucket.
  """
  if '://' not in text:
    return epath.Path(os.path.abspath(text))  # Path.resolve would break a URL
  if not text.startswith('gs://'):
    raise ValueError(
        f'--workdir={text} must be a local folder or gs://bucket/folder.'
    )
  path = epath.Path(text)
  try:
    path.exists()
  except ImportError as e:
    raise ValueError(
        f'--workdir={text} needs the package gcsfs:'
        " pip install -e '.[launch,gcs]'."
    ) from e
  return path


def is_local(path: epath.Path) -> bool:
  """Returns whether a path is on a file system of this machine."""
  return '://' not in os.fspath(path)


def is_full(error: BaseException | None) -> bool:
  """Returns whether an error says that the disk, or its quota, is full."""
  while error is not None:
    if getattr(error, 'errno', None) in _FULL:
      return True
    if any(os.strerror(number) in str(error) for number in _FULL):
      return True
    error = error.__cause__
  return False


def write_atomic(path: epath.PathLike, data: str | bytes) -> None:
  """Writes a file whole or not at all, and makes its folder.

  Args:
    path: of the file; a bucket writes whole objects by itself.
    data: the contents.

  Raises:
    OSError: if it cannot be written; a full disk is named as such.
  """
  path = epath.Path(path)
  data = data.encode() if isinstance(data, str) else data
  if not is_local(path):
    path.write_bytes(data)
    return
  partial = path.with_name(f'.{path.name}.partial')
  try:
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(partial, 'wb') as f:
      f.write(data)
      f.flush()
      os.fsync(f.fileno())
    partial.replace(path)
  except OSError as e:
    if is_full(e):
      raise OSError(
          f'the disk is full: {path} cannot be written. What was complete is'
          ' kept; make room and run the same command again to go on.'
      ) from e
    raise OSError(f'{path} cannot be written: {e.strerror or e}.') from e


@contextlib.contextmanager
def lock(path: epath.PathLike):
  """Holds the folder for this process; released even by SIGKILL.

  A bucket, and a file system without locks, are not held: there nothing keeps
  a second run away.

  Args:
    path: the workdir, made if missing.

  Raises:
    ValueError: if another run holds it.
    OSError: if the folder cannot be made or written.
  """
  path = epath.Path(path)
  if not is_local(path):
    yield
    return
  try:
    path.mkdir(parents=True, exist_ok=True)
    handle = open(path / '.lock', 'a+')
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
    except OSError as e:
      if e.errno not in _CANNOT_LOCK:
        raise
    handle.truncate(0)
    handle.write(f'process {os.getpid()} on {socket.gethostname()}')
    handle.flush()
    yield


def clear(path: epath.PathLike) -> None:
  """Deletes a run's files from its folder, and nothing else."""
  path = epath.Path(path)
  errors = [p.name for p in path.glob('error-*.txt')]
  for name in (*_CONTENTS, *errors):
    target = path / name
    if target.is_dir():
      target.rmtree()
    else:
      target.unlink(missing_ok=True)


def check(path: epath.PathLike, identity: Mapping[str, Any]) -> None:
  """Raises ValueError unless the folder is free, or this very run's.

  A folder is free while it holds no result: a run that failed at once leaves
  none, and the corrected command may use the same folder.

  Args:
    path: the workdir.
    identity: JSON-serialisable, with the entry `config` a mapping, and perhaps
      `files`, what lies at those of its fields that are paths. Where either
      run did not see a path it is not compared.

  Raises:
    ValueError: if the folder holds another run, naming what differs, or a run
      of other files under the same path, or files of something else.
  """
  path = epath.Path(path)
  found = [name for name in _RESULTS if _holds_a_file(path / name)]
  if not found:
    return
  record = path / 'config.json'
  if not record.exists():
    raise ValueError(
        f'--workdir={path} holds {", ".join(found)} but no config.json, so it'
        ' is not known which run they belong to; choose another --workdir, or'
        ' pass --overwrite to delete them.'
    )
  try:
    stored = json.loads(record.read_text())
  except ValueError as e:
    raise ValueError(
        f'{record} is not valid JSON ({e}); choose another --workdir, or pass'
        ' --overwrite to start again.'
    ) from e
  wanted = json.loads(json.dumps(identity))
  before, now = stored.pop('files', {}), wanted.pop('files', {})
  differing = _differences(stored, wanted)
  if differing:
    raise ValueError(
        f'--workdir={path} holds a run with another configuration:'
        f' {"; ".join(differing)}. Choose another --workdir, restore these'
        ' values to continue that run, or pass --overwrite to delete it.'
    )
  for field in sorted(before.keys() & now.keys()):
    if before[field] != now[field]:
      words = '{count} files of {bytes} bytes'
      raise ValueError(
          f'--workdir={path} holds a run that read other files from'
          f' config.{field}={wanted["config"][field]}: then'
          f' {words.format(**before[field])}, now {words.format(**now[field])}'
          ' with other names or contents. Put back what was there to continue'
          ' that run, choose another --workdir, or pass --overwrite to run on'
          ' what is there now.'
      )


def _holds_a_file(path: epath.Path) -> bool:
  if path.is_dir():
    return any(_holds_a_file(below) for below in path.iterdir())
  return path.exists()


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
