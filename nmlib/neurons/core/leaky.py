"""Leaky integration: of one step, or of a whole sequence at once."""

import jax
import jax.numpy as jnp


def integrate(
    decay: jax.Array, value: jax.Array, drive: jax.Array, rest: float = 0.0
) -> jax.Array:
  """Returns rest + decay (value - rest) + drive, of any shape."""
  if rest:
    return rest + decay * (value - rest) + drive
  return decay * value + drive


def trace(
    inputs: jax.Array, kappa: jax.Array, start: jax.Array | None = None
) -> jax.Array:
  """Returns s_t = kappa s_{t-1} + u_t for all t, by an associative scan.

  Args:
    inputs: u, float [T, N].
    kappa: decay in a step, [N].
    start: s_0 [N]; None: zeros.
  """
  if start is not None and len(inputs):
    inputs = inputs.at[0].add(kappa * start)
  decay = jnp.broadcast_to(kappa[None], inputs.shape)
  compose = lambda first, second: (
      first[0] * second[0],
      second[0] * first[1] + second[1],
  )
  return jax.lax.associative_scan(compose, (decay, inputs))[1]
