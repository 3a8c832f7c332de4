"""Linear teachers with anisotropic features, and trials that they label."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons.core import checks


class Teacher(NamedTuple):
  """beta = w^T F reads whitened inputs through features F."""

  weights: jax.Array  # w [d]
  features: jax.Array  # F [d, d]

  @property
  def beta(self) -> jax.Array:
    """The direction [d] that labels."""
    return self.weights @ self.features

  @property
  def leading(self) -> jax.Array:
    """beta [d] with only the stronger half of the features."""
    u, s, vt = jnp.linalg.svd(self.features)
    half = len(s) // 2
    return self.weights @ ((u[:, :half] * s[None, :half]) @ vt[:half])


def teacher(key: jax.Array, dimension: int, anisotropy: float) -> Teacher:
  """Draws w ~ N(0, I / d) and F: half its singular values kappa, half 1.

  The teacher of Liu et al. (arXiv 2310.08513), figure 3.

  Args:
    key: of the draw.
    dimension: d, at least 2.
    anisotropy: kappa, at least 1.

  Raises:
    ValueError: if a value is out of range.
  """
  checks.count('dimension', dimension, 2)
  if not anisotropy >= 1:
    raise ValueError(f'anisotropy must be at least 1, got {anisotropy}.')
  left, right, weights = jax.random.split(key, 3)
  values = jnp.where(jnp.arange(dimension) < dimension // 2, anisotropy, 1.0)
  u = jax.random.orthogonal(left, dimension)
  v = jax.random.orthogonal(right, dimension)
  w = jax.random.normal(weights, (dimension,)) / dimension**0.5
  return Teacher(w, (u * values[None]) @ v)


def trials(
    key: jax.Array, beta: jax.Array, count: int
) -> tuple[jax.Array, jax.Array]:
  """Draws whitened inputs [count, d] with their labels beta x [count]."""
  inputs = jax.random.normal(key, (count, beta.size))
  return inputs, inputs @ beta
