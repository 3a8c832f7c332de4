"""Event streams as sparse arrays: when, and which unit.

Recordings lie one after another in two flat arrays, as files hold them; a
raster [T, D] is made of one recording at a time, when it is needed.
"""

from typing import NamedTuple

import numpy as np

from nmlib.neurons.core import checks


class Events(NamedTuple):
  """One recording, sorted in time."""

  times: np.ndarray  # [E], seconds, float64
  units: np.ndarray  # [E], int32 in 0 .. D - 1


class Recordings(NamedTuple):
  """N labelled recordings of D units."""

  times: np.ndarray  # [E], seconds, float64, sorted within each recording
  units: np.ndarray  # [E], int32 in 0 .. D - 1
  offsets: np.ndarray  # [N + 1], int64: where each recording begins
  labels: np.ndarray  # [N], int32
  num_units: int  # D

  def __len__(self):  # pyrefly: ignore [bad-override]
    return len(self.labels)

  def recording(self, index: int) -> Events:
    """Returns recording `index`.

    Raises:
      ValueError: if there is no such recording.
    """
    checks.indices('index', np.asarray(index), len(self.labels))
    part = slice(*self.offsets[index : index + 2])
    return Events(self.times[part], self.units[part])


def check(events: Events, num_units: int, source: str) -> Events:
  """Returns events in their standard types, once they are sound.

  Args:
    events: as read.
    num_units: D.
    source: where they come from, for the message.

  Raises:
    ValueError: times and units differ in number, a time is not finite or
      negative or earlier than the one before, or a unit is not in 0 .. D - 1.
  """
  times = np.asarray(events.times, np.float64)
  units = np.asarray(events.units)
  if times.ndim != 1 or times.shape != units.shape:
    raise ValueError(
        f'{source}: times and units must be of one length, got'
        f' {times.shape} and {units.shape}; is the file truncated?'
    )
  if not np.all(np.isfinite(times)) or np.any(times < 0):
    bad = times[~np.isfinite(times) | (times < 0)][0]
    raise ValueError(
        f'{source}: times must be finite and not negative, got {bad}.'
    )
  back = np.flatnonzero(np.diff(times) < 0)
  if back.size:
    raise ValueError(
        f'{source}: events must be sorted in time, event {back[0] + 1} at'
        f' {times[back[0] + 1]} s follows one at {times[back[0]]} s; sort the'
        ' file, or see whether it is damaged.'
    )
  if units.size and not 0 <= units.min() <= units.max() < num_units:
    raise ValueError(
        f'{source}: units must be in 0 .. {num_units - 1}, got'
        f' {units.min()} .. {units.max()}.'
    )
  return Events(times, units.astype(np.int32))


def gather(
    recordings: list[Events], labels: np.ndarray, num_units: int, source: str
) -> Recordings:
  """Checks recordings and lays them one after another.

  Raises:
    ValueError: as `check`, naming the recording, or there are not as many
      labels as recordings, or a label is negative.
  """
  labels = np.asarray(labels)
  if len(recordings) != len(labels):
    raise ValueError(
        f'{source}: {len(recordings)} recordings but {len(labels)} labels.'
    )
  if labels.size and labels.min() < 0:
    raise ValueError(
        f'{source}: labels must be at least 0, got {labels.min()}.'
    )
  sound = [
      check(events, num_units, f'{source}, recording {i}')
      for i, events in enumerate(recordings)
  ]
  return Recordings(
      np.concatenate([e.times for e in sound] or [np.zeros(0)]),
      np.concatenate([e.units for e in sound] or [np.zeros(0, np.int32)]),
      np.cumsum([0] + [len(e.times) for e in sound]),
      labels.astype(np.int32),
      num_units,
  )


def raster(
    events: Events,
    num_units: int,
    *,
    bin_width: float,
    num_steps: int,
    binary: bool = False,
) -> np.ndarray:
  """Counts events in time bins [k, k + 1) bin_width.

  A time is in the bin whose left edge k * bin_width, rounded to float64, is
  the last not above it. Events after the last bin are dropped.

  Args:
    events: sorted or not.
    num_units: D.
    bin_width: seconds; the `dt` of the neurons that read it.
    num_steps: T.
    binary: several events of a unit in one bin count once.

  Returns:
    Counts [T, D], float32.

  Raises:
    ValueError: bin_width or num_steps is not positive, or a unit is not in
      0 .. D - 1.
  """
  if not bin_width > 0 or num_steps < 1:
    raise ValueError(
        'bin_width and num_steps must be positive, got'
        f' {bin_width} and {num_steps}.'
    )
  checks.indices('units', np.asarray(events.units), num_units)
  edges = np.arange(num_steps + 1) * bin_width
  step = np.searchsorted(edges, events.times, side='right') - 1
  inside = (step >= 0) & (step < num_steps)
  counts = np.zeros((num_steps, num_units), np.float32)
  np.add.at(counts, (step[inside], events.units[inside]), 1)
  return np.minimum(counts, 1) if binary else counts


def from_raster(counts: np.ndarray, bin_width: float) -> Events:
  """Returns events at the left edges of their bins, of counts [T, D].

  Raises:
    ValueError: counts are not whole numbers of at least 0, or not [T, D], or
      the bins are not of positive width.
  """
  if not bin_width > 0:
    raise ValueError(f'bin_width must be positive, got {bin_width}.')
  counts = np.asarray(counts)
  if counts.ndim != 2 or np.any(counts < 0) or np.any(counts % 1):
    raise ValueError(
        'counts must be [T, D] of whole numbers of at least 0, got shape'
        f' {counts.shape}.'
    )
  steps, units = np.nonzero(counts)
  number = counts[steps, units].astype(int)
  return Events(
      np.repeat(steps * bin_width, number),
      np.repeat(units, number).astype(np.int32),
  )
