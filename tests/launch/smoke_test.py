"""What holds for every launcher; each that is in `launch/` is found."""

import dataclasses
import inspect
import pathlib
import re
from unittest import mock

from matplotlib import image
import pytest

import launch
from launch.bdh import config
from nmlib.train import experiment
from nmlib.train import options
from tests.train import process

_NAMES = launch.experiments()
_KEYS = {
    'claims', 'config', 'data', 'experiment', 'figures', 'preset',
}  # fmt: skip
_CLAIM_KEYS = {'expected', 'holds', 'ours', 'paper', 'source', 'text'}


def test_what_a_launcher_must_define_is_named():
  experiment.load('launch.bdh')  # its modules import PRESETS themselves
  with pytest.raises(ValueError, match='launch.bdh.config must define PRESETS'):
    with mock.patch.object(config, 'PRESETS', create=True):
      del config.PRESETS
      experiment.load('launch.bdh')


def test_launchers_are_found():
  assert 'bdh' in _NAMES
  assert not {'plan', 'local', 'cluster'} & set(_NAMES)


@pytest.mark.parametrize('name', _NAMES)
def test_smoke_preset_writes_a_whole_report(smoke, name):
  run = smoke(name)
  assert run.code == 0, run.err
  assert run.out.rstrip().endswith(f'Report: {run.workdir / "report.md"}')
  report = run.report
  assert _KEYS <= report.keys()
  assert report['experiment'] == name
  assert report['preset'] == 'smoke'
  assert report['claims'] and report['data']
  for claim in report['claims']:
    assert _CLAIM_KEYS <= claim.keys()
    assert claim['text'] and claim['source']
  assert report['figures']
  for path in report['figures'].values():
    picture = image.imread(run.workdir / path)
    assert picture.std() > 0, f'{path} is blank'
  text = (run.workdir / 'report.md').read_text()
  for claim in report['claims']:
    assert claim['text'] in text


@pytest.mark.parametrize('name', _NAMES)
def test_second_run_prints_the_report_at_once(smoke, name):
  run = smoke(name)
  before = {p: p.stat().st_mtime_ns for p in run.workdir.rglob('?*.*')}
  command = ('-m', f'launch.{name}', '--preset=smoke')
  code, out, err = process.run(*command, f'--workdir={run.workdir}')
  assert code == 0, err
  start, _, report = out.partition('\n')
  assert run.out.startswith(start) and run.out.endswith(report)
  after = {p: p.stat().st_mtime_ns for p in run.workdir.rglob('?*.*')}
  assert after == before


@pytest.mark.parametrize('name', _NAMES)
def test_every_field_of_the_config_is_used(name):
  """By the launcher; those of a class that it inherits from, in its folder."""
  made = experiment.load(f'launch.{name}').presets['small']
  bases = [base for base in type(made).__mro__[1:] if base is not object]
  folders = [pathlib.Path(launch.__path__[0]) / name.replace('.', '/')]
  folders += [pathlib.Path(inspect.getfile(base)).parent for base in bases]
  files = [file for folder in folders for file in folder.rglob('*.py')]
  code = '\n'.join(file.read_text() for file in files)
  for field in dataclasses.fields(made):
    assert re.search(rf'\w\.{field.name}\b', code), field.name


@pytest.mark.parametrize('name', _NAMES)
def test_help_tells_commands_presets_and_fields(name):
  """In this process: `--help` prints the docstring and this description."""
  launcher = experiment.load(f'launch.{name}')
  assert launcher.name == name
  assert list(launcher.presets)[0] == 'small'
  assert {'smoke', 'paper'} <= launcher.presets.keys()
  assert re.search(
      rf'python -m launch\.{re.escape(name)}\b(?!\.)', launcher.doc
  )
  described = options.describe(launcher.presets)
  assert ' | '.join(launcher.presets) in described
  for field in dataclasses.fields(launcher.presets['small']):
    assert re.search(rf'^  {field.name}\b', described, re.MULTILINE)
