"""Time constants as decays a step, and back.

beta means exp(-dt / tau) in some libraries and 1 - dt / tau in others; name
the method where you convert.
"""

import math

import jax
import jax.numpy as jnp

METHODS = ('exact', 'euler')


def decay(tau, dt: float = 1.0, *, method: str = 'exact'):
  """Returns what is left of a leaking quantity after dt.

  Args:
    tau: time constant, in the unit of dt; a positive number or array.
    dt: step.
    method: 'exact', exp(-dt / tau), or 'euler', 1 - dt / tau.

  Raises:
    ValueError: a time constant or step that is not positive, an Euler step
      beyond tau, or an unknown method.
  """
  if method not in METHODS:
    raise ValueError(f'method must be one of {METHODS}, got {method!r}.')
  if not dt > 0:
    raise ValueError(f'dt must be positive, got {dt}.')
  if not isinstance(tau, jax.core.Tracer):
    if not jnp.all(jnp.asarray(tau) > 0):
      raise ValueError(f'time constants must be positive, got {tau}.')
    if method == 'euler' and jnp.any(jnp.asarray(tau) < dt):
      raise ValueError(f'an Euler step dt={dt} must not exceed tau={tau}.')
  return jnp.exp(-dt / tau) if method == 'exact' else 1 - dt / tau


def check(name: str, *, dt: float, **taus: float) -> None:
  """Checks numbers that a preset turns into Euler decays.

  Args:
    name: of the preset, for the message.
    dt: step, in the unit of the time constants.
    **taus: time constants by name.

  Raises:
    ValueError: naming the number, if it is not positive, or a time constant
      is below the step.
  """
  for field, value in {'dt': dt, **taus}.items():
    if not value > 0:
      raise ValueError(f'{name}: {field} must be positive, got {value}.')
    if value < dt:
      raise ValueError(
          f'{name}: {field} must be at least the step dt={dt}, got {value}.'
      )


def time_constant(decayed: float, dt: float = 1.0) -> float:
  """Returns tau of an exact decay, a number in (0, 1), in the unit of dt."""
  return -dt / math.log(decayed)


def to_logit(decayed) -> jax.Array:
  """Returns the number whose logistic function is the decay.

  Learn this instead of the decay: a decay clipped to [0, 1] has no gradient
  at its bounds. SpikingJelly's parametric neuron learns -to_logit.
  """
  decayed = jnp.asarray(decayed)
  return jnp.log(decayed) - jnp.log1p(-decayed)


def from_logit(logit: jax.Array) -> jax.Array:
  """Returns the decay in (0, 1)."""
  return jax.nn.sigmoid(logit)


def clamp(decayed: jax.Array) -> jax.Array:
  """Returns the decay within [0, 1]; outside, its gradient is 0."""
  return jnp.where(decayed < 0, 0, jnp.where(decayed > 1, 1, decayed))


def heterogeneous(
    key: jax.Array,
    tau: float,
    spread: float,
    shape: tuple[int, ...],
    dtype: jax.typing.DTypeLike = float,
) -> jax.Array:
  """Samples time constants from a gamma distribution (Perez-Nieves 2021).

  Args:
    key: of randomness.
    tau: their mean.
    spread: their standard deviation over their mean; 0: all alike.
    shape: of the result.
    dtype: of the result.
  """
  if not tau > 0 or not spread >= 0:
    raise ValueError(
        'tau must be positive and spread at least 0, got'
        f' tau={tau}, spread={spread}.'
    )
  if spread == 0:
    return jnp.full(shape, tau, dtype)
  k = 1 / spread**2
  return tau / k * jax.random.gamma(key, k, shape, dtype)
