"""The house's rules: which way imports point, and what they may need."""

import ast
import configparser
from importlib import metadata
import pathlib
import subprocess
import sys

from packaging import requirements
from packaging import utils

_ROOT = pathlib.Path(__file__).parents[1]
_LINT = 'from importlinter.cli import lint_imports_command as c; c()'
_PURE = ('neurons', 'plasticity', 'networks', 'analysis', 'environments')


def test_imports_obey_the_contracts_of_setup_cfg():
  result = subprocess.run(
      [sys.executable, '-c', _LINT, '--no-cache'],
      cwd=_ROOT,
      capture_output=True,
      text=True,
  )
  assert result.returncode == 0, result.stdout + result.stderr
  assert 'Contracts: 2 kept, 0 broken.' in result.stdout


def test_what_is_imported_is_declared_and_no_more():
  declared = _declared()
  pure, launch = declared['pure'], declared['launch']
  for_tfds = {'array-record', 'importlib-resources', 'pillow'}
  assert _imported(*(f'nmlib/{name}' for name in _PURE)) == pure
  optional = declared['events'] | declared['text']
  experiments = _imported('nmlib', 'launch') - optional
  assert experiments | for_tfds == pure | launch
  assert _imported('tests', 'conftest.py') <= pure | declared['test']
  # Notebooks import any part of nmlib, and install one extra.
  assert launch < declared['notebooks']
  sources = [str(file.relative_to(_ROOT)) for file in _ROOT.glob('colabs/*.py')]
  sources.remove('colabs/build.py')
  assert _imported(*sources) <= pure | declared['notebooks']


def _declared() -> dict[str, set[str]]:
  """Returns the distributions that setup.cfg names, by extra."""
  config = configparser.ConfigParser()
  config.read(_ROOT / 'setup.cfg')
  lists = dict(config['options.extras_require'])
  lists['pure'] = config['options']['install_requires']
  return {
      extra: {
          utils.canonicalize_name(requirements.Requirement(line).name)
          for line in text.split('\n')
          if line
      }
      for extra, text in lists.items()
  }


def _imported(*places: str) -> set[str]:
  """Returns the distributions that files import, at their top or later."""
  distributions = metadata.packages_distributions()
  found = set()
  for place in places:
    path = _ROOT / place
    for file in [path] if path.is_file() else path.rglob('*.py'):
      for node in ast.walk(ast.parse(file.read_text())):
        match node:
          case ast.Import():
            names = [alias.name for alias in node.names]
          case ast.ImportFrom(module=str(name), level=0):
            names = [name]
          case _:
            continue
        found |= {name.partition('.')[0] for name in names}
  found -= {*sys.stdlib_module_names, 'colabs', 'launch', 'nmlib', 'tests'}
  # What no distribution provides is named as it is, and so found undeclared.
  return {
      utils.canonicalize_name(name)
      for module in found
      for name in distributions.get(module, [module])
  }


def test_modules_functions_and_folders_stay_small():
  """A module has 250 lines, a function 60 of code, a folder 20 modules."""
  found = []
  for top in ('nmlib', 'launch'):
    for file in (_ROOT / top).rglob('*.py'):
      text, name = file.read_text(), file.relative_to(_ROOT)
      if text.count('\n') > 250:
        found.append(f'{name}: {text.count(chr(10))} lines')
      for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef) and _length(node) > 60:
          found.append(f'{name}: {node.name} has {_length(node)} lines')
    folders = [
        _ROOT / top,
        *(p for p in (_ROOT / top).rglob('*') if p.is_dir()),
    ]
    for folder in folders:
      if len(list(folder.glob('[!_]*.py'))) > 20:
        found.append(f'{folder.relative_to(_ROOT)}: over 20 modules')
  assert not found, found


def _length(function: ast.FunctionDef) -> int:
  """Returns the lines of a function, its docstring not counted."""
  lines = (function.end_lineno or 0) - function.lineno + 1
  return lines - len((ast.get_docstring(function, False) or '').splitlines())
