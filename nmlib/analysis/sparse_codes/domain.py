"""What the formulas of sparse codes are asked for: whole numbers, in range."""

from fractions import Fraction
import math
import operator
from typing import Any

Probability = Any  # float; Fraction if `exact`


def whole(name: str, value: Any) -> int:
  """Returns value as an int; 3.0 counts as 3.

  Raises:
    ValueError: if value is not a whole number, or is negative.
  """
  try:
    if isinstance(value, float) and value.is_integer():
      value = int(value)
    number = operator.index(value)
  except TypeError:
    raise ValueError(f'{name} must be a whole number, got {value!r}.') from None
  if number < 0:
    raise ValueError(f'{name} must be 0 or more, got {number}.')
  return number


def population(of: str = 'n', **values: Any) -> tuple[int, ...]:
  """Checks that counts are at most the size of the population.

  Args:
    of: name of the size.
    **values: the size and the counts.

  Returns:
    All of them as ints, in order.

  Raises:
    ValueError: naming the value and what is allowed.
  """
  checked = {name: whole(name, value) for name, value in values.items()}
  size = checked[of]
  if size < 1:
    raise ValueError(f'{of} must be at least 1, got {size}.')
  for name, value in checked.items():
    if value > size:
      raise ValueError(f'{name} must be at most {of}={size}, got {value}.')
  return tuple(checked.values())


def ratio(part: int, total: int, exact: bool) -> Probability:
  """Returns part / total, rounded once, or as a fraction."""
  return Fraction(part, total) if exact else part / total


def any_of(single: float, count: float) -> float:
  """Returns 1 - (1 - single)^count, right also where `single` is tiny."""
  if count == 0:
    return 0.0
  return 1.0 if single == 1 else -math.expm1(count * math.log1p(-single))
