"""Starts launchers as a user would, in processes of their own."""

import os
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).parents[2]
TOY = ROOT / 'tests' / 'train' / 'toy.py'


def start(*args: str | pathlib.Path, **kwargs) -> subprocess.Popen:
  """Starts `python <args>` on one CPU device, output captured."""
  environment = {
      **os.environ,
      'PYTHONPATH': str(ROOT),
      'JAX_PLATFORMS': 'cpu',
  }
  return subprocess.Popen(
      [sys.executable, *map(str, args)],
      env=environment,
      cwd=ROOT,
      stdout=subprocess.PIPE,
      stderr=subprocess.PIPE,
      text=True,
      **kwargs,
  )


def finish(process: subprocess.Popen) -> tuple[int, str, str]:
  """Waits; returns the exit code, stdout and stderr."""
  out, err = process.communicate(timeout=300)
  return process.returncode, out, err


def run(*args: str | pathlib.Path) -> tuple[int, str, str]:
  return finish(start(*args))


def wait_for(path: pathlib.Path, process: subprocess.Popen) -> None:
  """Waits until a file exists and is not empty."""
  deadline = time.monotonic() + 120
  while not (path.exists() and path.stat().st_size):
    assert process.poll() is None, process.communicate()
    assert time.monotonic() < deadline, f'{path} never appeared'
    time.sleep(0.01)
