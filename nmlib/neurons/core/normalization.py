"""Normalisations without parameters."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp


def layer_norm(z: jax.Array, epsilon: float = 1e-5) -> jax.Array:
  """Returns (z - mean) / sqrt(var + epsilon) over the last axis of z [..., d].

  Biased variance, no scale, no shift; computed in float32 or wider.
  """
  z = z.astype(jnp.promote_types(z.dtype, jnp.float32))
  z = z - jnp.mean(z, axis=-1, keepdims=True)
  variance = jnp.mean(jnp.square(z), axis=-1, keepdims=True)
  return z * jax.lax.rsqrt(variance + epsilon)


def safe_norm(
    x: jax.Array, axis: int | Sequence[int] | None = None
) -> jax.Array:
  """Returns |x|_2 over axes (None: all), with the gradient 0 where x is 0.

  The square root has no finite slope there, so that the gradient of
  `jnp.linalg.norm` is NaN.
  """
  return safe_sqrt(jnp.sum(jnp.square(x), axis=axis))


def safe_sqrt(x: jax.Array) -> jax.Array:
  """Returns the square root of x >= 0, with the gradient 0 where x is 0."""
  zero = x == 0
  return jnp.where(zero, 0, jnp.sqrt(jnp.where(zero, 1, x)))


def safe_ratio(
    part: jax.Array, whole: jax.Array, otherwise: float = 0.0
) -> jax.Array:
  """Returns part / whole, and `otherwise` (gradient 0) where the whole is 0."""
  some = whole != 0
  return jnp.where(some, part / jnp.where(some, whole, 1), otherwise)
