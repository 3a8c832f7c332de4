"""Normalisations without parameters."""

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
