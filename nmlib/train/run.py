"""What an experiment is handed: its folder, its devices, its watch."""

from collections.abc import Callable
from collections.abc import Mapping
import dataclasses
import hashlib
import io
import json
import time
from typing import Any
import zipfile

from etils import epath
import jax
from jax.sharding import Mesh
import numpy as np
import numpy.typing as npt

from nmlib.train import cost
from nmlib.train import workdir as workdir_lib
from nmlib.train.hosts import distributed
from nmlib.train.hosts import interrupt
from nmlib.train.hosts import mesh as mesh_lib

_WORTH_KEEPING = 60.0  # seconds of computing


class Folder:
  """A workdir that `check` lets pass, and that a run takes when it works."""

  def __init__(self, path: epath.PathLike, identity: Mapping[str, Any]):
    """Takes nothing yet.

    Args:
      path: the workdir.
      identity: as `check` takes it, written to `config.json`.
    """
    self._record = epath.Path(path) / 'config.json'
    self._text = json.dumps(identity, indent=2) + '\n'
    self._held: list[tuple[epath.Path, bytes]] = []
    self._taken = False
    self._begin = time.monotonic()
    self._clock = cost.Clock(path)

  def take(self) -> None:
    """Marks the folder, and writes what was held back."""
    if not self._taken:
      workdir_lib.write_atomic(self._record, self._text)
    self._taken = True
    while self._held:
      workdir_lib.write_atomic(*self._held.pop(0))

  def spent(self) -> None:
    """Records what the run has cost until now, if it has taken the folder."""
    if self._taken:
      self._clock.save()

  def write(self, path: epath.Path, data: bytes) -> None:
    """Writes a file, or holds it back until the folder is taken.

    A minute of computing is worth taking the folder for; what comes before,
    such as the baselines of a data set, may still be followed by a refusal.
    """
    self._held.append((path, data))
    if self._taken or time.monotonic() - self._begin > _WORTH_KEEPING:
      self.take()


@dataclasses.dataclass(frozen=True)
class Run:
  """One run of one experiment.

  Attributes:
    workdir: folder of this run, locked by the caller; local or in a bucket.
    mesh_sizes: size of each mesh axis; None chooses by seeds and batch.
    watch: tells when to stop.
    shard_optimizer: splits optimizer states over the mesh axis `data` (ZeRO).
    folder: what `claim` takes; None writes to the workdir at once.
  """

  workdir: epath.Path
  mesh_sizes: Mapping[str, int] | None = None
  watch: interrupt.Watch = dataclasses.field(default_factory=interrupt.Watch)
  shard_optimizer: bool = False
  folder: Folder | None = None

  def __post_init__(self):
    object.__setattr__(self, 'workdir', epath.Path(self.workdir))

  def claim(self) -> None:
    """Takes the folder for this run; called when training really starts.

    Until then it stays free for another configuration: what is refused before
    any work leaves nothing behind.
    """
    if jax.process_index() == 0 and self.folder is not None:
      self.folder.take()

  def spent(self) -> None:
    """Records in `run.json` what the run has cost; called as work is saved."""
    if jax.process_index() == 0 and self.folder is not None:
      self.folder.spent()

  def mesh(self, num_seeds: int, batch_size: int) -> Mesh:
    """Makes the mesh for a stage of this many seeds and rows a batch."""
    sizes = self.mesh_sizes or mesh_lib.automatic(
        jax.device_count(), num_seeds, batch_size
    )
    return mesh_lib.make(sizes)

  def say(self, text: str) -> None:
    """Prints a line for the user, once however many processes there are."""
    if jax.process_index() == 0:
      print(text, flush=True)

  def result(
      self,
      name: str,
      compute: Callable[[], Mapping[str, npt.ArrayLike]],
      *,
      shared: str = '',
      made_from: Mapping[str, Any] | None = None,
  ) -> dict[str, np.ndarray]:
    """Returns `compute()`, done once: later runs read it from the workdir.

    Args:
      name: file name under `results/`, unique in the experiment.
      compute: returns named arrays; deterministic, run on every process.
      shared: a folder where runs of other workdirs find it too, instead.
      made_from: all that the arrays depend on, as JSON can hold it; in such a
        folder the file name ends in its digest.

    Returns:
      The arrays.

    Raises:
      ValueError: if the stored file is damaged.
    """
    path = self.workdir / 'results' / f'{name}.npz'
    if shared:
      text = json.dumps(made_from, sort_keys=True)
      digest = hashlib.sha256(text.encode()).hexdigest()[:16]
      path = epath.Path(shared) / f'{name}-{digest}.npz'
    stored = distributed.from_first(
        lambda: path.read_bytes() if path.exists() else None
    )
    if stored is not None:
      return _arrays(stored, path)
    arrays = {k: np.asarray(v) for k, v in compute().items()}
    if jax.process_index() == 0:
      buffer = io.BytesIO()
      np.savez(buffer, allow_pickle=False, **arrays)
      write = workdir_lib.write_atomic
      if self.folder is not None and not shared:
        write = self.folder.write
      write(path, buffer.getvalue())
    return arrays


def _arrays(stored: bytes, path: epath.Path) -> dict[str, np.ndarray]:
  """Reads named arrays from the contents of an npz file."""
  try:
    with np.load(io.BytesIO(stored), allow_pickle=False) as contents:
      return dict(contents)
  except (OSError, ValueError, zipfile.BadZipFile) as e:
    raise ValueError(
        f'{path} is damaged ({e}); remove it, and it is made anew.'
    ) from e
