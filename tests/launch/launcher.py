"""What the tests of launchers share."""

import json
import pathlib
from typing import Any

from absl.testing import parameterized
import pytest

from tests.train import process


class LauncherTest(parameterized.TestCase):
  """Runs `python -m LAUNCHER` in a workdir of the test's own."""

  LAUNCHER: str  # such as 'launch.bdh'

  @pytest.fixture(autouse=True)
  def _take(self, smoke):
    self._smoke = smoke

  def smoke(self):
    """Returns the launcher's one shared smoke run; see `conftest.py`."""
    return self._smoke(self.LAUNCHER.partition('.')[2])

  def setUp(self):
    super().setUp()
    self.folder = pathlib.Path(self.create_tempdir().full_path)
    self.workdir = self.folder / 'run'

  def start(self, *args: str | pathlib.Path):
    """Starts it, as `process.start` does."""
    command = ('-m', self.LAUNCHER, f'--workdir={self.workdir}')
    return process.start(*command, *args)

  def run_launcher(self, *args: str | pathlib.Path) -> tuple[int, str, str]:
    """Returns the exit code, stdout and stderr of a run."""
    return process.finish(self.start(*args))

  def report(self) -> dict[str, Any]:
    """Returns the report that the run wrote."""
    return json.loads((self.workdir / 'report.json').read_text())
