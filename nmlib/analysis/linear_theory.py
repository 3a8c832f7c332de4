"""Laziness of a two-layer linear network, in closed form.

f(x) = w2^T W1 x on whitened inputs, squared loss to a teacher beta, gradient
flow from a small start (Liu et al., arXiv 2310.08513). The flow ends at
W1^T W1 = |beta| b b^T and |w2|^2 = |beta| with b = beta / |beta|, whatever
the start, so that the alignment of tangent kernels follows from the start
alone.
"""

import jax
import jax.numpy as jnp


def tangent_kernel(first: jax.Array, second: jax.Array) -> jax.Array:
  """Returns W1^T W1 + |w2|^2 I [d, d] of W1 [h, d] and w2 [h]."""
  identity = jnp.eye(first.shape[1], dtype=first.dtype)
  return first.T @ first + (second @ second) * identity


def kernel_alignment(
    beta: jax.Array, first: jax.Array, second: jax.Array
) -> jax.Array:
  """Returns the alignment [] of the final with the initial tangent kernel.

  Args:
    beta: the teacher [d]; only its direction counts.
    first: W1 at the start [h, d]; small, not 0.
    second: w2 at the start [h]; small.
  """
  d = beta.size
  b = beta / jnp.linalg.norm(beta)
  initial = tangent_kernel(first, second)
  final = jnp.outer(b, b) + jnp.eye(d, dtype=initial.dtype)
  size = jnp.sqrt(d + 3.0) * jnp.linalg.norm(initial)
  return jnp.sum(initial * final) / size


def expected_kernel_alignment(
    dimension: int, participation: jax.Array, ratio: float = 0.0
) -> jax.Array:
  """Returns the mean of `kernel_alignment` over teachers in all directions.

  Args:
    dimension: d.
    participation: (sum s^2)^2 / sum s^4 of W1 at the start.
    ratio: |w2|^2 / |W1|_F^2 at the start.
  """
  d, a = dimension, ratio
  top = 1 + 1 / d + a * (1 + d)
  spread = 1 / participation + 2 * a + d * a**2
  return top / (jnp.sqrt(d + 3.0) * jnp.sqrt(spread))
