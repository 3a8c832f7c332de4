"""What all tests share."""

import os
import pathlib
from typing import Any

import hypothesis
import jax
import pytest

from tests.train import process

# The default run is the same everywhere; the search for new examples is slow.
# A first example compiles, and machines are shared: no example is timed.
hypothesis.settings.register_profile('fixed', deadline=None, derandomize=True)
hypothesis.settings.register_profile('search', deadline=None, print_blob=True)

# Of JAX, in this process and in those that it launches.
_SETTINGS: dict[str, Any] = {'jax_persistent_cache_min_compile_time_secs': 0.0}


def pytest_configure(config):
  """`pytest -m slow` searches; --hypothesis-profile overrules.

  Default tests are thousands of small programs, whose compilation costs more
  than they do: it is made short. `slow` ones are compiled as users' are.
  """
  long = config.option.markexpr == 'slow'
  if not config.getoption('--hypothesis-profile'):
    hypothesis.settings.load_profile('search' if long else 'fixed')
  if not long:
    _SETTINGS['jax_disable_most_optimizations'] = True
    if jax.__version_info__ <= (0, 10, 2):  # later ones end at a flag they lack
      # Read when JAX starts, which no import does; launched processes inherit.
      flags = os.environ.get('XLA_FLAGS', '')
      os.environ['XLA_FLAGS'] = f'{flags} --xla_cpu_use_fusion_emitters=false'


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
def _compile(session_folder):
  """Lets all processes of a session find what others have compiled."""
  _SETTINGS['jax_compilation_cache_dir'] = str(session_folder / 'jax')
  for name, value in _SETTINGS.items():
    jax.config.update(name, value)
    process.ENVIRONMENT[name.upper()] = str(value)


@pytest.fixture
def data_folder() -> pathlib.Path:
  """The folder NMLIB_DATA of real data; without it the test is skipped."""
  folder = os.environ.get('NMLIB_DATA')
  if not folder:
    pytest.skip('set NMLIB_DATA to a folder of data sets to run this test')
  return pathlib.Path(folder)
