"""One launcher a paper: `python -m launch.<paper>`."""

import ast
from collections.abc import Sequence
import difflib
import pathlib

_ROOT = pathlib.Path(__file__).parent


def experiments() -> list[str]:
  """Returns what can follow `python -m launch.`: every folder's `experiment`.

  Such as 'elm', the main experiment of a paper, and 'elm.lra', a further one.
  """
  files = _ROOT.rglob('experiment.py')
  return sorted('.'.join(f.parent.relative_to(_ROOT).parts) for f in files)


def programs() -> dict[str, str]:
  """Returns what else can follow it, and the first line of each docstring."""
  found = {}
  for file in [*_ROOT.glob('[!_]*.py'), *_ROOT.glob('*/__main__.py')]:
    package = file.name == '__main__.py'
    name = file.parent.name if package else file.stem
    text = (file.with_name('__init__.py') if package else file).read_text()
    runs = package or "__name__ == '__main__'" in text
    if runs and name not in experiments():
      doc = ast.get_docstring(ast.parse(text)) or ''
      found[name] = doc.partition('\n')[0]
  return dict(sorted(found.items()))


def nearest(name: str, names: Sequence[str]) -> str:
  """Returns the end of a sentence about a name that is not among these."""
  near = difflib.get_close_matches(name, names, 3)
  if near:
    return f'did you mean {" or ".join(map(repr, near))}?'
  return f'use one of {", ".join(names)}.'
