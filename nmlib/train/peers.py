"""Notices that another process of the run has ended, and ends this one too.

Without it the others would wait in a collective, for minutes or for ever. Each
process keeps its connection to process 0 (see `rendezvous`): the kernel closes
it when a process dies, and its keep-alive packets find a lost host within half
a minute, however busy the process itself is.
"""

import contextlib
import ctypes
import os
import selectors
import signal
import sys
import threading
import time

from nmlib.train import rendezvous

EXIT_CODE = 69  # EX_UNAVAILABLE of sysexits.h: another process was lost

_ADVICE = (
    'this process ends too. Start all processes with the same command again to'
    ' go on from the newest complete checkpoint.'
)


def _delay_abort() -> None:
  """Makes abort() sleep for 6 s (the signal's number) before it aborts.

  When process 0 dies, JAX's threads in the others abort, within milliseconds;
  the sleep lets the watching thread say first what happened, and exit with
  EXIT_CODE. Without a C library to ask, there is no sleep.
  """
  with contextlib.suppress(OSError, AttributeError, TypeError):
    library = ctypes.CDLL(None)
    library.signal.argtypes = (ctypes.c_int, ctypes.c_void_p)
    library.signal.restype = ctypes.c_void_p
    sleep = ctypes.cast(library.sleep, ctypes.c_void_p)
    library.signal(signal.SIGABRT, sleep)


class Peers:
  """Watches the other processes from a thread of its own.

  Lines on the connections: `bye` before a good end, `end CODE` before a bad
  one; process 0 passes on `lost ID` and `ended ID CODE`. A connection that
  closes without a word means that the process was killed.
  """

  def __init__(self, process_id: int, connections: dict[int, rendezvous.Lines]):
    self._process_id = process_id
    self._connections = connections
    self._present = set(connections)
    self._leaving = False
    self._lock = threading.Lock()
    self._selector = selectors.DefaultSelector()
    for index, lines in connections.items():
      self._selector.register(lines.socket, selectors.EVENT_READ, index)
    _delay_abort()
    self._thread = threading.Thread(
        target=self._watch, name='nmlib-peers', daemon=True
    )
    self._thread.start()

  def _watch(self) -> None:
    while self._present:
      for key, _ in self._selector.select(timeout=1.0):
        self._hear(key.data, self._connections[key.data].receive())

  def _hear(self, index: int, line: str | None) -> None:
    words = (line or f'lost {index}').split()
    if words[0] == 'bye' or self._leaving:
      self._drop(index)
    elif words[0] == 'lost':
      if line is None:
        self._drop(index)
      self._end(
          f'process {words[1]} ended unexpectedly (killed, or its host was'
          f' lost); {_ADVICE}',
          EXIT_CODE,
          f'lost {words[1]}',
      )
    elif words[0] in ('end', 'ended'):
      code = int(words[-1])
      who = index if words[0] == 'end' else int(words[1])
      self._end(
          f'process {who} ended with an error (exit code {code}; see its'
          ' output); this process ends too.',
          code,
          f'ended {who} {code}',
      )

  def _drop(self, index: int) -> None:
    if index in self._present:
      self._present.discard(index)
      self._selector.unregister(self._connections[index].socket)

  def _end(self, sentence: str, code: int, word: str) -> None:
    with self._lock:  # never while the main thread reports its own error
      print(f'error: {sentence}', file=sys.stderr, flush=True)
      self._exit(code, word)

  def fail(self, code: int, report) -> None:
    """Ends this process and tells the others; does not return.

    Args:
      code: exit code.
      report: `report()` prints what happened; not called if it turns out
        that another process was lost, which is then said instead.
    """
    # A broken collective is often another process's death, and an error that
    # all have is best told by process 0.
    time.sleep(1.0 if self._process_id == 0 else 2.0)
    with self._lock:
      report()
      word = f'ended 0 {code}' if self._process_id == 0 else f'end {code}'
      self._exit(code, word)

  def _exit(self, code: int, word: str) -> None:
    """Tells the others and leaves; process 0, their coordinator, goes last."""
    self._leaving = True
    for index in list(self._present):
      self._connections[index].send(word)
    if self._process_id == 0:
      deadline = time.monotonic() + 5.0
      while self._present and time.monotonic() < deadline:
        if threading.current_thread() is not self._thread:
          time.sleep(0.05)
          continue
        for key, _ in self._selector.select(timeout=0.1):
          if self._connections[key.data].receive() is None:
            self._drop(key.data)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # not through JAX's shutdown, which waits for all

  def close(self) -> None:
    """Says goodbye; the others may end at any time from now on."""
    self._leaving = True
    for lines in self._connections.values():
      lines.send('bye')
    self._present.clear()
    self._thread.join(timeout=5.0)
    self._selector.close()
    for lines in self._connections.values():
      lines.close()
