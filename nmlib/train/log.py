"""The training metrics of a stage: averaged, checked, written."""

from typing import Any

import numpy as np

from nmlib.train import metrics as metrics_lib
from nmlib.train.stage import Metrics
from nmlib.train.stage import Stage


class NonFinite(FloatingPointError):
  """A loss, a metric or the state is no longer finite."""


class Log:
  """Means of the training metrics, written when complete.

  Values stay on the devices until the next call is under way, so that reading
  them does not make the devices wait.
  """

  def __init__(
      self,
      stage: Stage,
      table: metrics_lib.Table,
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
    self.progress = metrics_lib.Progress(
        stage.name, start, stage.loop.num_steps
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
      self.progress.update(done, **{k: v[-1] for k, v in rows.items()})

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
