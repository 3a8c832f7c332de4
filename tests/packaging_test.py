"""What `pip install nmlib` gives: the wheel, and what it says it needs."""

import configparser
import email
from importlib import metadata
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile

from packaging import requirements
import pytest

import nmlib

_ROOT = pathlib.Path(__file__).parents[1]
_PURE = ('neurons', 'plasticity', 'networks', 'analysis', 'environments')
_BUILD = 'from setuptools import build_meta; build_meta.build_{}("{}")'
_BESIDE = {
    'CHANGELOG.md', 'CITATION.cff', 'LICENSE', 'MANIFEST.in', 'README.md',
    'pyproject.toml', 'setup.cfg',
}  # fmt: skip


def _ended(command, cwd: pathlib.Path) -> subprocess.CompletedProcess[str]:
  """Runs a program far from the repository."""
  environment = {
      **os.environ,
      'PYTHONPATH': '',
      'PYTHONDONTWRITEBYTECODE': '',  # of which building warns
      'JAX_PLATFORMS': 'cpu',
  }
  return subprocess.run(
      command, cwd=cwd, env=environment, capture_output=True, text=True
  )


def _run(python, code: str, cwd: pathlib.Path) -> str:
  """Returns what a program prints, run far from the repository."""
  result = _ended([python, '-c', code], cwd)
  assert result.returncode == 0, result.stdout + result.stderr
  return result.stdout


def _build(kind: str, folder: pathlib.Path, source: pathlib.Path) -> None:
  result = _ended([sys.executable, '-c', _BUILD.format(kind, folder)], source)
  said = result.stdout + result.stderr
  assert result.returncode == 0, said
  assert not re.search('warn|deprecat', said, re.IGNORECASE), said


@pytest.fixture(scope='module')
def source(tmp_path_factory) -> pathlib.Path:
  """The unpacked source distribution of a copy of the repository."""
  folder = tmp_path_factory.mktemp('build')
  for name in ('nmlib', 'launch'):
    shutil.copytree(_ROOT / name, folder / name)
  for name in _BESIDE:
    shutil.copy(_ROOT / name, folder)
  _build('sdist', folder, folder)
  (archive,) = folder.glob('*.tar.gz')
  with tarfile.open(archive) as tar:
    tar.extractall(folder, filter='data')
  return folder / archive.name.removesuffix('.tar.gz')


@pytest.fixture(scope='module')
def wheel(source) -> pathlib.Path:
  """The wheel of the source distribution."""
  _build('wheel', source.parent, source)
  (found,) = source.parent.glob('*.whl')
  return found


@pytest.fixture(scope='module')
def installed(wheel, tmp_path_factory) -> pathlib.Path:
  """The Python of an environment with the wheel and what it requires.

  Without a network: the distributions that the wheel's metadata name, and
  those that they name in turn, are linked from the environment of the tests.
  """
  folder = tmp_path_factory.mktemp('environment')
  venv = [sys.executable, '-m', 'venv', '--without-pip', folder]
  subprocess.run(venv, check=True)
  python = folder / 'bin' / 'python'
  (site,) = folder.glob('lib/python*/site-packages')
  pip = [sys.executable, '-m', 'pip', '--python', python]
  install = ['install', '--no-index', '--no-deps', '--force-reinstall', wheel]
  subprocess.run([*pip, *install], check=True)
  (nmlib,) = metadata.distributions(name='nmlib', path=[str(site)])
  for name in sorted(_closure(nmlib.requires)):
    distribution = metadata.distribution(name)
    for top in {file.parts[0] for file in distribution.files or ()}:
      if top not in ('..', '__pycache__') and not (site / top).exists():
        (site / top).symlink_to(distribution.locate_file(top))
  subprocess.run([*pip, 'check'], check=True)
  return python


def _closure(required, extras=('',)) -> set[str]:
  """Returns the distributions that requirements name, and theirs in turn."""
  found: set[str] = set()
  for text in required or ():
    wanted = requirements.Requirement(text)
    marker = wanted.marker
    if marker and not any(marker.evaluate({'extra': e}) for e in extras):
      continue
    found.add(wanted.name)
    theirs = metadata.distribution(wanted.name).requires
    found |= _closure(theirs, ('', *wanted.extras))
  return found


def test_wheel_holds_nmlib_with_its_data_and_nothing_else(wheel):
  with zipfile.ZipFile(wheel) as archive:
    names = {n for n in archive.namelist() if '.dist-info/' not in n}
  source = {
      str(file.relative_to(_ROOT))
      for file in (_ROOT / 'nmlib').rglob('*')
      if file.is_file() and '__pycache__' not in file.parts
  }
  assert names == source
  assert 'nmlib/data/images/digits.npz' in names
  assert 'nmlib/py.typed' in names


def test_source_holds_what_says_what_it_is(source):
  (archive,) = source.parent.glob('*.tar.gz')
  with tarfile.open(archive) as tar:
    names = {name.split('/')[1] for name in tar.getnames() if '/' in name}
  assert names == _BESIDE | {'PKG-INFO', 'nmlib', 'nmlib.egg-info'}


def test_metadata_lead_to_the_repository(wheel):
  with zipfile.ZipFile(wheel) as archive:
    (name,) = (n for n in archive.namelist() if n.endswith('/METADATA'))
    text = archive.read(name).decode()
  found = email.message_from_string(text)
  config = configparser.ConfigParser()
  config.read(_ROOT / 'setup.cfg')
  url = config['metadata']['url']
  assert found['Home-page'] == url
  links = dict(x.split(', ') for x in found.get_all('Project-URL') or ())
  assert links.keys() == {'Documentation', 'Changelog', 'Issues'}
  for link in links.values():
    assert link.startswith(f'{url}/')
    path = link.partition('/main/')[2]
    assert (_ROOT / path).exists(), link
  for field in ('Author', 'Keywords', 'License-Expression', 'Summary'):
    assert found[field], field


def test_version_is_said_alike():
  cited = (_ROOT / 'CITATION.cff').read_text()
  assert f'\nversion: {nmlib.__version__}\n' in cited
  changes = (_ROOT / 'CHANGELOG.md').read_text()
  assert re.search(
      rf'^(## \[|What will be ){re.escape(nmlib.__version__)}\b',
      changes,
      re.MULTILINE,
  ), f'CHANGELOG.md says nothing of {nmlib.__version__}'


def test_type_checker_sees_the_types_of_the_wheel(installed, tmp_path):
  beside = pathlib.Path(sys.executable).parent / 'pyrefly'
  command = beside if beside.exists() else shutil.which('pyrefly')
  if not command:
    pytest.skip('pyrefly is not installed: pip install pyrefly')
  right = tmp_path / 'right.py'
  right.write_text("""
from typing import assert_type
import jax
from nmlib.neurons import lif
params = lif.init(jax.random.key(0), lif.Config(3))
assert_type(params, lif.Params)
assert_type(params.decay, jax.Array)
""")
  wrong = tmp_path / 'wrong.py'
  wrong.write_text("""
from nmlib.neurons import lif
lif.Config('3')
lif.no_such_function
""")
  (tmp_path / 'pyrefly.toml').touch()  # its full checks
  check = [command, 'check', '--output-format=min-text']
  check += ['--python-interpreter-path', installed]
  result = _ended([*check, right], tmp_path)
  assert result.returncode == 0, result.stdout + result.stderr
  result = _ended([*check, wrong], tmp_path)
  assert re.findall(r'\[([\w-]+)\]', result.stdout) == [
      'bad-argument-type', 'missing-attribute',
  ]  # fmt: skip


def test_readmes_import_example_runs(installed, tmp_path):
  readme = (_ROOT / 'README.md').read_text()
  example = '\n'.join(re.findall(r'```python\n(.*?)```', readme, re.DOTALL))
  code = 'import nmlib; print(nmlib.__file__); print(logits.shape, text.shape)'
  out = _run(installed, f'{example}\n{code}', tmp_path).splitlines()
  assert out[0].startswith(str(installed.parents[1]))
  assert out[1] == '(32, 256) (20,)'


def test_pure_modules_need_nothing_that_only_experiments_need(
    installed, tmp_path
):
  code = f"""
import importlib, pkgutil, sys
import nmlib
count = 0
for name in {_PURE}:
  package = importlib.import_module('nmlib.' + name)
  for module in pkgutil.walk_packages(package.__path__, package.__name__ + '.'):
    importlib.import_module(module.name)
    count += 1
print(count, [n for n in ('grain', 'orbax', 'matplotlib') if n in sys.modules])
from nmlib.data import digits, weights
print(digits.small().test.images.shape)
weights.save('a.npz', {{}})
for load in (
    'from nmlib.data import crops',
    'from nmlib import train',
    'weights.load("a.safetensors")',
):
  try:
    exec(load)
  except ImportError as error:
    print(error)
"""
  first, digits, *errors = _run(installed, code, tmp_path).splitlines()
  count, loaded = first.split(maxsplit=1)
  assert int(count) > 60 and loaded == '[]'
  assert digits == '(597, 8, 8)'
  assert len(errors) == 3
  for error in errors[:2]:
    assert re.fullmatch(
        r"nmlib.* needs \w+: pip install 'nmlib\[launch\]'", error
    )
  assert errors[2] == 'a.safetensors needs: pip install safetensors'


def test_list_of_experiments_names_what_only_they_need(installed, tmp_path):
  code = f'import sys; sys.path.append({str(_ROOT)!r})'
  run = 'import runpy; runpy.run_module("launch", run_name="__main__")'
  ended = _ended([installed, '-c', f'{code}; {run}'], tmp_path)
  assert ended.returncode == 2
  assert re.fullmatch(
      r"error: nmlib.train needs \w+: pip install 'nmlib\[launch\]'.\n",
      ended.stderr,
  )
