"""Stretches of a sequence around events."""

import numpy as np
import numpy.typing as npt


def windows(
    values: npt.ArrayLike, events: npt.ArrayLike, before: int, after: int
) -> np.ndarray:
  """Returns what lies around each event, [..., E, before + after].

  Events whose window leaves the sequence are left out.

  Args:
    values: [..., T].
    events: int [E], places in the sequence; the first one `after` an event is
      its own.
    before: how many before it.
    after: how many from it on.

  Raises:
    ValueError: if before or after is negative.
  """
  values, events = np.asarray(values), np.asarray(events, int)
  if min(before, after) < 0:
    raise ValueError(
        f'before and after must not be negative, got {before} and {after}.'
    )
  inside = (events >= before) & (events + after <= values.shape[-1])
  places = events[inside][:, None] + np.arange(-before, after)[None]
  return values[..., places]


def lost(values: npt.ArrayLike, before: int) -> np.ndarray:
  """Returns how much is lost after an event, [...], against just before it.

  The mean before it less the value, summed over all that follows.

  Args:
    values: [..., before + after], as of `windows`.
    before: how many of them come before the event.

  Raises:
    ValueError: if none does, or all do.
  """
  values = np.asarray(values, float)
  if not 0 < before < values.shape[-1]:
    raise ValueError(
        f'before must be in [1, {values.shape[-1] - 1}] of the'
        f' {values.shape[-1]} values, got {before}.'
    )
  level = values[..., :before].mean(-1, keepdims=True)
  return (level - values[..., before:]).sum(-1)
