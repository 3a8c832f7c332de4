"""One step of an ordinary differential equation, of order 1, 2 or 4."""

from collections.abc import Callable
from typing import Any
from typing import Literal

import jax

Method = Literal['euler', 'heun', 'rk4']


def advance(
    velocity: Callable[[Any], Any], state: Any, dt: float, method: Method
) -> Any:
  """Returns the state a step later, of s' = velocity(s).

  What else the velocity depends on, such as an input, is held for the step.

  Args:
    velocity: state -> its derivative, a pytree like it.
    state: a pytree of arrays.
    dt: the step.
    method: 'euler' (order 1), 'heun' (2), 'rk4' (classical Runge-Kutta, 4).

  Raises:
    ValueError: if there is no such method.
  """

  def after(step, slope):
    return jax.tree.map(lambda s, k: s + step * k, state, slope)

  def mean(weights, *slopes):
    total = lambda *k: sum(w * one for w, one in zip(weights, k, strict=True))
    return jax.tree.map(total, *slopes)

  first = velocity(state)
  if method == 'euler':
    return after(dt, first)
  if method == 'heun':
    second = velocity(after(dt, first))
    return after(dt, mean((1 / 2, 1 / 2), first, second))
  if method == 'rk4':
    second = velocity(after(dt / 2, first))
    third = velocity(after(dt / 2, second))
    fourth = velocity(after(dt, third))
    weights = 1 / 6, 1 / 3, 1 / 3, 1 / 6
    return after(dt, mean(weights, first, second, third, fourth))
  raise ValueError(f'method must be euler, heun or rk4, got {method!r}.')
