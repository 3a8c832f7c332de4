"""What an experiment found, beside what its paper says."""

from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import io
import json
from typing import Any

from etils import epath
import numpy as np

from nmlib.train import workdir as workdir_lib
from nmlib.train.hosts import distributed
from nmlib.train.reports import claims as claims_lib
from nmlib.train.reports import figures as figures_lib
from nmlib.train.reports import tables as tables_lib
from nmlib.train.reports.claims import Claim
from nmlib.train.reports.statistics import summary


@dataclasses.dataclass
class Report:
  """The outcome of a run.

  Attributes:
    claims: what was tested.
    data: what was trained on, JSON-serialisable (a manifest's hash, sizes).
    differences: how this preset departs from the paper's setting.
    tables: by title.
    figures: matplotlib figures by name.
    notes: anything else a reader should see, such as a sample; plain text.
    experiment, preset, config: filled in by the launcher.
  """

  claims: Sequence[Claim]
  data: Mapping[str, Any]
  differences: Sequence[str] = ()
  tables: Mapping[str, tables_lib.Table] = dataclasses.field(
      default_factory=dict
  )
  figures: Mapping[str, Any] = dataclasses.field(default_factory=dict)
  notes: Mapping[str, str] = dataclasses.field(default_factory=dict)
  experiment: str = ''
  preset: str = ''
  config: Mapping[str, Any] = dataclasses.field(default_factory=dict)

  def save(self, folder: epath.PathLike) -> None:
    """Writes `figures/*.png`, `report.md` and, last, `report.json`."""
    folder = epath.Path(folder)
    names = {}
    for name, figure in self.figures.items():
      picture = io.BytesIO()
      figures_lib.finish(figure)
      figure.savefig(picture, format='png', dpi=150, bbox_inches='tight')
      names[name] = f'figures/{name}.png'
      workdir_lib.write_atomic(folder / names[name], picture.getvalue())
    record = {
        'experiment': self.experiment,
        'preset': self.preset,
        'config': self.config,
        'data': self.data,
        'differences': list(self.differences),
        'claims': [_claim_record(claim) for claim in self.claims],
        'tables': {name: t.record() for name, t in self.tables.items()},
        'notes': dict(self.notes),
        'figures': names,
    }
    workdir_lib.write_atomic(folder / 'report.md', markdown(record))
    workdir_lib.write_atomic(
        folder / 'report.json', json.dumps(record, indent=2) + '\n'
    )


def load(folder: epath.PathLike) -> dict[str, Any] | None:
  """Returns the stored report as a dict; None if the run has not ended.

  Every process must call it; process 0 reads.
  """
  path = epath.Path(folder) / 'report.json'
  stored = distributed.from_first(
      lambda: path.read_bytes() if path.exists() else None
  )
  return None if stored is None else json.loads(stored)


def markdown(record: Mapping[str, Any]) -> str:
  """Renders a stored report as `report.md`."""
  lines = [f'# {record["experiment"]}, preset `{record["preset"]}`', '']
  if record['differences']:
    lines += ['This run differs from the paper:', '']
    lines += [f'- {difference}' for difference in record['differences']]
    lines.append('')
  if record['claims']:
    lines.append('| claim | source | paper | ours | holds |')
    lines.append('|---|---|---|---|---|')
  for claim in record['claims']:
    ours = '<br>'.join(f'{k}: {summary(v)}' for k, v in claim['ours'].items())
    lines.append(
        f'| {_statement(claim)} | {claim["source"]} | {claim["paper"] or "–"} |'
        f' {ours} | {_verdict(claim)} |'
    )
  if record['claims']:
    lines += ['', '± is the standard deviation over seeds.', '']
  for name, table in record['tables'].items():
    lines += [f'## {name}', '', tables_lib.markdown(table), '']
  for name, path in record['figures'].items():
    lines += [f'![{name}]({path})', '']
  for name, text in record['notes'].items():
    lines += [f'## {name}', '', '```', text, '```', '']
  lines += ['## Data', '']
  lines += [f'- {name}: {value}' for name, value in record['data'].items()]
  return '\n'.join(lines) + '\n'


def terminal(record: Mapping[str, Any]) -> str:
  """Renders a stored report for the terminal."""
  lines = [f'{record["experiment"]}, preset {record["preset"]}']
  for difference in record['differences']:
    lines.append(f'  differs from the paper: {difference}')
  for claim in record['claims']:
    lines.append(f'[{_mark(claim)}] {_statement(claim)}')
    for name, values in claim['ours'].items():
      lines.append(f'        {name}: {summary(values)}')
    if claim['paper']:
      lines.append(f'        paper ({claim["source"]}): {claim["paper"]}')
    if not claim['expected']:
      undecided = claim['expected'] is None
      word = 'rounding decides' if undecided else 'expected not to hold'
      lines.append(f'        {word}: {claim["because"]}')
  for name, table in record['tables'].items():
    lines += [f'{name}:']
    lines += [f'  {line}' for line in tables_lib.terminal(table).splitlines()]
  for name, text in record['notes'].items():
    lines += [f'{name}:'] + [f'  | {line}' for line in text.splitlines()]
  return '\n'.join(lines)


def _claim_record(claim: Claim) -> dict[str, Any]:
  return {
      **dataclasses.asdict(claim),
      'holds': bool(claim.holds),
      'ours': {
          k: [float(x) for x in np.ravel(np.asarray(v))]
          for k, v in claim.ours.items()
      },
  }


def _statement(claim: Mapping[str, Any]) -> str:
  return ', '.join(filter(None, (claim['text'], claim['compared'])))


def _mark(claim: Mapping[str, Any]) -> str:
  """Returns the verdict, loud if it is not expected."""
  word, comma, rest = claims_lib.verdict(claim).partition(',')
  loud = claims_lib.is_unexpected(claim)
  return (word.upper() if loud else word) + comma + rest


def _verdict(claim: Mapping[str, Any]) -> str:
  """Returns what `report.md` says under `holds`."""
  if claim['expected']:
    return 'yes' if claim['holds'] else '**no**'
  if claim['expected'] is None:
    return f'{"yes" if claim["holds"] else "no"}, undecided: {claim["because"]}'
  if claim['holds']:
    return f'**yes**, not expected: {claim["because"]}'
  return f'no, as expected: {claim["because"]}'
