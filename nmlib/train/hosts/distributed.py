"""Many processes, one program: what they agree on and hand each other.

Every process runs the same launcher. Where one process must decide (what the
workdir holds, which checkpoint is whole), process 0 does and tells the others.
"""

from collections.abc import Callable
import contextlib
import json
from typing import Any

import jax
from jax.experimental import multihost_utils
from jax.sharding import NamedSharding
from jax.sharding import PartitionSpec as P
import numpy as np


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
