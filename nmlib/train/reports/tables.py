"""Tables of a report: one row a method, rendered alike everywhere."""

from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import html as html_lib
from typing import Any

import numpy as np
import numpy.typing as npt

from nmlib.train.reports import statistics

Cell = str | int | float | npt.ArrayLike


@dataclasses.dataclass(frozen=True)
class Table:
  """Rows by name, each with a cell under every column that it fills.

  Attributes:
    rows: `{row: {column: cell}}`; a cell is text, one number, or an array of
      one value a seed, which is shown as mean ± standard deviation; a seed
      whose value is NaN does not count.
    label: what the rows are, the heading of their names.
    note: what a reader must know to read it.
  """

  rows: Mapping[str, Mapping[str, Cell]]
  label: str = 'method'
  note: str = ''

  def record(self) -> dict[str, Any]:
    """Returns it as JSON can hold it."""
    return {
        'label': self.label,
        'note': self.note,
        'rows': {
            name: {column: _plain(cell) for column, cell in row.items()}
            for name, row in self.rows.items()
        },
    }


def columns(
    cells: Mapping[str, Mapping[str, Cell]],
    label: str = 'method',
    note: str = '',
) -> Table:
  """Returns a table from its columns.

  Args:
    cells: `{column: {row: cell}}`; rows come in the order they are first named
      in, and may be missing from a column.
    label: as in `Table`.
    note: likewise.
  """
  rows: dict[str, dict[str, Cell]] = {}
  for column, filled in cells.items():
    for row, cell in filled.items():
      rows.setdefault(row, {})[column] = cell
  return Table(rows, label, note)


def placed(
    tables: Mapping[str, Table], own: str, others: Sequence[str]
) -> Table:
  """Says between which other rows a row lies, in every column of tables.

  Args:
    tables: by title; cells are arrays of one value a seed.
    own: the row.
    others: names of the rows that it is held against.
  """
  rows = {}
  for title, table in tables.items():
    for column, values in table.rows[own].items():
      known = {name: _mean(table.rows[name][column]) for name in others}
      place = statistics.between(_mean(values), known)
      rows[f'{column}, {title}'] = {own: values, 'lies': place}
  return Table(rows, label='measure')


def correlations(
    measured: Mapping[str, Mapping[str, npt.ArrayLike]],
    against: Mapping[str, npt.ArrayLike],
    label: str = 'method',
) -> Table:
  """Says how far measures go with other quantities: Spearman's rho.

  Args:
    measured: values [V, S] of V things and S seeds, by measure, by group; NaN
      where not known.
    against: the other quantities [V, S] of the same things.
    label: what the groups are.

  Returns:
    A row for each group and quantity, a column for each measure; with the 95 %
    interval over seeds.
  """
  rows = {
      f'{group}, {other}': {
          measure: str(statistics.rank_correlation(x, y))
          for measure, y in measures.items()
      }
      for group, measures in measured.items()
      for other, x in against.items()
  }
  return Table(rows, label)


def _mean(cell: Cell) -> float:
  """Returns the mean of the seeds that count; NaN if none does."""
  values = np.asarray(cell, float)
  known = values[np.isfinite(values)]
  return float(known.mean()) if known.size else np.nan


def markdown(record: Mapping[str, Any]) -> str:
  """Renders a stored table for `report.md`."""
  head, *body = [[_escaped(cell) for cell in row] for row in _grid(record)]
  lines = [head, ['---'] * len(head), *body]
  text = '\n'.join(f'| {" | ".join(line)} |' for line in lines)
  return '\n\n'.join([text, *_notes(record)])


def terminal(record: Mapping[str, Any]) -> str:
  """Renders a stored table in columns."""
  grid = _grid(record)
  widths = [max(map(len, column)) for column in zip(*grid, strict=True)]
  lines = [
      '  '.join(
          cell.ljust(width) if i == 0 else cell.rjust(width)
          for i, (cell, width) in enumerate(zip(row, widths, strict=True))
      ).rstrip()
      for row in grid
  ]
  return '\n'.join([*lines, *_notes(record)])


def html(record: Mapping[str, Any]) -> str:
  """Renders a stored table as HTML."""
  head, *body = [[html_lib.escape(cell) for cell in r] for r in _grid(record)]
  row = lambda cells, tag: (
      '<tr>' + ''.join(f'<{tag}>{c}</{tag}>' for c in cells) + '</tr>'
  )
  lines = ['<table>', row(head, 'th'), *(row(r, 'td') for r in body)]
  notes = [f'<p>{html_lib.escape(note)}</p>' for note in _notes(record)]
  return '\n'.join([*lines, '</table>', *notes])


def _plain(cell: Cell) -> str | int | float | list[float]:
  if isinstance(cell, (str, int, float)):
    return cell
  values = np.asarray(cell)
  if values.ndim == 0:
    return values.item()
  return [float(x) for x in values.ravel() if not np.isnan(x)]


def _grid(record: Mapping[str, Any]) -> list[list[str]]:
  rows = record['rows']
  columns = list(dict.fromkeys(c for row in rows.values() for c in row))
  alike = len(_counts(record)) == 1
  return [[record['label'], *columns]] + [
      [name, *(_shown(row.get(column, ''), alike) for column in columns)]
      for name, row in rows.items()
  ]


def _shown(cell: Any, alike: bool) -> str:
  if isinstance(cell, list) and not cell:
    return ''
  if isinstance(cell, list):
    return statistics.summary(cell, count=not alike)
  return f'{cell:.4g}' if isinstance(cell, float) else str(cell)


def _counts(record: Mapping[str, Any]) -> set[int]:
  cells = [c for row in record['rows'].values() for c in row.values()]
  return {len(c) for c in cells if isinstance(c, list) and c}


def _notes(record: Mapping[str, Any]) -> list[str]:
  counts, notes = _counts(record), []
  if counts:
    count = f', n = {min(counts)}' if len(counts) == 1 else ''
    notes.append(f'Mean ± standard deviation over seeds{count}.')
  return notes + [record['note']] * bool(record['note'])


def _escaped(cell: str) -> str:
  return cell.replace('|', r'\|').replace('\n', ' ')
