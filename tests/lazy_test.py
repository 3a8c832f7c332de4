"""Packages show their modules by name, and import only what is asked for."""

import ast
import importlib
import inspect
import pathlib
import re
import subprocess
import sys

import pytest

from nmlib import _lazy

_ROOT = pathlib.Path(__file__).parents[1]
_PAGES = sorted(f'docs/{page.name}' for page in _ROOT.glob('docs/*.md'))


@pytest.mark.parametrize(
    'name', ['neurons', 'networks', 'analysis', 'data', 'adapters']
)
def test_each_module_that_is_shown_imports_and_editors_know_it(name):
  package = importlib.import_module(f'nmlib.{name}')
  shown = _lazy.modules(package.__name__, package.__path__[0])
  assert dir(package) == sorted(shown)
  for short, full in shown.items():
    assert getattr(package, short) is importlib.import_module(full)
  block = next(
      node
      for node in ast.parse(inspect.getsource(package)).body
      if isinstance(node, ast.If)
  )
  listed = {
      alias.name: f'{node.module}.{alias.name}'
      for node in block.body
      if isinstance(node, ast.ImportFrom)
      for alias in node.names
  }
  wrong = listed.items() ^ shown.items()
  assert not wrong, f'add to, or remove from, {package.__file__}: {wrong}'


def _found(name: str):
  """Imports as far as there are modules, then takes attributes."""
  parts = name.split('.')
  module = importlib.import_module(parts[0])
  for i, part in enumerate(parts[1:], 2):
    try:
      module = importlib.import_module('.'.join(parts[:i]))
    except ModuleNotFoundError:
      module = getattr(module, part)
  return module


@pytest.mark.parametrize('file', ['README.md', 'BUILD.md', *_PAGES])
def test_what_pages_name_is_there(file):
  text = (_ROOT / file).read_text()
  for path in re.findall(
      r'`((?:nmlib|launch|tests|benchmarks)/[\w/.]+)`', text
  ):
    assert (_ROOT / path).exists(), path
  for name in re.findall(r'`((?:nmlib|launch)(?:\.\w+)+)`', text):
    assert _found(name), name


def test_importing_one_neuron_imports_none_of_its_neighbours():
  code = (
      'import sys; from nmlib.neurons import lif, elm;'
      'print([m for m in sys.modules if m.startswith("nmlib.")])'
  )
  loaded = ast.literal_eval(
      subprocess.run(
          [sys.executable, '-c', code],
          check=True,
          capture_output=True,
          text=True,
      ).stdout
  )
  assert 'nmlib.neurons.spiking.lif' in loaded
  for other in ('bdh', 'rate.rnn', 'spiking.adex', 'delays', 'dendrites'):
    assert f'nmlib.neurons.{other}' not in loaded


def test_unknown_module_is_an_import_error():
  with pytest.raises(ImportError, match='no_such_neuron'):
    exec('from nmlib.neurons import no_such_neuron')


def test_name_that_two_families_use_is_reached_by_its_family():
  shown = _lazy.modules(
      'nmlib.neurons', importlib.import_module('nmlib.neurons').__path__[0]
  )
  assert 'losses' not in shown
  assert importlib.import_module('nmlib.neurons.spiking').losses
