"""Starts launchers as a user would, in processes of their own."""

from collections.abc import Mapping
import contextlib
import io
import os
import pathlib
import subprocess
import sys
import time
import types
from typing import Any

from nmlib.train.hosts import local

ROOT = pathlib.Path(__file__).parents[2]
TOY = ROOT / 'tests' / 'train' / 'toy.py'
PATIENCE = 3600  # seconds; a small preset takes minutes on a core of its own
# What old jaxlibs say of grain, and of programs that they find compiled.
_NOTICES = 'Grain multiprocess worker profiling', 'cpu_aot_loader.cc'
ENVIRONMENT = {'PYTHONPATH': str(ROOT), 'JAX_PLATFORMS': 'cpu'}


def slow(seconds: float, first_step: int = 0) -> dict[str, str]:
  """Returns an environment whose rows take time from a step on; see the toy."""
  return {'TOY_DELAY': str(seconds), 'TOY_DELAY_FROM': str(first_step)}


def start(
    *args: str | pathlib.Path,
    environment: Mapping[str, str] = types.MappingProxyType({}),
    **kwargs,
) -> subprocess.Popen:
  """Starts `python <args>` on one CPU device, output captured."""
  return subprocess.Popen(
      [sys.executable, *map(str, args)],
      env={**os.environ, **ENVIRONMENT, **environment},
      cwd=ROOT,
      stdout=subprocess.PIPE,
      stderr=subprocess.PIPE,
      text=True,
      **kwargs,
  )


def finish(process: 'subprocess.Popen | Hosts') -> tuple[Any, str, str]:
  """Waits; returns the exit code, stdout and stderr."""
  if isinstance(process, Hosts):
    return process.finish()
  try:
    out, err = process.communicate(timeout=PATIENCE)
  except subprocess.TimeoutExpired:
    process.kill()  # or it would go on after the test
    raise
  lines = err.splitlines(keepends=True)
  said = (x for x in lines if not any(notice in x for notice in _NOTICES))
  return process.returncode, out, ''.join(said)


def run(*args: str | pathlib.Path) -> tuple[int, str, str]:
  return finish(start(*args))


def wait_for(path: pathlib.Path, process: 'subprocess.Popen | Hosts') -> None:
  """Waits until a file exists and is not empty."""
  deadline = time.monotonic() + 120
  while not (path.exists() and path.stat().st_size):
    assert process.poll() is None, finish(process)
    assert time.monotonic() < deadline, f'{path} never appeared'
    time.sleep(0.01)


class Hosts:
  """Several processes of one run on the loopback device, output kept."""

  def __init__(
      self,
      count: int,
      *args: str | pathlib.Path,
      environment: Mapping[str, str] = types.MappingProxyType({}),
  ):
    self.err = io.StringIO()
    self.out = io.StringIO()
    with (
        contextlib.redirect_stdout(self.out),
        contextlib.redirect_stderr(self.err),
    ):
      self._group = local.Group(
          [*map(str, args)], count, {**ENVIRONMENT, **environment}
      )
    self.processes = self._group.processes

  def poll(self) -> int | None:
    """Returns the exit code of one that has ended, or None."""
    codes = (process.poll() for process in self.processes)
    return next((code for code in codes if code is not None), None)

  def finish(self, grace: float = 60.0) -> tuple[list[int], str, str]:
    """Waits; returns exit codes, stdout and stderr.

    Args:
      grace: seconds after which the others are killed once one has failed.
    """
    with contextlib.redirect_stderr(self.err):
      self._group.wait(grace)
    codes = [process.wait() for process in self.processes]
    return codes, self.out.getvalue(), self.err.getvalue()
