"""What functions refuse in a sentence: other shapes, indices out of range."""

import operator
from typing import Any

import jax
import numpy as np


def is_concrete(array: Any) -> bool:
  """Whether the values can be seen: not traced, and all on this host."""
  return not isinstance(array, jax.core.Tracer) and getattr(
      array, 'is_fully_addressable', True
  )


def shape(name: str, array: Any, *free: str, **sizes: int) -> None:
  """Refuses an array of another shape.

  >>> checks.shape('inputs', xs, 'T', num_inputs=config.num_inputs)

  Args:
    name: of the array.
    array: of NumPy or JAX.
    *free: letters of leading axes of any size.
    **sizes: of the axes after them, by the name of what sets them.

  Raises:
    ValueError: saying what was expected and what came.
  """
  axes = ', '.join([*free, *(f'{k}={size}' for k, size in sizes.items())])
  if not hasattr(array, 'shape'):
    kind = type(array).__name__
    raise ValueError(f'{name} must be an array [{axes}], got a {kind}.')
  expected = tuple(sizes.values())
  found = tuple(array.shape)
  if len(found) != len(free) + len(sizes) or found[len(free) :] != expected:
    raise ValueError(f'{name} must be [{axes}], got shape {list(found)}.')


def trailing(name: str, array: Any, **sizes: int | None) -> None:
  """Refuses an array whose last axes are of other sizes.

  >>> checks.trailing('weights', weights, num_units=config.num_units, D=None)

  Args:
    name: of the array.
    array: of NumPy or JAX, with any axes before those.
    **sizes: of the last axes, by the name of what sets them; None: any.

  Raises:
    ValueError: saying what was expected and what came.
  """
  axes = ', '.join(
      key if size is None else f'{key}={size}' for key, size in sizes.items()
  )
  if not hasattr(array, 'shape'):
    kind = type(array).__name__
    raise ValueError(f'{name} must be an array [..., {axes}], got a {kind}.')
  found = tuple(array.shape)
  last = found[-len(sizes) :]
  fits = len(last) == len(sizes) and all(
      size in (None, own)
      for own, size in zip(last, sizes.values(), strict=True)
  )
  if not fits:
    raise ValueError(f'{name} must be [..., {axes}], got shape {list(found)}.')


def indices(name: str, values: Any, size: int) -> None:
  """Refuses what is no index of `size` things, where values can be seen.

  JAX itself clips indices out of range, or drops what they would write.

  Args:
    name: of the indices.
    values: integers of any shape.
    size: of what they point into.

  Raises:
    ValueError: naming the first value that is out of range, and its place, or
      the dtype if the values are no integers.
  """
  if not np.issubdtype(values.dtype, np.integer):
    raise ValueError(f'{name} must be integers, got {values.dtype}.')
  if not is_concrete(values):
    return
  values = np.asarray(values)
  refuse(name, values, (values < 0) | (values >= size), f'in [0, {size})')


def count(name: str, value: Any, least: int = 1) -> None:
  """Refuses what is no whole number of at least `least`, where it can be seen.

  Args:
    name: of the number.
    value: an integer of Python, NumPy or JAX.
    least: what is allowed.

  Raises:
    ValueError: naming the value.
  """
  if not is_concrete(value):
    return
  try:
    whole = None if isinstance(value, bool) else operator.index(value)
  except TypeError:
    whole = None
  if whole is None:
    raise ValueError(f'{name} must be a whole number, got {value!r}.')
  if whole < least:
    raise ValueError(f'{name} must be at least {least}, got {value}.')


def binary(name: str, values: Any) -> None:
  """Refuses spikes that are not 0 or 1, where values can be seen.

  Args:
    name: of the spikes.
    values: numbers of any shape.

  Raises:
    ValueError: naming the first other value, and its place.
  """
  if not is_concrete(values):
    return
  values = np.asarray(values)
  wrong = (values != 0) & (values != 1)
  once = '; a cell spikes once a step at most'
  refuse(name, values, wrong, 'spikes, 0 or 1', once)


def within(name: str, values: Any, low: float, high: float) -> None:
  """Refuses numbers outside [low, high], and NaN, where values can be seen.

  Args:
    name: of the numbers.
    values: numbers of any shape.
    low: the least that is allowed.
    high: the greatest.

  Raises:
    ValueError: naming the first value outside, and its place.
  """
  if not is_concrete(values):
    return
  values = np.asarray(values)
  wrong = ~((values >= low) & (values <= high))
  refuse(name, values, wrong, f'in [{low:g}, {high:g}]')


def finite(name: str, values: Any) -> None:
  """Refuses NaN and infinity, where values can be seen.

  Raises:
    ValueError: naming the first value that is not finite, and its place.
  """
  if is_concrete(values):
    values = np.asarray(values)
    refuse(name, values, ~np.isfinite(values), 'finite')


def probabilities(name: str, values: Any) -> None:
  """Refuses what are no probabilities, where values can be seen.

  Args:
    name: of the probabilities.
    values: [..., n], which add up to 1 over the last axis, to 1e-5.

  Raises:
    ValueError: naming the first that is wrong, and its place.
  """
  if not is_concrete(values):
    return
  values = np.asarray(values)
  within(name, values, 0, 1)
  sums = values.sum(-1)
  wrong = np.abs(sums - 1) > 1e-5
  if wrong.any():
    place = np.argwhere(wrong)[0]
    raise ValueError(
        f'{name} must add up to 1 over the last axis, got'
        f' {sums[tuple(place)]:.6g} at {place.tolist()}.'
    )


def refuse(
    name: str,
    values: np.ndarray,
    wrong: np.ndarray,
    expected: str,
    hint: str = '',
) -> None:
  """Raises a sentence on the first value that is marked as wrong.

  Args:
    name: of the values.
    values: of any shape.
    wrong: of that shape; which are not as expected.
    expected: follows "must be".
    hint: ends the sentence.

  Raises:
    ValueError: naming the value and its place, if any is wrong.
  """
  if wrong.any():
    place = np.argwhere(wrong)[0]
    raise ValueError(
        f'{name} must be {expected}, got {values[tuple(place)]} at'
        f' {place.tolist()}{hint}.'
    )
