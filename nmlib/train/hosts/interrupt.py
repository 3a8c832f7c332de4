"""Stopping when asked to: SIGTERM and Ctrl-C end a run at a checkpoint."""

import contextlib
import os
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
    self._calls = 0

  def _on_signal(self, number, frame):
    del frame
    self._asked = True
    if number == signal.SIGINT:  # a second Ctrl-C ends at once
      signal.signal(signal.SIGINT, signal.default_int_handler)

  def __call__(self) -> bool:
    """Returns True if the run should save and leave now.

    Every process must call it equally often. JAX's service answers True once,
    at a call it chose: calls are counted here, because steps come in strides
    and start again with every stage, and the answer is remembered.
    """
    if jax.process_count() > 1:
      self._calls += 1
      if multihost_utils.reached_preemption_sync_point(self._calls):
        self._asked = True
    return self._asked


def _as_sigterm(number, frame):
  del frame
  signal.signal(number, signal.default_int_handler)
  os.kill(os.getpid(), signal.SIGTERM)


@contextlib.contextmanager
def watch():
  """Yields a `Watch`; the earlier signal handlers come back at the end.

  With several processes JAX's own service listens for SIGTERM, and replacing
  its handler would break it; Ctrl-C is passed on to it. Signals reach only the
  main thread.
  """
  watcher = Watch()
  if threading.current_thread() is not threading.main_thread():
    yield watcher
    return
  if jax.process_count() > 1:
    wanted = {signal.SIGINT: _as_sigterm}
  else:
    wanted = dict.fromkeys((signal.SIGTERM, signal.SIGINT), watcher._on_signal)
  handlers = {
      number: signal.signal(number, handler)
      for number, handler in wanted.items()
  }
  try:
    yield watcher
  finally:
    for number, handler in handlers.items():
      signal.signal(number, handler)
