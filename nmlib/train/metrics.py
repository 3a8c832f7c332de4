"""Scalars of a stage: averaged, checked, and written as a table and events."""

from collections.abc import Mapping
import csv
import io
import time
from typing import Any

from etils import epath
import jax
import numpy as np
import tensorboardX
from tensorboardX import record_writer
import tqdm

from nmlib.train import workdir
from nmlib.train.gradient import Metrics
from nmlib.train.hosts import distributed
from nmlib.train.stage import Stage

History = dict[str, tuple[np.ndarray, np.ndarray]]  # name: (steps, values)

_SECONDS = 10.0  # between two writes of a table that nobody asked for


class NonFinite(FloatingPointError):
  """A loss, a metric or the state is no longer finite."""


class Table:
  """`metrics/<stage>.csv`: one line for each step, name and seed.

  Lines past the step from which a run resumes are cut, so that no step occurs
  twice. Only process 0 writes; nothing before the first `flush`, then every
  few seconds, and always the whole file, for a bucket can do nothing else.
  """

  HEADER = ('step', 'name', 'seed', 'value')

  def __init__(
      self,
      folder: epath.PathLike,
      stage: str,
      seeds: tuple[int, ...],
      step: int,
  ):
    """Reads the table up to `step`.

    Args:
      folder: where `<stage>.csv` and the folder `<stage>/` of events lie.
      stage: name of the stage.
      seeds: the seeds [S], one value each in what `write` takes.
      step: steps already taken; later lines are cut.
    """
    self._folder = epath.Path(folder)
    self._stage = stage
    self._seeds = seeds
    self._step = step
    self._path = self._folder / f'{stage}.csv'
    self._lines = io.StringIO()
    self._csv = csv.writer(self._lines, lineterminator='\n')
    self._csv.writerow(self.HEADER)
    self._events: list[tuple[int, float, Mapping[str, np.ndarray]]] = []
    self._writers: list[tensorboardX.SummaryWriter] = []
    self._flushed = 0.0
    if jax.process_index() == 0 and self._path.exists():
      rows = csv.reader(self._path.read_text().splitlines()[1:])
      whole = [row for row in rows if len(row) == len(self.HEADER)]
      self._csv.writerows(row for row in whole if int(row[0]) <= step)

  def write(self, step: int, values: Mapping[str, np.ndarray]) -> None:
    """Adds one line a value; `values[name]` is [S]."""
    if jax.process_index():
      return
    for name, row in values.items():
      if np.ndim(row) != 1:
        raise ValueError(
            f'metric {name!r} must be one number a seed, [S], got shape'
            f' {list(np.shape(row))}.'
        )
      for seed, value in zip(self._seeds, row, strict=True):
        self._csv.writerow((step, name, seed, repr(float(value))))
    self._events.append((step, time.time(), values))
    if self._writers and time.monotonic() - self._flushed > _SECONDS:
      self.flush()

  def flush(self) -> None:
    """Brings every line to disk, as a checkpoint needs before it is saved."""
    if jax.process_index():
      return
    workdir.write_atomic(self._path, self._lines.getvalue())
    if not self._writers:
      if not workdir.is_local(self._folder):
        record_writer.register_writer_factory('gs', _BucketEvents)
      self._writers = [
          tensorboardX.SummaryWriter(
              str(self._folder / self._stage / f'seed-{seed}'),
              purge_step=self._step + 1,
              write_to_disk=True,
          )
          for seed in self._seeds
      ]
    for step, now, values in self._events:
      for name, row in values.items():
        for writer, value in zip(self._writers, row, strict=True):
          if np.isfinite(value):  # TensorBoard warns of others
            writer.add_scalar(name, float(value), step, now)
    self._events.clear()
    for writer in self._writers:
      writer.flush()
    self._flushed = time.monotonic()

  def close(self) -> None:
    """Writes what is left of a table that was begun."""
    if self._writers:
      self.flush()
    for writer in self._writers:
      writer.close()

  def history(self) -> History:
    """Returns the whole table: for each name steps [n] and values [n, S].

    Every process must call it; process 0 has the lines.
    """
    text = distributed.from_first(lambda: self._lines.getvalue().encode())
    columns: dict[str, dict[int, dict[int, float]]] = {}
    for line in csv.DictReader((text or b'').decode().splitlines()):
      steps = columns.setdefault(line['name'], {})
      steps.setdefault(int(line['step']), {})[int(line['seed'])] = float(
          line['value']
      )
    return {
        name: (
            np.array(sorted(steps)),
            np.array(
                [
                    [steps[step][seed] for seed in self._seeds]
                    for step in sorted(steps)
                ]
            ),
        )
        for name, steps in columns.items()
    }


class _BucketEvents:
  """A file of TensorBoard events in a bucket, written whole at each flush."""

  @classmethod
  def open(cls, path: str) -> '_BucketEvents':
    return cls(path)

  @staticmethod
  def directory_check(path: str) -> None:
    """Does nothing: a bucket has no folders to make."""

  def __init__(self, path: str):
    self._path = epath.Path(path)
    self._data = io.BytesIO()
    self._size = 0  # of what the bucket has

  def write(self, data: bytes) -> None:
    self._data.write(data)

  def flush(self) -> None:
    if self._data.tell() > self._size:
      self._path.write_bytes(self._data.getvalue())
      self._size = self._data.tell()

  def close(self) -> None:
    self.flush()


class Log:
  """Means of the training metrics, checked to be finite, written when complete.

  Values stay on the devices until the next call is under way, so that reading
  them does not make the devices wait.
  """

  def __init__(
      self,
      stage: Stage,
      table: Table,
      start: int,
      position: dict[str, Any] | None,
  ):
    """Starts at step `start`, with the unfinished means of `position`."""
    self._stage = stage.name
    self._loop = stage.loop
    self._table = table
    self._seeds = stage.seeds
    self._waiting: list[tuple[int, Metrics]] = []
    position = position or {'count': 0, 'sums': {}}
    self._count = position['count']
    self._sums = {k: np.array(v) for k, v in position['sums'].items()}
    self._bar = tqdm.tqdm(
        desc=stage.name,
        initial=start,
        total=stage.loop.num_steps,
        unit='step',
        disable=True if jax.process_index() else None,  # None: asks the tty
    )

  def position(self) -> dict[str, Any]:
    """Returns the unfinished means, JSON-serialisable."""
    sums = {k: v.tolist() for k, v in self._sums.items()}
    return {'count': self._count, 'sums': sums}

  def add(self, done: int, values: Metrics) -> None:
    """Takes the metrics [K, S] of the call that ended at step `done`."""
    self._waiting.append((done, values))

  def drain(self, all_but: int = 0) -> None:
    """Reads and writes all calls but the newest `all_but`."""
    while len(self._waiting) > all_but:
      done, values = self._waiting.pop(0)
      rows = {k: np.asarray(v, float) for k, v in values.items()}  # [K, S]
      first = done - self._loop.steps_per_call + 1
      for offset in range(self._loop.steps_per_call):
        self._one(first + offset, {k: v[offset] for k, v in rows.items()})
      if not self._bar.disable:
        shown = {name: f'{np.mean(v[-1]):.4g}' for name, v in rows.items()}
        self._bar.set_postfix(shown, refresh=False)
        self._bar.update(done - self._bar.n)

  def _one(self, step: int, values: dict[str, np.ndarray]) -> None:
    for name, row in sorted(values.items(), key=lambda v: v[0] != 'loss'):
      if not np.isfinite(row).all():
        seed = self._seeds[int(np.argmin(np.isfinite(row)))]
        raise NonFinite(
            f'{self._stage}: {name} of seed {seed} is'
            f' {row[~np.isfinite(row)][0]} at step {step}'
        )
      self._sums[name] = self._sums.get(name, 0.0) + row
    self._count += 1
    last = step == self._loop.num_steps
    if step % self._loop.log_every == 0 or last:
      self._table.write(
          step, {k: v / self._count for k, v in self._sums.items()}
      )
      self._count, self._sums = 0, {}

  def evaluated(self, step: int, values: Metrics) -> None:
    """Writes the metrics [S] of an evaluation."""
    self._table.write(step, {k: np.asarray(v) for k, v in values.items()})

  def close(self) -> None:
    """Ends the progress bar."""
    self._bar.close()
