"""Finished runs as one web page, which needs no network.

A report is text that anybody may have written: all of it is escaped, and the
page forbids itself to load anything.
"""

import base64
from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import importlib.resources
import string
import struct
from typing import Any

from nmlib.train import cost as cost_lib
from nmlib.train.reports import beside
from nmlib.train.reports import claims as claims_lib
from nmlib.train.reports import collection
from nmlib.train.reports import paper as paper_lib
from nmlib.train.reports import repeat
from nmlib.train.reports import tables as tables_lib
from nmlib.train.reports.beside import text


@dataclasses.dataclass(frozen=True)
class Known:
  """What the launchers of this clone say of a run's experiment.

  Attributes:
    paper: that it reproduces.
    presets: its configs by name.
  """

  paper: paper_lib.Paper
  presets: Mapping[str, Any]


def page(
    entries: Sequence[collection.Entry],
    known: Mapping[str, Known],
    skipped: Sequence[str] = (),
) -> str:
  """Returns the page of all runs.

  Args:
    entries: the runs.
    known: by experiment; others are shown without their paper and command.
    skipped: sentences on what is left out.
  """
  entries = sorted(entries, key=lambda e: _order(e, known))
  parts = importlib.resources.files('nmlib.train.reports') / 'gallery.html'
  options = lambda values: ''.join(
      f'<option>{text(value)}</option>' for value in dict.fromkeys(values)
  )
  left_out = ''.join(f'<li>{text(sentence)}</li>' for sentence in skipped)
  return string.Template(parts.read_text(encoding='utf-8')).substitute(
      papers=options(_title(e, known) for e in entries),
      presets=options(e.record['preset'] for e in entries),
      lines='\n'.join(
          _line(i, entry, known) for i, entry in enumerate(entries)
      ),
      runs='\n'.join(_run(i, entry, known) for i, entry in enumerate(entries)),
      skipped=left_out and f'<h2>Left out</h2><ul>{left_out}</ul>',
  )


def cost(record: Mapping[str, Any] | None) -> str:
  """Says what a run took and on what; '' if that is not known."""
  if record is None:
    return ''
  said = cost_lib.duration(record['seconds'])
  count, kind = record.get('count'), record.get('kind')
  if record.get('platform') == 'cpu':
    said += f' on {record.get("cpus")} CPU cores'
    said += f', {count} devices' if count != 1 else ''
  elif kind:
    said += f' on {count} {kind}'
  versions = record.get('versions')
  if isinstance(versions, dict):
    said += ''.join(f'; {name} {v}' for name, v in versions.items())
  return said


def _order(entry, known) -> tuple[Any, ...]:
  name, preset = entry.record['experiment'], entry.record['preset']
  presets = list(known[name].presets) if name in known else []
  place = presets.index(preset) if preset in presets else len(presets)
  return _title(entry, known).lower(), name, place, preset, entry.folder


def _title(entry, known) -> str:
  name = entry.record['experiment']
  return known[name].paper.title if name in known else name


def _data(entry, known) -> str:
  """Returns what the page filters by."""
  return (
      f'data-paper="{text(_title(entry, known))}"'
      f' data-preset="{text(entry.record["preset"])}"'
  )


def _line(i: int, entry, known) -> str:
  record, claims = entry.record, entry.record['claims']
  hold = sum(claim['holds'] for claim in claims)
  failed = len(claims_lib.unexpected(record))
  verdict = f'{hold} of {len(claims)} hold'
  if failed:
    verdict += f', <b class="fails">{failed} not as expected</b>'
  took = cost(entry.cost).partition(';')[0]
  return (
      f'<tr {_data(entry, known)}><td><a href="#run-{i}">'
      f'{text(_title(entry, known))}</a></td>'
      f'<td>{text(record["experiment"])}, {text(record["preset"])}</td>'
      f'<td>{verdict}</td><td>{text(took)}</td></tr>'
  )


def _run(i: int, entry, known) -> str:
  """Returns the article of one run."""
  record, name = entry.record, entry.record['experiment']
  about = ''
  if name in known:
    paper = known[name].paper
    about = (
        f'<p>{text(paper.authors)} {paper.year},'
        f' <a href="{text(paper.url)}">{text(paper.url)}</a></p>'
    )
  parts = [
      f'<h2>{text(_title(entry, known))}</h2>',
      f'<p class="which"><code>{text(name)}</code>, preset'
      f' <code>{text(record["preset"])}</code>, in'
      f' <code>{text(entry.folder)}</code></p>{about}',
      _command(record, known),
      f'<p>{text(cost(entry.cost))}</p>' if entry.cost else '',
      _list('This run differs from the paper', record['differences']),
      _figures(entry),
      '<h3>Claims</h3>' if record['claims'] else '',
      *map(beside.claim, record['claims']),
      *(
          _folded(title, f'<div class="wide">{tables_lib.html(table)}</div>')
          for title, table in record['tables'].items()
      ),
      *(
          _folded(title, f'<pre>{text(note)}</pre>')
          for title, note in record['notes'].items()
      ),
      _folded('Data', _pairs(record['data'])),
      _folded('Config', _pairs(repeat.leaves(record['config']))),
      '<p><a href="#top">To the list</a></p>',
  ]
  return (
      f'<article id="run-{i}" {_data(entry, known)}>'
      f'{"".join(filter(None, parts))}</article>'
  )


def _command(record, known) -> str:
  if record['experiment'] not in known:
    return '<p>No launcher of this clone has this name.</p>'
  try:
    line = repeat.command(record, known[record['experiment']].presets)
  except ValueError as e:
    return f'<p>No command of today repeats this run: {text(e)}</p>'
  return f'<pre class="command">{text(line)}</pre>'


def _figures(entry: collection.Entry) -> str:
  """Returns the figures, each a button that enlarges it."""
  shown = []
  for name, png in entry.figures.items():
    width, height = struct.unpack('>II', png[16:24])
    title = text(name.replace('_', ' '))
    data = base64.b64encode(png).decode()
    shown.append(
        f'<button class="figure"><img alt="" width="{width}" height="{height}"'
        f' src="data:image/png;base64,{data}"><span>{title}</span></button>'
    )
  made = '<h3>Figures</h3><div class="figures">' + ''.join(shown) + '</div>'
  return made if shown else ''


def _list(title: str, items: Sequence[str]) -> str:
  rows = ''.join(f'<li>{text(item)}</li>' for item in items)
  return rows and f'<h3>{title}</h3><ul>{rows}</ul>'


def _pairs(values: Mapping[str, Any]) -> str:
  rows = ''.join(
      f'<tr><th scope="row">{text(name)}</th><td>{text(value)}</td></tr>'
      for name, value in values.items()
  )
  return f'<div class="wide"><table class="pairs">{rows}</table></div>'


def _folded(title: str, body: str) -> str:
  return f'<details><summary>{text(title)}</summary>{body}</details>'
