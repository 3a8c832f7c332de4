"""Several processes of one run on this machine, which end together."""

from collections.abc import Mapping
from collections.abc import Sequence
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import types

from nmlib.train.hosts import cluster

_LOST = (cluster.LOST, -signal.SIGABRT)  # JAX aborts those it cannot tell


def free_port() -> int:
  """Returns a port of the loopback device that nobody uses."""
  with socket.socket() as s:
    s.bind(('127.0.0.1', 0))
    return s.getsockname()[1]


class Group:
  """Processes that run together and end together."""

  def __init__(
      self,
      arguments: Sequence[str],
      count: int,
      environment: Mapping[str, str] = types.MappingProxyType({}),
  ):
    """Starts `python <arguments>` `count` times.

    Args:
      arguments: of every process; its place among them is added.
      count: how many.
      environment: variables on top of this process's own.
    """
    address = f'127.0.0.1:{free_port()}'
    self.processes = [
        subprocess.Popen(
            [
                sys.executable,
                *arguments,
                f'--coordinator={address}',
                f'--num_processes={count}',
                f'--process_id={index}',
            ],
            env={**os.environ, 'PYTHONUNBUFFERED': '1', **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors='replace',
            start_new_session=True,  # Ctrl-C reaches them through `send`
        )
        for index in range(count)
    ]
    self._threads = [
        threading.Thread(target=_copy, args=(index, source, target))
        for index, process in enumerate(self.processes)
        for source, target in (
            (process.stdout, sys.stdout),
            (process.stderr, sys.stderr),
        )
    ]
    for thread in self._threads:
      thread.start()

  def send(self, number: int) -> None:
    """Sends a signal to the processes that still run."""
    for process in self.processes:
      if process.poll() is None:
        process.send_signal(number)

  def wait(self, grace: float) -> int:
    """Waits for all; returns the exit code that explains the others'.

    Args:
      grace: seconds after which the others are killed once one has failed.

    Returns:
      The first code that is no consequence of another process's end; 128 + the
      number of the signal if it was one.
    """
    deadline, hung = None, []
    while any(process.poll() is None for process in self.processes):
      if deadline is None:
        if any(process.poll() for process in self.processes):
          deadline = time.monotonic() + grace
      elif time.monotonic() > deadline and not hung:
        hung = [p for p in self.processes if p.poll() is None]
        say(f'the others did not end within {grace:g} s; killing them.')
        self.send(signal.SIGKILL)
      time.sleep(0.05)
    for thread in self._threads:
      thread.join(timeout=5.0)
    codes = {
        index: process.returncode
        for index, process in enumerate(self.processes)
        if process.returncode and process not in hung
    }
    causes = {i: code for i, code in codes.items() if code not in _LOST}
    for index, code in causes.items():
      if code > 0:
        return code
      name = signal.Signals(-code).name
      say(f'process {index} was ended by {name}, and the others with it.')
      return 128 - code
    return cluster.LOST if codes else 0


def say(text: str) -> None:
  """Tells the user, beside what the processes print."""
  print(f'launch.local: {text}', file=sys.stderr, flush=True)


def _copy(index: int, source, target) -> None:
  for line in source:
    target.write(f'[{index}] {line}')
    target.flush()
