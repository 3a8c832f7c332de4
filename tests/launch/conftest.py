"""One smoke run of each launcher, shared by the tests that look at it."""

from collections.abc import Callable
import fcntl
import json
import pathlib
from typing import Any
from typing import NamedTuple

import pytest

from tests.train import process


class Smoke(NamedTuple):
  """What a launcher left that ran with `--preset=smoke`."""

  workdir: pathlib.Path  # for reading only: others read it too
  code: int
  out: str
  err: str

  @property
  def report(self) -> dict[str, Any]:
    return json.loads((self.workdir / 'report.json').read_text())


@pytest.fixture(scope='session')
def smoke(session_folder) -> Callable[[str], Smoke]:
  """Returns `smoke(name)`, which runs `python -m launch.<name>` only once.

  That is once a session, whatever the number of workers: the second to ask
  waits for the first.
  """
  folder = session_folder / 'smoke'
  folder.mkdir(exist_ok=True)

  def run(name: str) -> Smoke:
    workdir, record = folder / name, folder / f'{name}.json'
    with (folder / f'{name}.lock').open('w') as lock:
      fcntl.flock(lock, fcntl.LOCK_EX)
      if not record.exists():
        command = ('-m', f'launch.{name}', '--preset=smoke')
        ended = process.run(*command, f'--workdir={workdir}')
        record.write_text(json.dumps(ended))
    return Smoke(workdir, *json.loads(record.read_text()))

  return run
