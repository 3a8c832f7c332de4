"""A body of text as named byte strings: where it comes from, what it holds.

A `Corpus` is read once, split into training and validation text by `split`,
turned into one array of bytes by `joined`, and recorded by `manifest`.
"""

from collections.abc import Callable
import dataclasses
import functools
import hashlib
import os
import pathlib
import platform
import sysconfig
from typing import Any

import numpy as np

SEPARATOR = b'\0'  # between documents in `joined`; no document contains it

_Rule = Callable[[pathlib.Path], bool]  # of a path below the corpus
_TEST_FOLDERS = {'test', 'tests', 'idle_test'}
_FOREIGN_FOLDERS = {'site-packages', 'dist-packages', 'lib-dynload'}
_MACHINE_FILES = ('_sysconfigdata', 'sitecustomize', 'usercustomize')


@dataclasses.dataclass(frozen=True)
class Document:
  """One text; `name` is its path below the corpus, with forward slashes."""

  name: str
  data: bytes = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True, repr=False)
class Corpus:
  """Documents sorted by name; `skipped` says 'name: reason' for each other."""

  name: str
  documents: tuple[Document, ...]
  skipped: tuple[str, ...] = ()

  def __post_init__(self):
    names = [document.name for document in self.documents]
    if names != sorted(set(names)):
      raise ValueError(
          f'corpus {self.name!r}: document names must be sorted and unique.'
      )

  def __repr__(self) -> str:
    return (
        f'Corpus({self.name!r}, documents={len(self.documents)},'
        f' bytes={self.num_bytes}, sha256={self.sha256[:16]})'
    )

  @functools.cached_property
  def num_bytes(self) -> int:
    """Bytes in all documents, separators not counted."""
    return sum(len(document.data) for document in self.documents)

  @functools.cached_property
  def sha256(self) -> str:
    """Hash over the names, sizes and contents of all documents."""
    lines = (f'{sha} {size} {name}\n' for name, size, sha in _rows(self))
    return _sha256(''.join(lines))


def python_library() -> Corpus:
  """Returns the sources of the running Python's standard library.

  These are real text and code that every machine already has: about 610 files
  and 11 MB in Python 3.11. Left out are tests (folders `test`, `tests`,
  `idle_test`), packages of others (`site-packages`, `dist-packages`), files
  written for one machine (`_sysconfigdata*`, `config-*/`, `*customize.py`),
  and `encodings/`, which is mostly generated tables. IDLE, the demos and the
  prose of `pydoc_data` stay. The text differs between Python versions, so
  record `manifest(corpus)` with a result.

  Raises:
    ValueError: this Python was installed without the sources of its library.
  """
  root = pathlib.Path(sysconfig.get_paths()['stdlib'])
  documents, skipped = _walk(root, _is_library_folder, _is_library_file)
  if not documents:
    raise ValueError(
        f'no Python sources under {root}: this Python comes without them;'
        ' name a text file or a folder of texts instead.'
    )
  name = f'Python {platform.python_version()} standard library'
  return Corpus(name, documents, skipped)


def read_text(path: str | os.PathLike[str]) -> Corpus:
  """Reads a text file, or all texts below a folder, as raw bytes.

  A text is a regular file, whatever its suffix, whose bytes decode as UTF-8
  and hold no NUL. In a folder, all other files, empty files, and exact copies
  of an earlier file are skipped and listed in `Corpus.skipped`; names that
  start with a dot are not looked at, and links to folders not followed.

  Args:
    path: a file or a folder.

  Raises:
    ValueError: nothing is there, it cannot be read, or it holds no text.
  """
  if not os.fspath(path):
    raise ValueError('the path is empty; name a text file or a folder.')
  path = pathlib.Path(path).expanduser()
  try:
    if path.is_dir():
      documents, skipped = _walk(path, _is_visible, _is_visible)
    elif path.is_file():
      documents, skipped = (Document(path.name, path.read_bytes()),), ()
      if reason := _why_not_text(documents[0].data):
        raise ValueError(f'{path} {reason}; name a text file in UTF-8.')
    elif path.exists():
      raise ValueError(f'{path} is neither a file nor a folder; name a text.')
    else:
      raise ValueError(f'{path} does not exist; name a text file or a folder.')
  except OSError as e:
    where = e.filename or path
    raise ValueError(f'{where} cannot be read: {e.strerror or e}.') from e
  if not documents:
    raise ValueError(
        f'{path} holds no text: {len(skipped)} files skipped, none of them'
        ' a non-empty file in UTF-8.'
    )
  return Corpus(path.resolve().name, documents, skipped)


def joined(corpus: Corpus) -> np.ndarray:
  """Returns all documents as uint8 [N], one `SEPARATOR` between neighbours.

  One document alone comes back unchanged. As is usual for language models,
  excerpts of the result may cross from one document into the next: the
  separator tells the model that they are unrelated.
  """
  text = SEPARATOR.join(document.data for document in corpus.documents)
  return np.frombuffer(text, np.uint8)


def manifest(corpus: Corpus) -> dict[str, Any]:
  """Returns what identifies the text, ready for JSON.

  The keys are `name`, `num_files`, `num_bytes`, `sha256` (of the whole),
  `files` (a sorted list of [name, size, sha256]) and `skipped`.
  """
  return {
      'name': corpus.name,
      'num_files': len(corpus.documents),
      'num_bytes': corpus.num_bytes,
      'sha256': corpus.sha256,
      'files': _rows(corpus),
      'skipped': list(corpus.skipped),
  }


def _rows(corpus: Corpus) -> list[list[Any]]:
  return [[d.name, len(d.data), _sha256(d.data)] for d in corpus.documents]


def _walk(root: pathlib.Path, keep_folder: _Rule, keep_file: _Rule):
  """Reads the files kept below root, sorted by name; says what it skips."""
  paths = {}
  for folder, subfolders, names in os.walk(root, onerror=_raise):
    inside = pathlib.Path(folder)
    below = inside.relative_to(root)
    subfolders[:] = [name for name in subfolders if keep_folder(below / name)]
    for name in names:
      if keep_file(below / name) and (inside / name).is_file():
        paths[(below / name).as_posix()] = inside / name
  documents, skipped, seen = [], [], {}
  for name, path in sorted(paths.items()):
    data = path.read_bytes()
    first = seen.setdefault(data, name)
    reason = f'is a copy of {first}' if first != name else None
    if reason := _why_not_text(data) or reason:
      skipped.append(f'{name} {reason}')
    else:
      documents.append(Document(name, data))
  return tuple(documents), tuple(skipped)


def _is_visible(path: pathlib.Path) -> bool:
  return not path.name.startswith('.')


def _is_library_folder(path: pathlib.Path) -> bool:
  return not (
      path.name in _TEST_FOLDERS | _FOREIGN_FOLDERS
      or path.name.startswith('config-')
      or path == pathlib.Path('encodings')
  )


def _is_library_file(path: pathlib.Path) -> bool:
  return path.suffix == '.py' and not path.name.startswith(_MACHINE_FILES)


def _why_not_text(data: bytes) -> str | None:
  if not data:
    return 'is empty'
  if SEPARATOR in data:
    return 'is not text: it contains a NUL byte'
  try:
    data.decode()
  except UnicodeDecodeError as e:
    return f'is not UTF-8: byte {data[e.start]:#04x} at {e.start}'


def _sha256(data: bytes | str) -> str:
  if isinstance(data, str):  # names of files need not be Unicode
    data = data.encode('utf-8', 'surrogateescape')
  return hashlib.sha256(data).hexdigest()


def _raise(error: OSError):
  raise error
