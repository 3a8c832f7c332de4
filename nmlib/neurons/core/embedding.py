"""Rows of a table by index, NaN where there is none."""

import jax
import jax.numpy as jnp


def rows(table: jax.Array, indices: jax.Array) -> jax.Array:
  """Returns table [V, d] at integer indices [...], [..., d]; NaN out of [0, V).

  JAX alone counts negative indices from the end.
  """
  known = jnp.where(indices < 0, len(table), indices)
  return jnp.take(table, known, axis=0, mode='fill')
