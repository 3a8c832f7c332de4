"""What all tests share."""

import os
import pathlib

import hypothesis
import jax
import pytest

from tests.train import process

# The default run is the same everywhere; the search for new examples is slow.
# A first example compiles, and machines are shared: no example is timed.
hypothesis.settings.register_profile('fixed', deadline=None, derandomize=True)
hypothesis.settings.register_profile('search', deadline=None, print_blob=True)


def pytest_configure(config):
  """`pytest -m slow` searches; --hypothesis-profile overrules."""
  if not config.getoption('--hypothesis-profile'):
    searches = config.option.markexpr == 'slow'
    hypothesis.settings.load_profile('search' if searches else 'fixed')


def pytest_itemcollected(item):
  """Makes property tests `slow` ones too, where they search."""
  if item.config.option.markexpr == 'slow':
    if hypothesis.is_hypothesis_test(getattr(item, 'obj', None)):
      item.add_marker('slow')


@pytest.fixture(autouse=True, scope='module')
def _forget_compiled():
  """Frees what a module compiled: all together take gigabytes."""
  yield
  jax.clear_caches()


@pytest.fixture(scope='session')
def session_folder(tmp_path_factory) -> pathlib.Path:
  """A folder of this session that its workers share."""
  folder = tmp_path_factory.getbasetemp()
  # Under pytest-xdist each has one of its own, beside those of the others.
  return folder.parent if 'PYTEST_XDIST_WORKER' in os.environ else folder


@pytest.fixture(autouse=True, scope='session')
def _compile(request, session_folder):
  """Lets all processes of this session compile little, and each thing once.

  Default tests are thousands of small programs, whose compilation costs more
  than they do. The long `slow` ones are compiled as users' are.
  """
  long = request.config.option.markexpr == 'slow'
  settings = {
      'jax_disable_most_optimizations': not long,
      'jax_compilation_cache_dir': str(session_folder / 'jax'),
      'jax_persistent_cache_min_compile_time_secs': 0.0,
  }
  for name, value in settings.items():
    jax.config.update(name, value)
    process.ENVIRONMENT[name.upper()] = str(value)


@pytest.fixture
def data_folder() -> pathlib.Path:
  """The folder NMLIB_DATA of real data; without it the test is skipped."""
  folder = os.environ.get('NMLIB_DATA')
  if not folder:
    pytest.skip('set NMLIB_DATA to a folder of data sets to run this test')
  return pathlib.Path(folder)
