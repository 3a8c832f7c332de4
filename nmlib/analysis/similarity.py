"""How alike two kernels are, two sets, or two networks on the same trials.

Nothing (a kernel or states that are 0) aligns with nothing: 0, and so are the
gradients.
"""

import jax
import jax.numpy as jnp

from nmlib.neurons.core import normalization


def kernel_alignment(kernel: jax.Array, other: jax.Array) -> jax.Array:
  """Returns <K, K0> / (|K| |K0|) [], in [0, 1] for kernels; 0 if one is 0."""
  # Scaled first, so that squares stay in range.
  scaled = lambda k: normalization.safe_ratio(k, normalization.safe_norm(k))
  return jnp.sum(scaled(kernel) * scaled(other))


def centred_kernel_alignment(kernel: jax.Array, other: jax.Array) -> jax.Array:
  """Returns `kernel_alignment` [] of C K C and C K0 C, C = I - 1 / B.

  CKA (Kornblith et al., ICML 2019): of Gram matrices H H^T it compares states
  whatever their mean, rotation and scale.
  """
  centre = lambda k: (
      k
      - jnp.mean(k, 0, keepdims=True)
      - jnp.mean(k, 1, keepdims=True)
      + jnp.mean(k)
  )
  return kernel_alignment(centre(kernel), centre(other))


def kernel_target_alignment(kernel: jax.Array, target: jax.Array) -> jax.Array:
  """Returns y^T K y / (|y|^2 tr K) [], for a target y [R]."""
  return normalization.safe_ratio(
      target @ kernel @ target, target @ target * jnp.trace(kernel)
  )


def representation_alignment(states: jax.Array, other: jax.Array) -> jax.Array:
  """Returns the alignment [] of Gram matrices of states [B, N]; uncentred CKA.

  Equals `kernel_alignment(H H^T, H0 H0^T)`; works with whichever of the
  [B, B] and [N, N] products is smaller.
  """
  if states.shape[0] <= states.shape[1]:
    return kernel_alignment(states @ states.T, other @ other.T)
  norm = normalization.safe_norm
  cross = norm(states.T @ other) ** 2
  return normalization.safe_ratio(
      cross, norm(states.T @ states) * norm(other.T @ other)
  )


def sign_similarity(states: jax.Array, other: jax.Array) -> jax.Array:
  """Returns the part [] of entries with one sign; zero is a sign of its own."""
  same = jnp.sign(states) == jnp.sign(other)
  return jnp.mean(same, dtype=states.dtype)


def jaccard(members: jax.Array, others: jax.Array) -> jax.Array:
  """Returns what two sets share of their union [], in [0, 1]; 0 if both empty.

  Args:
    members: bool [N], which of N are in the one set.
    others: bool [N], which are in the other.
  """
  both, either = jnp.sum(members & others), jnp.sum(members | others)
  return both / jnp.maximum(either, 1)
