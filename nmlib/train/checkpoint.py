"""Checkpoints that are atomic, asynchronous, and checked when read back.

Orbax writes them (to a temporary folder, renamed when complete). Each holds a
list of its files, and a fingerprint of the state's bits computed on the
devices, so that damage that the file format does not notice is noticed here.
"""

from collections.abc import Iterator
from collections.abc import Sequence
import hashlib
import json
from typing import Any
from typing import NamedTuple

from absl import logging
from etils import epath
import jax
import jax.numpy as jnp
from orbax.checkpoint import v1 as ocp

from nmlib.train import distributed


class Restored(NamedTuple):
  step: int
  state: Any
  position: dict[str, Any]  # of the data iterator


def fingerprint(tree: Any) -> jax.Array:
  """Sums the bits of each leaf, weighted by position, modulo 2**32.

  Integer sums are exact in any order, so the result does not depend on how the
  leaves are sharded. Weights are odd, so no change of one word goes unseen.

  Args:
    tree: a pytree of arrays, typed keys included.

  Returns:
    One number a leaf, uint32 [leaves].
  """
  return jnp.stack([_weighted_sum(leaf) for leaf in jax.tree.leaves(tree)])


def _weighted_sum(leaf: jax.Array) -> jax.Array:
  if jax.dtypes.issubdtype(leaf.dtype, jax.dtypes.prng_key):
    leaf = jax.random.key_data(leaf)
  if leaf.dtype == jnp.bool_:
    leaf = leaf.astype(jnp.uint8)
  size = leaf.dtype.itemsize
  word = {1: jnp.uint8, 2: jnp.uint16}.get(size, jnp.uint32)
  if jnp.issubdtype(leaf.dtype, jnp.complexfloating):
    leaf = jnp.stack([leaf.real, leaf.imag], axis=-1)
  bits = jax.lax.bitcast_convert_type(leaf, word).astype(jnp.uint32)
  index = jnp.zeros(bits.shape, jnp.uint32)
  stride = 1
  for axis in reversed(range(bits.ndim)):
    iota = jax.lax.broadcasted_iota(jnp.uint32, bits.shape, axis)
    index += iota * jnp.uint32(stride % 2**32)
    stride *= bits.shape[axis]
  return jnp.sum(bits * (2 * index + 1), dtype=jnp.uint32)


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
    self._saving = None
    self._fingerprint = jax.jit(fingerprint)

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
    contents = {'state': state, 'fingerprint': self._fingerprint(state)}
    metadata: Any = {'position': position, 'shapes': _shapes(state)}
    try:
      response = self._orbax.save_checkpointables_async(
          step,
          {'contents': contents},
          custom_metadata=metadata,
      )
    except Exception as e:
      raise self._not_written(step, e) from e
    self._saving = (step, response)

  def wait(self) -> None:
    """Waits until what was saved is complete on disk.

    Raises:
      OSError: if it could not be written.
    """
    if self._saving is None:
      return
    (step, response), self._saving = self._saving, None
    try:
      response.result()
      if jax.process_index() == 0:
        _list_files(self._directory / str(step))
    except Exception as e:
      raise self._not_written(step, e) from e

  def _not_written(self, step: int, error: Exception) -> OSError:
    reason = str(error).strip().splitlines()[0] if str(error).strip() else error
    if 'No space left' in str(error):
      reason = 'no space left on device'
    kept = ', '.join(map(str, self._completed_on_disk())) or 'none'
    return OSError(
        f'cannot write the checkpoint of step {step} to {self._directory}:'
        f' {reason}. Complete earlier checkpoints are intact (steps: {kept});'
        ' make room and run the same command again.'
    )

  def _completed_on_disk(self) -> Sequence[int]:
    return sorted(
        int(p.name) for p in self._directory.iterdir() if p.name.isdigit()
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
    steps = self._steps_of_first()
    for step in reversed(steps):
      try:
        return self._load(step, like)
      except _Mismatch as e:
        raise ValueError(
            f'checkpoint {self._directory / str(step)} does not fit this'
            f' config: {e}'
        ) from e
      except Exception as e:  # whatever a damaged file makes orbax raise
        cause = str(e.__cause__ or e).strip().splitlines()
        logging.warning(
            'Checkpoint %s is damaged (%s); using the one before it.',
            self._directory / str(step),
            cause[0][:200] if cause else type(e).__name__,
        )
        self._set_aside(step)
    if steps:
      raise ValueError(
          f'none of the checkpoints (steps {steps}) in {self._directory} can'
          f' be read; they were moved to {self._directory.parent}/damaged: run'
          ' again to start this stage from its beginning.'
      )
    return None

  def _steps_of_first(self) -> list[int]:
    """Returns the steps that process 0 sees, on every process."""
    listed = distributed.from_first(lambda: json.dumps(self.steps()).encode())
    return json.loads(listed or b'[]')

  def _load(self, step: int, like: Any) -> Restored:
    folder = self._directory / str(step)
    distributed.from_first(lambda: _check_files(folder))
    stored = self._position_and_shapes(step)
    _check_shapes(stored['shapes'], _shapes(like))
    num_leaves = len(jax.tree.leaves(like))
    replicated = jax.tree.leaves(like)[0].sharding.mesh
    target = {
        'state': like,
        'fingerprint': jax.ShapeDtypeStruct(
            (num_leaves,),
            jnp.uint32,
            sharding=jax.NamedSharding(replicated, jax.P()),
        ),
    }
    contents: Any = None
    error: Exception | None = None
    try:
      contents = self._orbax.load_checkpointables(step, {'contents': target})[
          'contents'
      ]
    except Exception as e:  # must be known to all before the next collective
      error = e
    if not distributed.everywhere(error is None):
      raise error or OSError('another process could not read its part')
    expected = jax.device_get(contents['fingerprint'])
    found = jax.device_get(self._fingerprint(contents['state']))
    if (expected != found).any():
      raise OSError('its contents differ from what was written')
    return Restored(step, contents['state'], stored['position'])

  def _position_and_shapes(self, step: int) -> dict[str, Any]:
    read: Any = self._orbax.checkpointables_metadata
    text = distributed.from_first(
        lambda: json.dumps(dict(read(step).custom_metadata)).encode()
    )
    return json.loads(text or b'{}')

  def _set_aside(self, step: int) -> None:
    if self._read_only:
      return
    if jax.process_index() == 0:
      damaged = self._directory.parent / 'damaged'
      damaged.mkdir(parents=True, exist_ok=True)
      count = len(list(damaged.iterdir()))
      target = damaged / f'{self._directory.name}-{step}-{count}'
      (self._directory / str(step)).rename(target)
    distributed.everywhere(True)  # moved, before anybody looks again
    self._orbax.reload()

  def close(self) -> None:
    """Waits for saving and releases resources."""
    self.wait()
    self._orbax.close()


_FILES = 'files.json'
_HASH_LIMIT = 2**30  # bytes; beyond it only sizes are kept


def _walk(folder: epath.Path) -> Iterator[epath.Path]:
  """Yields the files below a folder, local or in a bucket."""
  for path in folder.iterdir():
    if path.is_dir():
      yield from _walk(path)
    else:
      yield path


def _measure_files(folder: epath.Path) -> dict[str, list]:
  """Returns size and SHA-256 (None in large checkpoints) of each file."""
  files = sorted(p for p in _walk(folder) if p.name != _FILES)
  sizes = [p.stat().length for p in files]
  hashed = sum(sizes) <= _HASH_LIMIT
  return {
      str(p.relative_to(folder)): [
          size,
          hashlib.sha256(p.read_bytes()).hexdigest() if hashed else None,
      ]
      for p, size in zip(files, sizes, strict=True)
  }


def _list_files(folder: epath.Path) -> None:
  """Writes the list of a complete checkpoint's files into it."""
  partial = folder / f'{_FILES}.partial'
  partial.write_text(json.dumps(_measure_files(folder)))
  partial.rename(folder / _FILES)


def _check_files(folder: epath.Path) -> None:
  """Raises OSError naming the first file that is missing or changed.

  A checkpoint may lack the list if the run was killed just after completing
  it; its fingerprint is still checked.
  """
  if not (folder / _FILES).exists():
    return
  listed = json.loads((folder / _FILES).read_text())
  found = _measure_files(folder)
  for name, (size, digest) in listed.items():
    if name not in found:
      raise OSError(f'its file {name} is missing')
    if found[name][0] != size:
      raise OSError(f'its file {name} has {found[name][0]} bytes, not {size}')
    if found[name][1] != digest:
      raise OSError(f'the contents of its file {name} changed')


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
