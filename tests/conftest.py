"""Fixtures that many tests share."""

import os
import pathlib

import hypothesis
import pytest

# A first example compiles, and machines are shared: no example is timed.
hypothesis.settings.register_profile('untimed', deadline=None)
hypothesis.settings.load_profile('untimed')


@pytest.fixture
def data_folder() -> pathlib.Path:
  """The folder NMLIB_DATA of real data; without it the test is skipped."""
  folder = os.environ.get('NMLIB_DATA')
  if not folder:
    pytest.skip('set NMLIB_DATA to a folder of data sets to run this test')
  return pathlib.Path(folder)
