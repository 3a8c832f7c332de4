"""What an experiment found, beside what its paper says."""

from collections.abc import Mapping
from collections.abc import Sequence
import dataclasses
import io
import json
from typing import Any

from etils import epath
import numpy as np
import numpy.typing as npt

from nmlib.train import distributed
from nmlib.train import workdir as workdir_lib


@dataclasses.dataclass(frozen=True)
class Claim:
  """One statement of the paper, and whether this run bears it out.

  Attributes:
    text: the statement, with its threshold.
    source: where the paper (or our spec of a small version) makes it.
    paper: the paper's figure as text; '' where it gives none at this size.
    ours: this run's values, one a seed, under a name each.
    holds: whether `ours` satisfies `text`.
  """

  text: str
  source: str
  paper: str
  ours: Mapping[str, npt.ArrayLike]
  holds: bool


@dataclasses.dataclass
class Report:
  """The outcome of a run.

  Attributes:
    claims: what was tested.
    data: what was trained on, JSON-serialisable (a manifest's hash, sizes).
    differences: how this preset departs from the paper's setting.
    figures: matplotlib figures by name.
    notes: anything else a reader should see, such as a sample; plain text.
    experiment, preset, config: filled in by the launcher.
  """

  claims: Sequence[Claim]
  data: Mapping[str, Any]
  differences: Sequence[str] = ()
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
      image = io.BytesIO()
      figure.savefig(image, format='png', dpi=150, bbox_inches='tight')
      names[name] = f'figures/{name}.png'
      workdir_lib.write_atomic(folder / names[name], image.getvalue())
    record = {
        'experiment': self.experiment,
        'preset': self.preset,
        'config': self.config,
        'data': self.data,
        'differences': list(self.differences),
        'claims': [
            {
                **dataclasses.asdict(claim),
                'holds': bool(claim.holds),
                'ours': {
                    k: [float(x) for x in np.ravel(v)]
                    for k, v in claim.ours.items()
                },
            }
            for claim in self.claims
        ],
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


def summary(values: npt.ArrayLike) -> str:
  """Shows values, one a seed, as mean ± standard deviation over n seeds."""
  values = np.ravel(values)
  if not values.size:
    return 'no seed'
  if len(values) == 1:
    return f'{values[0]:.4g} (n=1)'
  mean, spread = np.mean(values), np.std(values, ddof=1)
  return f'{mean:.4g} ± {spread:.2g} (n={len(values)})'


def markdown(record: Mapping[str, Any]) -> str:
  """Renders a stored report as `report.md`."""
  lines = [f'# {record["experiment"]}, preset `{record["preset"]}`', '']
  if record['differences']:
    lines += ['This run differs from the paper:', '']
    lines += [f'- {difference}' for difference in record['differences']]
    lines.append('')
  lines += [
      '| claim | source | paper | ours | holds |',
      '|---|---|---|---|---|',
  ]
  for claim in record['claims']:
    ours = '<br>'.join(f'{k}: {summary(v)}' for k, v in claim['ours'].items())
    lines.append(
        f'| {claim["text"]} | {claim["source"]} | {claim["paper"] or "–"} |'
        f' {ours} | {"yes" if claim["holds"] else "**no**"} |'
    )
  lines += ['', '± is the standard deviation over seeds.', '']
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
    lines.append(f'[{"holds" if claim["holds"] else "FAILS"}] {claim["text"]}')
    for name, values in claim['ours'].items():
      lines.append(f'        {name}: {summary(values)}')
    if claim['paper']:
      lines.append(f'        paper ({claim["source"]}): {claim["paper"]}')
  for name, text in record['notes'].items():
    lines += [f'{name}:'] + [f'  | {line}' for line in text.splitlines()]
  return '\n'.join(lines)
