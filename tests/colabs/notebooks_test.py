"""Notebooks are what their sources give, run, and use public names only."""

import ast
import sys
from typing import Any

import nbformat
import pytest

from colabs import build
from tests.train import process

_NAMES = build.names()
_PEERS = {'chex', 'ipywidgets', 'jax', 'matplotlib', 'numpy', 'optax'}
_PUBLIC = {'_asdict', '_fields', '_replace'}  # of named tuples
_LARGEST = 1.5e6  # bytes


def _stored(name: str) -> Any:
  return nbformat.read(build.FOLDER / f'{name}.ipynb', as_version=4)


def _tree(name: str) -> ast.Module:
  return ast.parse((build.FOLDER / f'{name}.py').read_text())


def test_each_notebook_has_its_badge_in_the_list():
  page = (build.FOLDER / 'README.md').read_text()
  assert [name for name in _NAMES if build.badge(name) not in page] == []


@pytest.mark.parametrize('name', _NAMES)
class TestNotebook:

  def test_it_is_what_the_source_gives(self, name):
    stored, source = _stored(name), build.read(name)
    # Cells one by one, so that a failure shows the one that differs.
    for old, new in zip(stored.cells, source.cells, strict=True):
      assert (old.cell_type, old.source) == (new.cell_type, new.source)
      assert old.metadata.get('tags') == new.metadata.get('tags')
    assert stored.metadata == source.metadata

  def test_it_was_run_without_error_and_is_small(self, name):
    cells = [cell for cell in _stored(name).cells if cell.cell_type == 'code']
    counts = [cell.execution_count for cell in cells]
    assert counts == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell.outputs]
    kinds = {output.output_type for output in outputs}
    assert kinds and 'error' not in kinds
    assert any('image/png' in output.get('data', {}) for output in outputs)
    assert (build.FOLDER / f'{name}.ipynb').stat().st_size < _LARGEST

  def test_it_starts_with_a_title_its_badge_and_the_installation(self, name):
    title, install = build.read(name).cells[:2]
    assert title.cell_type == 'markdown' and title.source.startswith('# ')
    assert build.badge(name) in title.source
    assert (install.cell_type, install.source) == ('code', build.INSTALL)

  def test_it_imports_only_public_names_and_what_is_installed(self, name):
    imported, private = set(), set()
    for node in ast.walk(_tree(name)):
      match node:
        case ast.Import():
          imported |= {alias.name for alias in node.names}
        case ast.ImportFrom(module=str(module)):
          imported |= {f'{module}.{alias.name}' for alias in node.names}
        case ast.Attribute(attr=str(attribute)) if attribute[0] == '_':
          private.add(attribute)
    packages = {module.partition('.')[0] for module in imported}
    assert packages <= {*sys.stdlib_module_names, *_PEERS, 'nmlib'}
    assert [module for module in imported if '._' in module] == []
    private = {name for name in private if not name.startswith('__')}
    assert private <= _PUBLIC

  def test_it_runs_in_a_reduced_setting(self, name, tmp_path):
    program = tmp_path / f'{name}.py'
    program.write_text(build.reduced(name))
    started = process.start(program, environment={'MPLBACKEND': 'Agg'})
    code, out, err = process.finish(started)
    assert code == 0, out + err
    assert 'Traceback' not in err, err  # widgets log errors and go on

  @pytest.mark.slow
  def test_it_runs_in_full(self, name):
    notebook = build.executed(name)
    assert notebook.cells[-1].source == build.read(name).cells[-1].source
