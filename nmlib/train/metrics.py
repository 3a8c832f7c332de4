"""Scalars of a stage: a plain table, TensorBoard events, a progress bar."""

from collections.abc import Mapping
import csv
import os
import pathlib

import jax
import numpy as np
import tensorboardX
import tqdm

from nmlib.train import distributed

History = dict[str, tuple[np.ndarray, np.ndarray]]  # name: (steps, values)


class Table:
  """`metrics/<stage>.csv`: one line for each step, name and seed.

  Lines past the step from which a run resumes are cut, so that no step occurs
  twice. Only process 0 writes.
  """

  HEADER = ('step', 'name', 'seed', 'value')

  def __init__(
      self, folder: pathlib.Path, stage: str, seeds: tuple[int, ...], step: int
  ):
    """Opens the table and the events so that they end at `step`.

    Args:
      folder: where `<stage>.csv` and the folder `<stage>/` of events lie.
      stage: name of the stage.
      seeds: the seeds [S], one value each in what `write` takes.
      step: steps already taken; later lines are cut.
    """
    self._path = folder / f'{stage}.csv'
    self._seeds = seeds
    self._writers: list[tensorboardX.SummaryWriter] = []
    self._file = None
    if jax.process_index():
      return
    folder.mkdir(parents=True, exist_ok=True)
    self._cut(step)
    self._file = self._path.open('a', newline='')
    self._csv = csv.writer(self._file, lineterminator='\n')
    self._writers = [
        tensorboardX.SummaryWriter(
            str(folder / stage / f'seed-{seed}'),
            purge_step=step + 1,
            write_to_disk=True,
        )
        for seed in seeds
    ]

  def _cut(self, step: int) -> None:
    kept: list[str] = [','.join(self.HEADER)]
    if self._path.exists():
      for line in self._path.read_text().splitlines()[1:]:
        fields = next(csv.reader([line]), [])
        whole = len(fields) == len(self.HEADER)
        if whole and int(fields[0]) <= step:
          kept.append(line)
    partial = self._path.with_suffix('.csv.partial')
    partial.write_text('\n'.join(kept) + '\n')
    partial.replace(self._path)

  def write(self, step: int, values: Mapping[str, np.ndarray]) -> None:
    """Adds one line a value; `values[name]` is [S]."""
    if self._file is None:
      return
    for name, row in values.items():
      for seed, writer, value in zip(
          self._seeds, self._writers, row, strict=True
      ):
        self._csv.writerow((step, name, seed, repr(float(value))))
        if np.isfinite(value):  # TensorBoard warns of others; the CSV has them
          writer.add_scalar(name, float(value), step)

  def flush(self) -> None:
    """Brings every line to disk, as a checkpoint needs before it is saved."""
    if self._file is not None:
      self._file.flush()
      os.fsync(self._file.fileno())
      for writer in self._writers:
        writer.flush()

  def close(self) -> None:
    self.flush()
    if self._file is not None:
      self._file.close()
    for writer in self._writers:
      writer.close()

  def history(self) -> History:
    """Reads the whole table: for each name steps [n] and values [n, S].

    Every process must call it; process 0 reads.
    """
    self.flush()
    text = (distributed.from_first(self._path.read_bytes) or b'').decode()
    columns: dict[str, dict[int, dict[int, float]]] = {}
    for line in csv.DictReader(text.splitlines()):
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


class Progress:
  """A bar with rate and time left; nothing unless stderr is a terminal."""

  def __init__(self, stage: str, first: int, num_steps: int):
    self._bar = tqdm.tqdm(
        desc=stage,
        initial=first,
        total=num_steps,
        unit='step',
        disable=True if jax.process_index() else None,  # None: asks the tty
    )

  def update(self, step: int, **values: np.ndarray) -> None:
    """Moves to `step` and shows the mean over seeds of each value."""
    if not self._bar.disable:
      shown = {name: f'{np.mean(v):.4g}' for name, v in values.items()}
      self._bar.set_postfix(shown, refresh=False)
      self._bar.update(step - self._bar.n)

  def close(self) -> None:
    self._bar.close()
