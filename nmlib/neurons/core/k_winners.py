"""k-winners: only the most active units of a layer stay active."""

import jax
import jax.numpy as jnp


def winners(x: jax.Array, k: int) -> jax.Array:
  """Returns where the k largest numbers of x are, bool in its shape.

  Of equal ones the first in memory win, so exactly k do.

  Args:
    x: numbers [...].
    k: how many, in 0 .. the size of x.

  Raises:
    ValueError: if k is out of range.
  """
  if not 0 <= k <= x.size:
    raise ValueError(f'k must be in 0 .. {x.size}, got {k}.')
  # Indices, not a threshold: equal values at the border must not all win.
  best = jax.lax.top_k(x.ravel(), k)[1]
  return jnp.zeros(x.size, bool).at[best].set(True).reshape(x.shape)


def k_winners(x: jax.Array, k: int) -> jax.Array:
  """Keeps the k largest of x [D] and sets the others to zero.

  Values are not rectified, so a winner may be negative. Of equal values the
  first win, so exactly k do. The gradient goes to winners only. With k = D
  this is the identity.

  Args:
    x: activations, [D].
    k: winners, in 1 .. D.

  Returns:
    [D], dtype of x.

  Raises:
    ValueError: if x is not a vector or k is out of range.
  """
  if x.ndim != 1:
    raise ValueError(f'x must be one layer [D], got shape {list(x.shape)}.')
  if not 1 <= k <= len(x):
    raise ValueError(f'k must be in 1 .. {len(x)}, got {k}.')
  return jnp.where(winners(x, k), x, 0)
