"""An experiment in a list of all: what it costs, which data it needs."""

from collections.abc import Callable
from collections.abc import Sequence
import pathlib
import textwrap
from typing import Any

from nmlib.data import tfds
from nmlib.train import cost
from nmlib.train.reports.paper import Paper
from nmlib.train.reports.paper import Source

_WIDTH = 80
_COLUMN = 23  # where the text of a row begins
_HERE = {'embedded': 'here', 'generated': 'generated', 'files': 'yours'}


def block(
    command: str,
    paper: Paper,
    kept: pathlib.Path,
    prepared: Callable[[str], bool] = tfds.is_prepared,
) -> str:
  """Returns some lines of at most 80 columns.

  Args:
    command: that runs it.
    paper: what it reproduces.
    kept: folder of its kept report and `run.json`; and of `gpu/run.json`, of a
      run of the same preset on one GPU. Either may be missing.
    prepared: whether TFDS has a data set here.
  """
  head = f'{paper.title} ({paper.authors} {paper.year})'
  lines = [command, *_wrapped(head, '  '), f'  {paper.url}']
  presets: dict[tuple[Source, ...], list[str]] = {}
  for preset, sources in paper.data.items():
    presets.setdefault(tuple(sources), []).append(preset)
  for sources, names in presets.items():
    lines += _row(', '.join(names), _needs(sources, prepared))
  return '\n'.join([*lines, *_row('cost of small', _cost(kept))])


def _row(label: str, text: str) -> list[str]:
  """A label and its text; under it, if it is too long to stand beside."""
  label = f'  {label:{_COLUMN - 2}}'
  if len(label) == _COLUMN and label.endswith(' '):
    return _wrapped(text, label, ' ' * _COLUMN)
  return [label, *_wrapped(text, ' ' * _COLUMN)]


def _wrapped(text: str, first: str, later: str | None = None) -> list[str]:
  return textwrap.wrap(
      text, _WIDTH, initial_indent=first,
      subsequent_indent=first if later is None else later,
      break_on_hyphens=False, break_long_words=False,
  )  # fmt: skip


def _needs(sources: Sequence[Source], prepared: Callable[[str], bool]) -> str:
  """What is learned from, whether it is here, and the flag for one's own."""
  alike: dict[str, list[str]] = {}
  for source in sources:
    if source.kind == 'tfds':
      here = 'here' if prepared(source.tfds) else 'not prepared here'
      here = f'from TFDS, {here}'
    else:
      here = _HERE[source.kind]
    if source.flag:
      here += f'{"," if source.kind == "files" else "; or"} {source.flag}=...'
    alike.setdefault(here, []).append(source.what)
  return '; '.join(f'{", ".join(x)} ({here})' for here, x in alike.items())


def _cost(kept: pathlib.Path) -> str:
  """What the kept runs took, on the CPU and on one GPU."""
  records = [cost.load(kept), cost.load(kept / 'gpu')]
  found: dict[str, dict[str, Any]] = {
      record['platform']: record for record in records if record
  }
  cpu, gpu = found.get('cpu'), found.get('gpu')
  said = 'on CPU cores not measured'
  if cpu:
    said = f'{cost.duration(cpu["seconds"])} on {cpu["cpus"]} CPU cores'
  if gpu and gpu['count'] == 1:
    return f'{said}; {cost.duration(gpu["seconds"])} on one {gpu["kind"]}'
  return f'{said}; on one GPU not measured'
