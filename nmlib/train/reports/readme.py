"""README's table of papers, written from stored reports."""

from collections.abc import Iterable
from collections.abc import Mapping
from typing import Any

from nmlib.train.reports import paper as paper_lib
from nmlib.train.reports import statistics

_BEGIN, _END = '<!-- papers: begin -->', '<!-- papers: end -->'
_PRESET = 'small'
_FIXED = '&nbsp;'  # a space where no line breaks


def table(
    papers: Mapping[str, paper_lib.Paper], records: Iterable[Mapping[str, Any]]
) -> str:
  """Returns one line a paper: what to run, and its number beside the paper's.

  Args:
    papers: by launcher; further experiments of a paper, such as 'elm.lra',
      have no line.
    records: stored reports, of which those of preset `small` count.

  Raises:
    ValueError: if a launcher has no report or two, or a headline is not found.
  """
  found: dict[str, Mapping[str, Any]] = {}
  for record in records:
    if record['preset'] == _PRESET:
      if record['experiment'] in found:
        raise ValueError(
            f'there are two reports of {record["experiment"]}, preset'
            f' {_PRESET}; keep one.'
        )
      found[record['experiment']] = record
  lines = [
      f'| paper | command | what it measures | ours, `{_PRESET}` | theirs |',
      '|---|---|---|---|---|',
  ]
  papers = {name: paper for name, paper in papers.items() if '.' not in name}
  missing = sorted(papers.keys() - found.keys())
  if missing:
    raise ValueError(
        f'there is no whole report of preset {_PRESET} of {", ".join(missing)};'
        " README's table needs one of every paper."
    )
  lines += [_line(name, paper, found[name]) for name, paper in papers.items()]
  return '\n'.join(lines)


def splice(text: str, table: str) -> str:
  """Returns README with this table between its two marks.

  Raises:
    ValueError: if it does not have each mark once, in order.
  """
  before, begin, rest = text.partition(_BEGIN)
  _, end, after = rest.partition(_END)
  if not end or _BEGIN in rest or _END in before + after:
    raise ValueError(f'README must hold {_BEGIN} and, below it, {_END}, once.')
  return f'{before}{begin}\n{table}\n{end}{after}'


def _line(name: str, paper: paper_lib.Paper, record: Mapping[str, Any]) -> str:
  headline = paper.headline
  values = headline.values(record)
  counts = sorted({len(value) for value in values})
  seeds = ', '.join(map(str, counts))
  shown = (statistics.summary(v, count=False) for v in values)
  ours = ', '.join(one.replace(' ', _FIXED) for one in shown)
  ours += f' ({seeds} seed{"s" * (counts != [1])})'
  cells = (
      f'[{paper.title}]({paper.url}) ({paper.authors} {paper.year};'
      f' [more](docs/papers/{name}.md))',
      f'`python -m launch.{name}`',
      headline.says,
      ours,
      headline.paper,
  )
  return '| ' + ' | '.join(c.replace('|', r'\|') for c in cells) + ' |'
