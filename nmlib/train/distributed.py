"""Many processes, one program: joining, agreeing, and leaving together.

Every process runs the same launcher. Where one process must decide (what the
workdir holds, which checkpoint is whole), process 0 does and tells the others.
"""

from collections.abc import Callable
import contextlib
import json
import traceback
from typing import Any
from typing import NamedTuple

import jax
from jax.experimental import multihost_utils
from jax.sharding import NamedSharding
from jax.sharding import PartitionSpec as P
import numpy as np

from nmlib.train import peers as peers_lib
from nmlib.train import rendezvous

_HEARTBEAT = 60  # seconds; JAX's own check, behind that of `peers`
_SHUTDOWN = 600  # seconds that the others wait for process 0's report

_peers: peers_lib.Peers | None = None


class Place(NamedTuple):
  """Where this process stands among all."""

  coordinator: str  # host:port of process 0
  num_processes: int
  process_id: int
  local_device_ids: list[int] | None = None  # None: all that the host has


def locate(
    coordinator: str | None,
    num_processes: int | None,
    process_id: int | None,
    timeout: float = 300.0,
) -> Place | None:
  """Finds this process's place from flags or the cluster's environment.

  Args:
    coordinator: `host:port` of process 0; `auto` asks SLURM, Open MPI, GKE or
      the TPU's metadata; None means a single process.
    num_processes: how many there are; None if the cluster says it.
    process_id: which one this is; None if the cluster says it.
    timeout: seconds to wait for the cluster's name service.

  Returns:
    The place, or None if this process is alone.

  Raises:
    ValueError: if the flags contradict each other or nothing is found.
  """
  if coordinator is None:
    if num_processes in (None, 1) and process_id in (None, 0):
      return None
    raise ValueError(
        '--num_processes and --process_id need --coordinator=host:port of'
        ' process 0.'
    )
  if coordinator == 'auto':
    place = _detect(num_processes, process_id, timeout)
  else:
    rendezvous.parse(coordinator)
    if num_processes is None or process_id is None:
      raise ValueError(
          f'--coordinator={coordinator} needs --num_processes and --process_id.'
      )
    place = Place(coordinator, num_processes, process_id)
  if not 0 <= place.process_id < place.num_processes:
    raise ValueError(
        f'--process_id={place.process_id} must be between 0 and'
        f' {place.num_processes - 1}, one less than'
        f' --num_processes={place.num_processes}.'
    )
  return place if place.num_processes > 1 else None


def _detect(num_processes, process_id, timeout: float) -> Place:
  from jax._src import clusters  # how jax.distributed itself detects

  try:
    found = clusters.ClusterEnv.auto_detect_unset_distributed_params(
        None, num_processes, process_id, None, None, int(timeout)
    )
  except (RuntimeError, KeyError, OSError) as e:
    reason = ' '.join(str(e).split())
    raise ValueError(f'--coordinator=auto failed: {reason}') from e
  address, count, index, devices = found
  if address is None or count is None or index is None:
    raise ValueError(
        '--coordinator=auto found no SLURM step, Open MPI, Kubernetes or TPU'
        ' environment; give --coordinator=host:port, --num_processes and'
        ' --process_id.'
    )
  chosen = None if devices is None else list(devices)
  return Place(address, count, index, chosen)


def initialize(
    coordinator: str | None = None,
    num_processes: int | None = None,
    process_id: int | None = None,
    timeout: float = 300.0,
) -> None:
  """Joins the other processes; call it before any JAX computation.

  Nothing happens where there is one process. SIGTERM on any process then stops
  all of them at one step (JAX's preemption service), and the unexpected end of
  any ends the others.

  Args:
    coordinator: as in `locate`.
    num_processes: as in `locate`.
    process_id: as in `locate`.
    timeout: seconds to wait for the other processes.

  Raises:
    ValueError: if the processes do not agree or do not come in time.
  """
  global _peers
  place = locate(coordinator, num_processes, process_id, timeout)
  if place is None:
    return
  connections = rendezvous.meet(
      place.coordinator, place.num_processes, place.process_id, timeout
  )
  _peers = peers_lib.Peers(place.process_id, connections)
  host, port = rendezvous.parse(place.coordinator)
  loopback = rendezvous.is_loopback(host)
  jax.distributed.initialize(
      place.coordinator,
      place.num_processes,
      place.process_id,
      place.local_device_ids,
      cluster_detection_method='deactivate',
      coordinator_bind_address=f'127.0.0.1:{port}' if loopback else None,
      heartbeat_timeout_seconds=_HEARTBEAT,
      shutdown_timeout_seconds=_SHUTDOWN,
  )


def shutdown() -> None:
  """Waits until every process is done, then leaves."""
  global _peers
  if _peers is None:
    return
  jax.distributed.shutdown()
  _peers.close()
  _peers = None


def fail(code: int, report: Callable[[], Any] = traceback.print_exc) -> None:
  """Ends this process with an exit code, and the others with it.

  With a single process it only reports. With several it does not return: an
  ordinary exit would wait for processes that wait for this one.

  Args:
    code: exit code, not 0.
    report: prints what happened, unless another process turns out to be the
      cause, which is then named instead.
  """
  if _peers is None:
    report()
  else:
    _peers.fail(code, report)


def from_first(function: Callable[[], bytes | None]) -> bytes | None:
  """Returns on every process what `function` returns on process 0.

  Args:
    function: called on process 0 only.

  Raises:
    ValueError: on every process, if it did on process 0.
    OSError: on every process, for any other error of process 0, which itself
      raises what it was.
  """
  if jax.process_count() == 1:
    return function()
  message, error = b'', None
  if jax.process_index() == 0:
    try:
      value = function()
      message = b'-' if value is None else b'=' + value
    except Exception as e:  # the others wait for whatever it is
      kind = 'ValueError' if isinstance(e, ValueError) else 'OSError'
      message, error = b'!' + json.dumps([kind, str(e)]).encode(), e
  message = _broadcast(message)
  if error is not None:
    raise error
  if message[:1] == b'!':
    kind, text = json.loads(message[1:])
    raise (ValueError if kind == 'ValueError' else OSError)(text)
  return message[1:] if message[:1] == b'=' else None


def _broadcast(message: bytes) -> bytes:
  size = multihost_utils.broadcast_one_to_all(np.uint32(len(message)))
  padded = np.zeros(max(1024, 1 << int(size).bit_length()), np.uint8)
  padded[: len(message)] = np.frombuffer(message, np.uint8)
  whole = multihost_utils.broadcast_one_to_all(padded)
  return np.asarray(whole, np.uint8)[: int(size)].tobytes()


def everywhere(ok: bool) -> bool:
  """Returns whether `ok` is true on all processes, which wait here."""
  if jax.process_count() == 1:
    return ok
  return bool(np.all(multihost_utils.process_allgather(np.uint32(ok))))


@contextlib.contextmanager
def first_holds(context: contextlib.AbstractContextManager):
  """Enters a context on process 0 only; its errors are raised on all."""
  with contextlib.ExitStack() as stack:

    def enter() -> None:
      stack.enter_context(context)

    from_first(enter)
    yield


def to_host(tree: Any) -> Any:
  """Returns arrays spread over processes as whole NumPy arrays on each.

  Args:
    tree: a pytree of arrays, no typed keys; it must fit one device's memory.

  Returns:
    The same pytree of `np.ndarray`.
  """

  def whole(leaf):
    if isinstance(leaf, jax.Array) and not leaf.is_fully_addressable:
      assert isinstance(leaf.sharding, NamedSharding)
      replicated = NamedSharding(leaf.sharding.mesh, P())
      leaf = jax.jit(lambda x: x, out_shardings=replicated)(leaf)
    return np.asarray(leaf)

  return jax.tree.map(whole, tree)
