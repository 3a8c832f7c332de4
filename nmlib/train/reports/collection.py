"""The reports under a folder, as far as they can be trusted to be some."""

from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses
import json
import os
import types
from typing import Any
from typing import NamedTuple

from etils import epath

from nmlib.train import cost as cost_lib

_PNG = b'\x89PNG\r\n\x1a\n'
_HEADER = 24  # bytes of a PNG up to the end of its size
_NUMBER = (int, float)
_OWN = ('checkpoints', 'figures', 'metrics', 'results')  # of a run


class _Each(NamedTuple):
  """A list or a mapping of values that all look the same."""

  kind: type
  shape: Any


_NAMES = _Each(dict, str)
_CELL = (str, *_NUMBER, _Each(list, _NUMBER))
# Entry: what it looks like, and what stands for it in reports from before it.
_CLAIM = {
    'text': (str, None),
    'source': (str, None),
    'paper': (str, None),
    'ours': (_Each(dict, _Each(list, _NUMBER)), None),
    'holds': (bool, None),
    'compared': (str, ''),
    'expected': ((bool, types.NoneType), True),
    'because': (str, ''),
}
_TABLE = {
    'label': (str, None),
    'note': (str, ''),
    'rows': (_Each(dict, _Each(dict, _CELL)), None),
}
_REPORT = {
    'experiment': (str, None),
    'preset': (str, None),
    'config': (dict, None),
    'data': (dict, None),
    'claims': (_Each(list, _CLAIM), None),
    'differences': (_Each(list, str), []),
    'tables': (_Each(dict, _TABLE), {}),
    'notes': (_NAMES, {}),
    'figures': (_NAMES, {}),
}


@dataclasses.dataclass(frozen=True)
class Entry:
  """One finished run.

  Attributes:
    folder: below the one that was searched.
    record: the stored report, whole.
    cost: what `run.json` says, if it is there.
    figures: PNG by name.
  """

  folder: str
  record: Mapping[str, Any]
  cost: Mapping[str, Any] | None = None
  figures: Mapping[str, bytes] = dataclasses.field(default_factory=dict)


def collect(root: epath.PathLike) -> tuple[list[Entry], list[str]]:
  """Reads every report below a folder, however deep.

  Args:
    root: the folder.

  Returns:
    The runs by folder, and a sentence on each report that is left out.

  Raises:
    ValueError: if there is no such folder, or no report in it.
  """
  root = epath.Path(root)
  if not root.is_dir():
    raise ValueError(f'{root} is no folder; name one that holds runs.')
  entries, skipped = [], []
  for path in _runs(root):
    folder = os.path.relpath(path, root)
    try:
      entries.append(read(path, folder))
    except (OSError, ValueError, RecursionError) as e:
      skipped.append(f'{folder} is left out: {e or type(e).__name__}')
  if not entries and not skipped:
    raise ValueError(
        f'{root} holds no report.json; finish a run in it, such as python -m'
        f' launch.bdh --workdir={root / "bdh"}'
    )
  return entries, skipped


def _runs(folder: epath.Path) -> Iterator[epath.Path]:
  """Yields the folders with a report, this one and those below; no links."""
  ended = (folder / 'report.json').exists()
  if ended:
    yield folder
  for below in sorted(folder.iterdir()):
    if ended and below.name in _OWN:
      continue
    if below.is_dir() and not os.path.islink(below):
      yield from _runs(below)


def read(folder: epath.PathLike, name: str = '') -> Entry:
  """Reads one run.

  Args:
    folder: its workdir.
    name: what to call it.

  Raises:
    OSError: if a file cannot be read.
    ValueError: if report.json is none, or a figure is missing or no PNG.
  """
  folder = epath.Path(folder)
  try:
    loaded = json.loads((folder / 'report.json').read_bytes())
  except ValueError as e:
    raise ValueError(f'report.json is not valid JSON ({e}).') from e
  record = whole(loaded)
  figures = {}
  for title, path in record['figures'].items():
    if os.path.isabs(path) or '..' in path.split('/'):
      raise ValueError(f'figure {title!r} is outside of it, {path!r}.')
    if not (folder / path).exists():
      raise ValueError(f'figure {title!r} is missing, {path!r}.')
    figures[title] = (folder / path).read_bytes()
    start = figures[title][:_HEADER]
    if not start.startswith(_PNG) or len(start) < _HEADER:
      raise ValueError(f'figure {title!r} is no PNG, {path!r}.')
  return Entry(name, record, cost_lib.load(folder), figures)


def whole(record: Any) -> dict[str, Any]:
  """Returns a report with all its entries, those of older ones filled in.

  Raises:
    ValueError: if it is no report, naming what is wrong.
  """
  return _checked(record, _REPORT, 'the report')


def _checked(value: Any, shape: Any, where: str) -> Any:
  """Returns a value of this shape, or raises naming the place."""
  if isinstance(shape, _Each):
    _require(isinstance(value, shape.kind), where, shape.kind.__name__, value)
    if shape.kind is list:
      return [_checked(v, shape.shape, f'an entry of {where}') for v in value]
    return {
        k: _checked(v, shape.shape, f'{where}, {k!r}') for k, v in value.items()
    }
  if isinstance(shape, dict):
    _require(isinstance(value, dict), where, 'dict', value)
    made = {}
    for name, (inside, default) in shape.items():
      if name not in value and default is None:
        raise ValueError(f'{where} has no entry {name!r}.')
      made[name] = _checked(
          value.get(name, default), inside, f'{name!r} of {where}'
      )
    return made
  kinds = shape if isinstance(shape, tuple) else (shape,)
  plain = tuple(kind for kind in kinds if isinstance(kind, type))
  if isinstance(value, plain) and (
      bool in plain or not isinstance(value, bool)
  ):
    _require_float(value, where)
    return value
  for kind in kinds:
    if isinstance(kind, _Each) and isinstance(value, kind.kind):
      return _checked(value, kind, where)
  _require(False, where, ' or '.join(k.__name__ for k in plain), value)


def _require_float(value: Any, where: str) -> None:
  try:
    if isinstance(value, int):
      float(value)
  except OverflowError as e:
    raise ValueError(f'{where} holds an integer beyond any float.') from e


def _require(holds: bool, where: str, wanted: str, value: Any) -> None:
  if not holds:
    raise ValueError(f'{where} must be {wanted}, got {type(value).__name__}.')
