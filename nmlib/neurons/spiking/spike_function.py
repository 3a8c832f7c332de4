"""The spike: a step forwards, any derivative backwards.

`surrogate` has the derivatives, and shows what is here under its own name.
"""

from collections.abc import Callable
import dataclasses
import math
from typing import Any

import jax


@dataclasses.dataclass(frozen=True)
class Surrogate:
  """A derivative g(x); hashable while its parameters are numbers.

  Parameters may also be traced arrays, so that a slope can be scheduled or
  mapped over; such a surrogate is passed to `spike` directly, not through a
  static Config.

  Attributes:
    name: of the function.
    derivative: g(x, *parameters).
    parameters: numbers, or scalars under a transformation.
    primitive: the antiderivative of g that is 0 at 0, as (x, *parameters); None
      where there is none in closed form.
  """

  name: str
  derivative: Callable[..., jax.Array]
  parameters: tuple[Any, ...] = ()
  primitive: Callable[..., jax.Array] | None = None

  def __call__(self, x: jax.Array) -> jax.Array:
    """Returns g(x), of x's shape and dtype."""
    return self.derivative(x, *self.parameters).astype(x.dtype)

  def smoothed(self, x: jax.Array) -> jax.Array:
    """Returns the smooth step whose true derivative is g(x)."""
    if self.primitive is None:
      raise ValueError(f'surrogate {self.name} has no closed-form primitive.')
    return self.primitive(x, *self.parameters).astype(x.dtype)


def spike(
    x: jax.Array, surrogate: Surrogate, *, at_threshold: bool = False
) -> jax.Array:
  """Returns 1 where x > 0, else 0, with derivative g(x).

  Args:
    x: distance to threshold, float of any shape.
    surrogate: g; linear in the tangent, so forward and reverse mode agree.
    at_threshold: whether x = 0 spikes (SpikingJelly) or not (the others).
  """
  derivative = jax.lax.stop_gradient(surrogate(x))
  return (_spike_inclusive if at_threshold else _spike)(x, derivative)


@jax.custom_jvp
def _spike(x, derivative):
  del derivative
  return (x > 0).astype(x.dtype)


@jax.custom_jvp
def _spike_inclusive(x, derivative):
  del derivative
  return (x >= 0).astype(x.dtype)


def _jvp(function):
  def rule(primals, tangents):
    x_dot, derivative = tangents[0], primals[1]
    return function(*primals), x_dot * derivative

  return rule


_spike.defjvp(_jvp(_spike))
_spike_inclusive.defjvp(_jvp(_spike_inclusive))


def make(
    name: str,
    derivative: Callable[..., jax.Array],
    primitive: Callable[..., jax.Array] | None = None,
    *,
    signed: dict[str, Any] | None = None,
    **positive: Any,
) -> Surrogate:
  """Returns a surrogate once its parameters, those that are numbers, fit.

  Args:
    name: of the function.
    derivative: of x, the positive parameters and the signed ones, in order.
    primitive: of the same; None: there is none in closed form.
    signed: parameters by name that are finite, of any sign.
    **positive: parameters by name that are positive and finite.

  Raises:
    ValueError: naming a parameter that is not.
  """
  signed = signed or {}
  for field, value in {**positive, **signed}.items():
    if isinstance(value, jax.core.Tracer):
      continue
    if not math.isfinite(value) or (field in positive and not value > 0):
      kind = 'positive and finite' if field in positive else 'finite'
      raise ValueError(
          f'surrogate.{name}: {field} must be {kind}, got {value}.'
      )
  parameters = (*positive.values(), *signed.values())
  return Surrogate(name, derivative, parameters, primitive)
