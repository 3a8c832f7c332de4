"""Batches as a function of the step, each host reading only its own rows."""

from typing import Any

import grain
import jax
from jax.sharding import Mesh
from jax.sharding import NamedSharding
from jax.sharding import PartitionSpec as P
import numpy as np

from nmlib.train import program


class _Steps:
  """Element k holds rows [k S B, (k + 1) S B) of a dataset, as [S, B, ...].

  Only the rows that this process's devices need are read; the others are left
  unset, and no device of this process ever sees them.
  """

  def __init__(self, rows: grain.MapDataset, shape, needed, num_steps: int):
    self._rows = rows
    self._shape = shape
    self._needed = needed
    self._num_steps = num_steps

  def __len__(self) -> int:
    return self._num_steps

  def __getitem__(self, index: int):
    num_seeds, batch_size = self._shape
    first = index * num_seeds * batch_size
    examples = [self._rows[first + row] for row in self._needed]

    def stack(*leaves):
      leaves = [np.asarray(leaf) for leaf in leaves]
      block = np.empty(
          (num_seeds * batch_size, *leaves[0].shape), leaves[0].dtype
      )
      block[self._needed] = leaves
      return block.reshape(num_seeds, batch_size, *leaves[0].shape)

    return jax.tree.map(stack, *examples)

  def __repr__(self) -> str:
    return f'Steps(shape={self._shape}, num_steps={self._num_steps})'


class Loader:
  """Reads ahead, and hands over `[K, S, B, ...]` arrays placed on the mesh."""

  def __init__(
      self,
      rows: grain.MapDataset,
      mesh: Mesh,
      num_seeds: int,
      batch_size: int,
      num_steps: int,
  ):
    """Starts at step 0; `set_state` moves elsewhere.

    Args:
      rows: random-access examples, pytrees of arrays; example
        `(step * S + seed) * B + b` is row b of that seed's batch at `step`, so
        the data do not depend on the mesh or the number of processes.
      mesh: axes `replica` and `data` split seeds and batch.
      num_seeds: S.
      batch_size: B, over all devices.
      num_steps: optimizer steps; `rows` must hold that many batches.

    Raises:
      ValueError: if `rows` is too short, or S or B do not divide over `mesh`.
    """
    needed_rows = num_steps * num_seeds * batch_size
    if len(rows) < needed_rows:
      raise ValueError(
          f'the data have {len(rows)} rows, but {num_steps} steps of'
          f' {num_seeds} x {batch_size} rows need {needed_rows}; repeat() the'
          ' dataset or lower num_steps.'
      )
    program.check_batch(num_seeds, batch_size, mesh)
    shape = (num_seeds, batch_size)
    split = NamedSharding(mesh, P('replica', 'data'))
    numbers = np.arange(num_seeds * batch_size).reshape(shape)
    needed = np.unique(
        np.concatenate(
            [
                numbers[index].ravel()
                for index in split.addressable_devices_indices_map(
                    shape
                ).values()
            ]
        )
    )
    self._sharding = NamedSharding(mesh, P(None, 'replica', 'data'))
    self._iterator = iter(
        grain.MapDataset.source(
            _Steps(rows, shape, needed, num_steps)
        ).to_iter_dataset(
            grain.ReadOptions(num_threads=2, prefetch_buffer_size=8)
        )
    )

  def next(self, num_steps: int) -> Any:
    """Returns the batches of the next `num_steps` steps, [K, S, B, ...]."""
    steps = [next(self._iterator) for _ in range(num_steps)]
    return jax.tree.map(lambda *blocks: self._place(np.stack(blocks)), *steps)

  def _place(self, block: np.ndarray) -> jax.Array:
    return jax.make_array_from_callback(
        block.shape, self._sharding, lambda index: block[index]
    )

  def get_state(self) -> dict[str, Any]:
    """Returns the position, JSON-serialisable."""
    return self._iterator.get_state()

  def set_state(self, state: dict[str, Any]) -> None:
    """Continues from a position that `get_state` returned."""
    self._iterator.set_state(state)
