"""Checkpoints that are atomic, asynchronous, and checked when read back.

Orbax writes them (to a temporary folder, renamed when complete), and then every
process lists what it wrote: see `integrity`.
"""

from collections.abc import Callable
from concurrent import futures
import contextlib
import json
from typing import Any
from typing import NamedTuple

from absl import logging
from etils import epath
import jax
from orbax.checkpoint import v1 as ocp

from nmlib.train import integrity
from nmlib.train import workdir
from nmlib.train.hosts import distributed


class Restored(NamedTuple):
  step: int
  state: Any
  position: dict[str, Any]  # of the data iterator


class Checkpoints:
  """The checkpoints of one stage: the newest few, under `directory`."""

  def __init__(
      self, directory: epath.PathLike, keep: int = 2, *, read_only: bool = False
  ):
    """Opens (and makes) the folder.

    Args:
      directory: where this stage's checkpoints lie.
      keep: how many of the newest are kept.
      read_only: leave unfinished and damaged checkpoints where they are: they
        may belong to a run that is still going.
    """
    self._read_only = read_only
    self._directory = epath.Path(directory)
    policies: Any = ocp.training  # its protocols do not match its classes
    self._orbax = policies.Checkpointer(
        self._directory,
        save_decision_policy=policies.save_decision_policies.FixedIntervalPolicy(
            1
        ),
        preservation_policy=policies.preservation_policies.LatestN(keep),
        cleanup_tmp_directories=not read_only,
    )
    self._saving: tuple[int, futures.Future] | None = None
    self._background = futures.ThreadPoolExecutor(1)
    self._failed = False

  def steps(self) -> list[int]:
    """Returns the steps of the complete checkpoints, ascending."""
    return sorted(c.step for c in self._orbax.checkpoints)

  def save(self, step: int, state: Any, position: dict[str, Any]) -> None:
    """Starts saving; returns once `state` may be changed or donated.

    Args:
      step: steps taken.
      state: pytree of arrays.
      position: the data iterator's position, JSON-serialisable.

    Raises:
      OSError: if this or the previous checkpoint cannot be written.
    """
    self.wait()
    metadata: Any = {'position': position, 'shapes': _shapes(state)}
    try:
      response = self._orbax.save_checkpointables_async(
          step, {'state': state}, custom_metadata=metadata
      )
    except Exception as e:
      raise self._not_written(step, e) from e
    self._saving = step, self._background.submit(self._finish, step, response)

  def _finish(self, step: int, response: Any) -> None:
    response.result()
    integrity.write_list(self._directory / str(step))

  def wait(self) -> None:
    """Waits until what was saved is complete on disk.

    Raises:
      OSError: if it could not be written.
    """
    if self._saving is None:
      return
    (step, finished), self._saving = self._saving, None
    try:
      finished.result()
    except Exception as e:
      raise self._not_written(step, e) from e

  def _not_written(self, step: int, error: Exception) -> OSError:
    self._failed = True
    kept = sorted(
        int(p.name)
        for p in self._directory.iterdir()
        if p.name.isdigit() and integrity.is_listed(p)
    )
    if workdir.is_full(error):
      what = (
          f'the disk is full: the checkpoint of step {step} cannot be written'
      )
      advice = 'make room'
    else:
      lines = str(error).strip().splitlines() or [type(error).__name__]
      what = f'the checkpoint of step {step} cannot be written ({lines[0]})'
      advice = 'see to that'
    onward = f'from step {kept[-1]}' if kept else 'from the beginning'
    return OSError(
        f'{what} to {self._directory}. Earlier checkpoints are kept (steps:'
        f' {", ".join(map(str, kept)) or "none"}); {advice} and run the same'
        f' command again to go on {onward}.'
    )

  def restore(self, like: Any) -> Restored | None:
    """Reads the newest checkpoint that is whole.

    Damaged ones are named in a warning and moved to `damaged/` beside the
    folder, and the one before is tried.

    Args:
      like: pytree of `ShapeDtypeStruct` with shardings: the mesh to restore
        onto, not necessarily the one that wrote.

    Returns:
      The restored state, or None if there is no checkpoint.

    Raises:
      ValueError: if a checkpoint fits another config, or none is whole.
    """
    found = json.loads(
        distributed.from_first(lambda: json.dumps(self._found()).encode())
        or b'[]'
    )
    for step, complete in reversed(found):
      folder = self._directory / str(step)
      if not complete:
        self._set_aside(
            step, 'unfinished: the run ended while listing its files'
        )
        continue
      try:
        return self._load(step, like)
      except _Mismatch as e:
        raise ValueError(
            f'checkpoint {folder} does not fit this config: {e}'
        ) from e
      except Exception as e:  # whatever a damaged file makes orbax raise
        cause = str(e.__cause__ or e).strip().splitlines()
        reason = cause[0][:200] if cause else type(e).__name__
        self._set_aside(step, f'damaged ({reason})')
    damaged = [step for step, complete in found if complete]
    if damaged:
      raise ValueError(
          f'none of the checkpoints (steps {damaged}) in {self._directory} can'
          f' be read; a run moves them to {self._directory.parent}/damaged, and'
          ' when started again begins this stage anew.'
      )
    return None

  def _found(self) -> list[tuple[int, bool]]:
    return [
        (step, integrity.is_listed(self._directory / str(step)))
        for step in self.steps()
    ]

  def _load(self, step: int, like: Any) -> Restored:
    self._on_all(lambda: integrity.check(self._directory / str(step)))
    stored = self._position_and_shapes(step)
    _check_shapes(stored['shapes'], _shapes(like))
    loaded = self._on_all(
        lambda: self._orbax.load_checkpointables(step, {'state': like})
    )
    return Restored(step, loaded['state'], stored['position'])

  def _on_all(self, read: Callable[[], Any]) -> Any:
    """Returns `read()`; raises on all processes if it does on any."""
    value, error = None, None
    try:
      value = read()
    except Exception as e:  # must be known to all before the next collective
      error = e
    if not distributed.everywhere(error is None):
      raise error or OSError('as another process found')
    return value

  def _position_and_shapes(self, step: int) -> dict[str, Any]:
    read: Any = self._orbax.checkpointables_metadata
    text = distributed.from_first(
        lambda: json.dumps(dict(read(step).custom_metadata)).encode()
    )
    return json.loads(text or b'{}')

  def _set_aside(self, step: int, what: str) -> None:
    folder = self._directory / str(step)
    logging.warning(
        'Checkpoint %s is %s; using the one before it.', folder, what
    )
    if self._read_only:
      return
    if jax.process_index() == 0:
      damaged = self._directory.parent / 'damaged'
      name = f'{self._directory.name}-{step}'
      count = len(list(damaged.iterdir())) if damaged.exists() else 0
      # The note also makes the folder exist: a bucket has no empty ones.
      workdir.write_atomic(damaged / f'{name}-{count}.txt', what + '\n')
      folder.rename(damaged / f'{name}-{count}')
    distributed.everywhere(True)  # moved, before anybody looks again
    self._orbax.reload()

  def close(self) -> None:
    """Waits for saving and releases resources."""
    self.wait()
    self._background.shutdown()
    # Orbax raises once more what `wait` already has said.
    with contextlib.suppress(*[Exception] * self._failed):
      self._orbax.close()


class _Mismatch(ValueError):
  """The checkpoint is whole, but of another structure."""


def _shapes(tree: Any) -> dict[str, list[int]]:
  """Returns the shape of every array by its path."""
  return {
      jax.tree_util.keystr(path, simple=True, separator='/'): list(leaf.shape)
      for path, leaf in jax.tree_util.tree_leaves_with_path(tree)
  }


def _check_shapes(have: dict[str, list[int]], want: dict[str, list[int]]):
  """Raises `_Mismatch` naming the first array that differs."""
  for name in sorted(want.keys() ^ have.keys()):
    where = 'the checkpoint' if name in have else 'this config'
    raise _Mismatch(f'only {where} has {name!r}.')
  for name, shape in want.items():
    if have[name] != shape:
      raise _Mismatch(f'{name!r} is {have[name]} there and {shape} here.')
