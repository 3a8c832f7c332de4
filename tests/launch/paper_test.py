"""Every launcher says which paper it reproduces, and what it learns from."""

import dataclasses
import importlib
import re

import pytest

import launch
from nmlib import train
from nmlib.train import experiment

_NAMES = launch.experiments()


def _paper(name: str) -> train.Paper:
  return importlib.import_module(f'launch.{name}.config').PAPER


@pytest.mark.parametrize('name', _NAMES)
def test_modules_are_there_and_presets_have_their_data(name):
  paper, presets = _paper(name), experiment.load(f'launch.{name}').presets
  for module in paper.modules:
    importlib.import_module(module)
  assert paper.data.keys() == presets.keys()


@pytest.mark.parametrize('name', _NAMES)
def test_flags_by_which_files_are_given_exist(name):
  launcher = experiment.load(f'launch.{name}')
  fields = {f.name for f in dataclasses.fields(launcher.presets['small'])}
  flags = {f'--{field}' for field in launcher.shortcuts}
  flags |= {f'--config.{field}' for field in fields}
  for sources in _paper(name).data.values():
    assert {s.flag for s in sources if s.flag} <= flags


@pytest.mark.parametrize('name', _NAMES)
def test_help_names_the_number_of_the_paper(name):
  paper, doc = _paper(name), experiment.load(f'launch.{name}').doc
  for url in (paper.url, *paper.also.values()):
    assert re.search(rf'\b{re.escape(url.rpartition("/")[2])}\b', doc), url
