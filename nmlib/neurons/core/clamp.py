"""Clipping with the gradient of torch.clamp: 1 on the closed interval."""

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.core import checks


def clamp(
    x: jax.Array, low: float | None = None, high: float | None = None
) -> jax.Array:
  """Returns x within [low, high]; None leaves an end open.

  `jnp.clip` halves the gradient of what lies on an end, where constant weights
  put whole networks. Here it is 1 at the ends and 0 outside. NaN stays. Whole
  numbers between ends that are none become floating, as in `jnp.clip`.

  Raises:
    ValueError: if a concrete end is NaN, or concrete ends are in wrong order.
  """
  ends = {k: v for k, v in (('low', low), ('high', high)) if v is not None}
  _check(**ends)
  x = jnp.asarray(x)
  dtype = jnp.result_type(x, *ends.values())
  x = x if x.dtype == dtype else x.astype(dtype)
  if low is not None:
    x = jnp.where(x < low, jnp.asarray(low, x.dtype), x)
  if high is not None:
    x = jnp.where(x > high, jnp.asarray(high, x.dtype), x)
  return x


def _check(**ends):
  if not all(map(checks.is_concrete, ends.values())):
    return
  for name, end in ends.items():
    seen = np.asarray(end)
    checks.refuse(name, seen, np.isnan(seen), 'a number')
  if len(ends) == 2 and np.any(np.asarray(ends['low']) > ends['high']):
    raise ValueError(
        f'low must be at most high, got {ends["low"]} and {ends["high"]}.'
    )
