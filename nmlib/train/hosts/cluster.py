"""Joining the other processes of a run, and leaving together with them.

JAX's coordination service, in process 0, notices by missing heartbeats that a
process has gone, and ends the others.
"""

from collections.abc import Callable
import contextlib
import os
import re
import signal
import socket
import sys
import threading
import traceback
from typing import Any
from typing import NamedTuple

import jax

# Exit codes.
LOST = 69  # EX_UNAVAILABLE of sysexits.h: another process was lost
REFUSED = 2

_SHUTDOWN = 600  # seconds that the others wait for process 0's report
_GRACE = 5.0  # seconds that others have to report the same error
_LOOPBACK = ('localhost', '127.0.0.1', '[::1]')
# How JAX begins the errors of a broken collective, whatever class it raises.
_STATUS = re.compile(
    '(UNKNOWN|UNAVAILABLE|INTERNAL|ABORTED|CANCELLED|DEADLINE_EXCEEDED'
    '|FAILED_PRECONDITION): '
)


class Place(NamedTuple):
  """Where this process stands among all."""

  coordinator: str  # host:port of process 0
  num_processes: int
  process_id: int


def locate(
    coordinator: str | None, num_processes: int | None, process_id: int | None
) -> Place | None:
  """Finds this process's place from flags.

  Args:
    coordinator: `host:port` of process 0; None means a single process.
    num_processes: how many there are.
    process_id: which one this is.

  Returns:
    The place, or None if this process is alone.

  Raises:
    ValueError: if flags contradict each other or are missing.
  """
  if coordinator is None:
    if num_processes in (None, 1) and process_id in (None, 0):
      return None
    raise ValueError(
        '--num_processes and --process_id need --coordinator=host:port of'
        ' process 0.'
    )
  _parse(coordinator)
  if num_processes is None or process_id is None:
    raise ValueError(
        f'--coordinator={coordinator} needs --num_processes and --process_id.'
    )
  if not 0 <= process_id < num_processes:
    raise ValueError(
        f'--process_id={process_id} must be between 0 and {num_processes - 1},'
        f' one less than --num_processes={num_processes}.'
    )
  if num_processes == 1:
    return None
  return Place(coordinator, num_processes, process_id)


def _parse(coordinator: str) -> tuple[str, int]:
  """Splits `host:port`; raises ValueError if it is something else."""
  host, _, port = coordinator.rpartition(':')
  if not host or not port.isdigit() or not 0 < int(port) < 65536:
    raise ValueError(
        f'--coordinator={coordinator} must be host:port of process 0, such as'
        ' 10.0.0.1:8476, or auto.'
    )
  return host, int(port)


def initialize(
    coordinator: str | None = None,
    num_processes: int | None = None,
    process_id: int | None = None,
    join_timeout: float = 300.0,
    heartbeat_timeout: int = 45,
) -> None:
  """Joins the other processes, if any, before any JAX computation.

  SIGTERM on any process then stops all of them at one step (JAX's preemption
  service), and the unexpected end of any ends the others. If they do not come
  in time, this process ends with one sentence and code 2.

  Args:
    coordinator: `host:port` of process 0; `auto` lets JAX ask SLURM, Open MPI,
      GKE or the TPU's metadata; None means a single process.
    num_processes: how many there are; None if the cluster says it.
    process_id: which one this is; None if the cluster says it.
    join_timeout: seconds to wait for the other processes.
    heartbeat_timeout: seconds without a heartbeat that mean a lost process.

  Raises:
    ValueError: if flags contradict each other, the port is not free, or no
      cluster is found.
  """
  place = None
  where: dict[str, Any] = {}
  if coordinator == 'auto':
    where = {'num_processes': num_processes, 'process_id': process_id}
  else:
    place = locate(coordinator, num_processes, process_id)
    if place is None:
      return
    host, port = _parse(place.coordinator)
    here = '127.0.0.1' if host in _LOOPBACK else ''
    if place.process_id == 0:
      _check_port(here, port)
    where = {
        'coordinator_address': place.coordinator,
        'num_processes': place.num_processes,
        'process_id': place.process_id,
        'cluster_detection_method': 'deactivate',
        'coordinator_bind_address': f'{here}:{port}' if here else None,
    }
  # Before JAX does so by SIGABRT; process 0, which serves all, goes last.
  patience = join_timeout + 2 * (place is None or place.process_id == 0)
  timer = threading.Timer(patience, _give_up, [place, join_timeout])
  timer.daemon = True
  timer.start()
  try:
    jax.distributed.initialize(
        **where,
        initialization_timeout=int(join_timeout) + 60,
        heartbeat_timeout_seconds=heartbeat_timeout,
        shutdown_timeout_seconds=_SHUTDOWN,
    )
  except (ValueError, RuntimeError, KeyError, OSError) as e:
    if place is not None:
      raise
    raise ValueError(
        '--coordinator=auto found no SLURM step, Open MPI, Kubernetes or TPU'
        ' environment to join; give --coordinator=host:port, --num_processes'
        f' and --process_id. JAX said: {" ".join(str(e).split())}'
    ) from e
  finally:
    timer.cancel()
  # JAX ends this process by SIGABRT when another is lost, with a message to
  # which absl would add the stack of every thread.
  signal.signal(signal.SIGABRT, signal.SIG_DFL)


def _check_port(here: str, port: int) -> None:
  try:
    socket.create_server((here, port)).close()
  except OSError as e:
    raise ValueError(
        f'process 0 cannot listen on port {port} of --coordinator'
        f' ({e.strerror}); choose another port.'
    ) from e


def _give_up(place: Place | None, timeout: float) -> None:
  """Ends this process because not all others came in time."""
  whose = f'--num_processes={place.num_processes}' if place else "the cluster's"
  problem = (
      f'not all of {whose} processes came within {timeout:g} s; start the'
      ' others too, all with the same number'
  )
  if place is not None and place.process_id:
    host, port = _parse(place.coordinator)
    try:
      socket.create_connection((host.strip('[]'), port), 2.0).close()
    except OSError as e:
      problem = (
          f'cannot reach process 0 at --coordinator={host}:{port} within'
          f' {timeout:g} s ({e.strerror or e}); check that it runs there with'
          ' this port open'
      )
  print(f'error: {problem}, or raise --join_timeout.', file=sys.stderr)
  _exit(REFUSED)


def _exit(code: int) -> None:
  sys.stdout.flush()  # print to stderr is not held back
  os._exit(code)  # not through JAX's shutdown, which waits for all


def fail(
    code: int,
    error: BaseException,
    report: Callable[[], object] = traceback.print_exc,
) -> None:
  """Ends this process with an exit code, and the others with it.

  With a single process it only reports. With several it does not return: an
  ordinary exit would wait for processes that wait for this one. Process 0
  reports an error that all have. A collective that breaks because another
  process has gone ends with code `LOST`.

  Args:
    code: exit code, not 0.
    error: what happened.
    report: prints it.
  """
  if not jax.distributed.is_initialized():
    report()
    return
  first = jax.process_index() == 0
  (leaving := threading.Thread(target=_leave_with_all, daemon=True)).start()
  leaving.join(_GRACE + 2 * first)  # process 0 goes last
  if leaving.is_alive() and (reason := _broken_collective(error)):
    print(
        'error: another process of this run has ended, and this one ends too'
        f' ({reason}). Start all with the same command again to go on from the'
        ' newest complete checkpoint.',
        file=sys.stderr,
    )
    code = LOST
  elif leaving.is_alive() or first:
    report()
  _exit(code)


def _broken_collective(error: BaseException | None) -> str:
  """Returns what JAX said of a broken collective, '' if it was none."""
  while error is not None and not _STATUS.match(str(error)):
    error = error.__cause__
  return str(error).splitlines()[0][:200] if error else ''


def _leave_with_all() -> None:
  with contextlib.suppress(Exception):
    jax.distributed.shutdown()  # returns once every process has called it
