"""Limits of the fields of configs, said once: in their annotations.

>>> @dataclasses.dataclass(frozen=True)
... class Config:
...   num_units: limits.Count  # N
...   tau: limits.Positive = 20.0  # ms
...   reset: Literal['zero', 'subtract'] = 'zero'
...
...   __post_init__ = limits.check

A `__post_init__` of its own calls `limits.check(self)` first and then relates
fields to each other. None passes where the annotation allows it, each element
of a tuple is held to the annotation of the elements.
"""

import dataclasses
import functools
import math
import numbers
import types
import typing
from typing import Annotated
from typing import Any
from typing import Literal


@dataclasses.dataclass(frozen=True)
class Range:
  """Numbers from `low` to `high`; an end that is `open` does not belong."""

  low: float = -math.inf
  high: float = math.inf
  open: Literal['', 'low', 'high', 'both'] = ''
  infinite: bool = False  # whether inf and -inf are numbers too

  def holds(self, value: Any) -> bool:
    """Whether a number lies in the range; NaN lies in none."""
    if not (self.infinite or math.isfinite(value)):
      return False
    above = value > self.low or (
        value == self.low and self.open not in ('low', 'both')
    )
    below = value < self.high or (
        value == self.high and self.open not in ('high', 'both')
    )
    return above and below

  def __str__(self) -> str:
    left = '(' if self.open in ('low', 'both') else '['
    right = ')' if self.open in ('high', 'both') else ']'
    if self.low > -math.inf and self.high < math.inf:
      return f'in {left}{self.low:g}, {self.high:g}{right}'
    if self.low > -math.inf:
      if self.open in ('low', 'both'):
        return 'positive' if self.low == 0 else f'above {self.low:g}'
      return f'at least {self.low:g}'
    if self.high < math.inf:
      below = 'below' if self.open in ('high', 'both') else 'at most'
      return f'{below} {self.high:g}'
    return 'a number' if self.infinite else 'finite'


@dataclasses.dataclass(frozen=True)
class Some:
  """A tuple of at least one element, or two if their order matters."""

  distinct: bool = False  # each of them once
  rising: bool = False  # two or more, each above the one before

  def holds(self, value: Any) -> bool:
    """Whether a tuple has elements, distinct or rising if that is asked."""
    if self.rising:
      return len(value) > 1 and list(value) == sorted(set(value))
    return bool(value) and (not self.distinct or len(set(value)) == len(value))

  def __str__(self) -> str:
    if self.rising:
      return 'two or more, rising'
    return 'one or more, each once' if self.distinct else 'one or more'


@dataclasses.dataclass(frozen=True)
class Place:
  """A path of the user's, whose files an experiment reads; '' is none."""

  def holds(self, value: Any) -> bool:
    """Whether it may be one; what lies there is looked at when it is read."""
    return isinstance(value, str)

  def __str__(self) -> str:
    return 'a path'


Count = Annotated[int, Range(1)]  # 1, 2, ...
Natural = Annotated[int, Range(0)]  # 0, 1, 2, ...
Finite = Annotated[float, Range()]
Positive = Annotated[float, Range(0, open='low')]
NonNegative = Annotated[float, Range(0)]
UnitInterval = Annotated[float, Range(0, 1)]
Probability = UnitInterval
Fraction = Annotated[float, Range(0, 1, 'high')]  # [0, 1), such as a decay
OpenUnitInterval = Annotated[float, Range(0, 1, 'both')]
Path = Annotated[str, Place()]


def check(config: Any) -> None:
  """Holds every field of a dataclass to the limits in its annotation.

  Args:
    config: an instance.

  Raises:
    ValueError: naming the first field that is out of its limits, its value,
      and what is allowed.
  """
  for name, annotation in _annotations(type(config)).items():
    value = getattr(config, name)
    problem = _problem(value, annotation)
    if problem:
      raise ValueError(
          f'{full_name(type(config), name)} must be {problem}, got {value!r}.'
      )


def full_name(config: type, field: str) -> str:
  """How messages call a field: `lif.Config.tau`, of launchers `config.tau`."""
  if config.__module__.partition('.')[0] != 'nmlib':
    return f'config.{field}'
  module = config.__module__.removesuffix('.config').removesuffix('.params')
  module = module.rpartition('.')[2]
  return f'{module}.{config.__qualname__}.{field}'


def described(config: type) -> dict[str, str]:
  """Returns what each field of a dataclass may be; '' if anything of a type."""
  return {
      name: _words(annotation)
      for name, annotation in _annotations(config).items()
  }


def paths(config: Any) -> dict[str, str]:
  """Returns the fields of a dataclass that are a `Path` and not empty."""
  given = {
      name: getattr(config, name)
      for name, annotation in _annotations(type(config)).items()
      if any(isinstance(x, Place) for x in typing.get_args(annotation))
  }
  return {name: path for name, path in given.items() if path}


@functools.cache
def _annotations(config: type) -> dict[str, Any]:
  hints = typing.get_type_hints(config, include_extras=True)
  return {field.name: hints[field.name] for field in dataclasses.fields(config)}


def _problem(value: Any, annotation: Any) -> str:
  """Returns what the value must be, or '' if it is that."""
  origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
  if origin is Annotated:
    inner, *limits = arguments
    wrong = _problem(value, inner)
    holds = not wrong and all(limit.holds(value) for limit in limits)
    return '' if holds else _words(annotation)
  if origin in (typing.Union, types.UnionType):
    fits = not all(_problem(value, option) for option in arguments)
    return '' if fits else _words(annotation)
  if origin is Literal:
    fits = any(value == allowed for allowed in arguments)
    return '' if fits else _words(annotation)
  if origin is tuple:
    return _tuple_problem(value, arguments)
  return _type_problem(value, annotation)


def _tuple_problem(value: Any, arguments: tuple[Any, ...]) -> str:
  if not isinstance(value, tuple):
    return 'a tuple'
  if len(arguments) == 2 and arguments[1] is Ellipsis:
    problems = (_problem(one, arguments[0]) for one in value)
  elif len(arguments) != len(value):
    return f'a tuple of {len(arguments)}'
  else:
    problems = (
        _problem(one, wanted)
        for one, wanted in zip(value, arguments, strict=True)
    )
  found = next(filter(None, problems), '')
  return found and f'a tuple of elements that are {found}'


def _type_problem(value: Any, annotation: Any) -> str:
  whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
  real = isinstance(value, numbers.Real) and not isinstance(value, bool)
  if annotation is int:
    return '' if whole else 'a whole number'
  if annotation is float:
    return '' if real and not math.isnan(value) else 'a number'
  if annotation is Any or not isinstance(annotation, type):
    return ''
  if not isinstance(value, annotation):
    return 'None' if annotation is type(None) else f'a {annotation.__name__}'
  return ''


def _words(annotation: Any) -> str:
  """Returns the limits that an annotation sets, in words."""
  origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
  if origin is Annotated:
    inner, *limits = arguments
    words = ['a whole number' if inner is int else _words(inner)]
    return ', '.join(word for word in (*words, *map(str, limits)) if word)
  if origin in (typing.Union, types.UnionType):
    words = [
        'None' if option is type(None) else _words(option)
        for option in arguments
    ]
    return ' or '.join(word for word in words if word)
  if origin is Literal:
    return f'one of {", ".join(map(repr, arguments))}'
  if origin is tuple and arguments:
    return _words(arguments[0])
  return ''
