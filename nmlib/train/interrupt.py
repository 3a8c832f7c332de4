"""Stopping when asked to: SIGTERM and Ctrl-C end a run at a checkpoint."""

import contextlib
import signal
import threading

import jax
from jax.experimental import multihost_utils

EXIT_CODE = 75  # EX_TEMPFAIL of sysexits.h: run the same command again


class Interrupted(SystemExit):
  """Raised once the state is saved; the process ends with EXIT_CODE."""

  def __init__(self, message: str):
    super().__init__(EXIT_CODE)
    self.message = message


class Watch:
  """Tells whether the run was asked to stop, on all processes at one step."""

  def __init__(self):
    self._asked = False

  def _on_signal(self, number, frame):
    del frame
    self._asked = True
    if number == signal.SIGINT:  # a second Ctrl-C ends at once
      signal.signal(signal.SIGINT, signal.default_int_handler)

  def __call__(self, step: int) -> bool:
    """Returns True if the run should save and leave after `step`."""
    if jax.process_count() > 1:
      return multihost_utils.reached_preemption_sync_point(step)
    return self._asked


@contextlib.contextmanager
def watch():
  """Yields a `Watch`; the earlier signal handlers come back at the end.

  With several processes JAX's own service listens for SIGTERM, and replacing
  its handler would break it; signals reach only the main thread.
  """
  watcher = Watch()
  if (
      jax.process_count() > 1
      or threading.current_thread() is not threading.main_thread()
  ):
    yield watcher
    return
  handlers = {
      number: signal.signal(number, watcher._on_signal)
      for number in (signal.SIGTERM, signal.SIGINT)
  }
  try:
    yield watcher
  finally:
    for number, handler in handlers.items():
      signal.signal(number, handler)
