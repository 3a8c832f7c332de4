"""The directive `report`, which shows what a launcher found.

It reads `docs/reports/<launcher>/report.json`, which a run of the preset
`small` wrote, and renders it as the run's own `report.md` is.
"""

import json
import pathlib
from typing import Any

from docutils import nodes
from docutils import statemachine
from sphinx.util.docutils import SphinxDirective

from nmlib.train.reports import report as report_lib

FOLDER = pathlib.Path(__file__).parents[1] / 'reports'


def markdown(launcher: str, folder: pathlib.Path = FOLDER) -> str:
  """Returns the report of `python -m launch.<launcher>` as the page shows it.

  Raises:
    FileNotFoundError: if the repository has no report of this launcher.
  """
  path = folder / launcher / 'report.json'
  if not path.exists():
    raise FileNotFoundError(
        f'{path} is missing: run `python -m launch.{launcher} --workdir=DIR`'
        ' and copy report.json, run.json and figures/ from DIR to'
        f' {path.parent}.'
    )
  record = json.loads(path.read_text())
  record['data'] = _without_lists(record['data'])
  record['figures'] = {
      name: f'/reports/{launcher}/{figure}'
      for name, figure in record['figures'].items()
  }
  heading, text = report_lib.markdown(record).split('\n', 1)
  del heading  # the page has its own
  return text


class Report(SphinxDirective):
  """Inserts the claims, tables, figures and notes of a launcher's report."""

  required_arguments = 1

  def run(self) -> list[nodes.Node]:
    """Returns the parsed report."""
    launcher = self.arguments[0]
    self.env.note_dependency(str(FOLDER / launcher / 'report.json'))
    try:
      text = markdown(launcher)
    except FileNotFoundError as error:
      raise self.error(str(error)) from error
    lines = statemachine.StringList(text.splitlines(), f'report of {launcher}')
    shown = nodes.container(classes=['report'])
    self.state.nested_parse(lines, self.content_offset, shown)
    return [shown]


def _without_lists(value: Any) -> Any:
  """Leaves out lists, such as the names and hashes of 600 files."""
  if isinstance(value, dict):
    return {
        name: _without_lists(v)
        for name, v in value.items()
        if not isinstance(v, list)
    }
  return value


def setup(app) -> dict[str, bool]:
  """Registers the directive."""
  app.add_directive('report', Report)
  return {'parallel_read_safe': True}
