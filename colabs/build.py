"""Writes the notebooks: `python -m colabs.build [NAME...]`.

`colabs/NAME.py` is the source, a percent file of jupytext. It is executed from
top to bottom in a fresh kernel, on the CPU, and kept with what it shows as
`colabs/NAME.ipynb`. Without names, all are written.
"""

import configparser
import os
import pathlib
import re
import sys
import tempfile
from typing import Any

import jupytext
import nbclient
import nbformat

FOLDER = pathlib.Path(__file__).parent
ROOT = FOLDER.parent


def _url() -> str:
  """Returns the address of the repository, as setup.cfg has it."""
  config = configparser.ConfigParser()
  config.read(ROOT / 'setup.cfg')
  return config['metadata']['url']


URL = _url()
# The second cell of every notebook, as pyink writes it.
INSTALL = f"""\
import subprocess
import sys

if 'google.colab' in sys.modules:  # nothing to do in a clone
  subprocess.run(
      [
          sys.executable,
          '-m',
          'pip',
          'install',
          '--quiet',
          'nmlib[notebooks] @ git+{URL}',
      ],
      check=True,
  )"""
PARAMETERS = 'parameters'  # the tag of the cell of sizes
_REDUCED = re.compile(r'^(\w+ = ).*#.*\btest: (.+)$', re.MULTILINE)
_WIDGET = 'application/vnd.jupyter.widget-view+json'
_METADATA = {
    'kernelspec': {
        'display_name': 'Python 3',
        'language': 'python',
        'name': 'python3',
    },
    'language_info': {'name': 'python'},
}


def names() -> list[str]:
  """Returns the names of all notebooks."""
  return sorted(
      file.stem for file in FOLDER.glob('*.py') if file.name != 'build.py'
  )


def badge(name: str) -> str:
  """Returns the link that opens a notebook on Colab, in Markdown."""
  colab = 'https://colab.research.google.com'
  repository = URL.removeprefix('https://github.com/')
  target = f'{colab}/github/{repository}/blob/main/colabs/{name}.ipynb'
  return f'[![Open in Colab]({colab}/assets/colab-badge.svg)]({target})'


def read(name: str) -> nbformat.NotebookNode:
  """Returns a notebook's source as cells without outputs."""
  notebook: Any = jupytext.read(FOLDER / f'{name}.py', fmt='py:percent')
  notebook.metadata = nbformat.from_dict(_METADATA)
  for i, cell in enumerate(notebook.cells):
    cell['id'] = f'cell-{i}'  # jupytext draws another one each time
    cell.metadata = {k: v for k, v in cell.metadata.items() if k == 'tags'}
  return notebook


def reduced(name: str) -> str:
  """Returns a program: the notebook with each `# test:` size in its place.

  In the cell tagged `parameters`, `num_steps = 400  # test: 5` becomes
  `num_steps = 5`; other comments may stand before `test:`.

  Raises:
    ValueError: if there is no such cell, or no such line in it.
  """
  notebook, count = read(name), 0
  for cell in notebook.cells:
    if PARAMETERS in cell.metadata.get('tags', ()):
      cell.source, found = _REDUCED.subn(r'\1\2', cell.source)
      count += found
  if not count:
    raise ValueError(
        f'colabs/{name}.py needs a cell tagged "{PARAMETERS}" with a size'
        ' followed by a comment such as "# test: 5".'
    )
  return jupytext.writes(notebook, fmt='py:percent')


def executed(name: str, timeout: float = 1800) -> nbformat.NotebookNode:
  """Returns the notebook with what it shows, the same on every machine.

  Args:
    name: of the notebook.
    timeout: seconds that one cell may take.

  Raises:
    nbclient.exceptions.CellExecutionError: if a cell fails.
    ValueError: if a cell shows what differs from one machine to the next.
  """
  notebook = read(name)
  environment = {
      **os.environ,
      'JAX_PLATFORMS': 'cpu',
      'PYTHONPATH': str(ROOT),
  }
  environment.pop('MPLBACKEND', None)  # or figures would not come out
  with tempfile.TemporaryDirectory() as folder:
    nbclient.NotebookClient(
        notebook,
        timeout=timeout,
        kernel_name='python3',
        record_timing=False,
        resources={'metadata': {'path': folder}},
    ).execute(env=environment)
  notebook.metadata = nbformat.from_dict(_METADATA)
  for cell in notebook.cells:
    if cell.cell_type == 'code':
      # Widgets do not outlive their kernel; what they show is drawn beside.
      cell.outputs = [
          output for output in cell.outputs
          if _WIDGET not in output.get('data', {})
      ]  # fmt: skip
      _check(name, cell)
  return notebook


def _check(name, cell):
  """Refuses warnings, paths and addresses among a cell's outputs."""
  places = {ROOT, pathlib.Path.home(), sys.prefix, sys.base_prefix}
  paths = [re.escape(str(p)) for p in places if len(str(p)) > 1]  # not '/'
  local = re.compile('|'.join([*paths, r'\b0x[0-9a-f]{6,}']))
  for output in cell.outputs:
    shown = output.get('text') or output.get('data', {}).get('text/plain', '')
    if output.get('name') == 'stderr' or local.search(shown):
      raise ValueError(
          f'{cell.id} of colabs/{name}.py shows a warning, a path or an'
          ' address, which differ between machines; change what it shows:\n'
          f'{cell.source}\n---\n{shown}'
      )


def main(chosen: list[str]) -> None:
  """Writes the notebooks of these names, or all."""
  for name in chosen or names():
    notebook = executed(name)
    nbformat.validate(notebook)
    path = FOLDER / f'{name}.ipynb'
    path.write_text(nbformat.writes(notebook) + '\n', encoding='utf-8')
    print(
        f'wrote {path.relative_to(ROOT)} ({path.stat().st_size / 1e3:.0f} kB)'
    )


if __name__ == '__main__':
  main(sys.argv[1:])
