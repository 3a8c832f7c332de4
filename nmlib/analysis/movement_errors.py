"""How far a movement is from the one that was asked for.

Three measures of ataxia. Pemberton et al. (arXiv 2110.11501) speak of
dysmetria and ataxia; how they measure them we do not know, and these
definitions are ours. Paths are [T, d], places step by step; any leading axes
are kept.
"""

import jax
import jax.numpy as jnp

from nmlib.neurons.core import checks
from nmlib.neurons.core import normalization


def endpoint_error(path: jax.Array, target: jax.Array) -> jax.Array:
  """Returns |y_T - target_T|, of paths [..., T, d]: dysmetria."""
  _check(path, target)
  return normalization.safe_norm(path[..., -1, :] - target[..., -1, :], -1)


def path_error(path: jax.Array, target: jax.Array) -> jax.Array:
  """Returns the mean over steps of |y_t - target_t|, of paths [..., T, d]."""
  _check(path, target)
  return jnp.mean(normalization.safe_norm(path - target, -1), -1)


def jerkiness(path: jax.Array) -> jax.Array:
  """Returns the mean over t of |y_{t+1} - 2 y_t + y_{t-1}|, of [..., T, d].

  0 on a straight line at an even pace.

  Raises:
    ValueError: with fewer than three steps.
  """
  if path.shape[-2] < 3:
    raise ValueError(
        f'a path must have at least 3 steps, got shape {list(path.shape)}.'
    )
  bend = path[..., 2:, :] - 2 * path[..., 1:-1, :] + path[..., :-2, :]
  return jnp.mean(normalization.safe_norm(bend, -1), -1)


def measures(paths: jax.Array, targets: jax.Array) -> dict[str, jax.Array]:
  """Returns means over N paths [N, T, d]: squared error, and the three."""
  return {
      'error': jnp.mean(jnp.sum((paths - targets) ** 2, -1)),
      'endpoint error': jnp.mean(endpoint_error(paths, targets)),
      'path error': jnp.mean(path_error(paths, targets)),
      'jerkiness': jnp.mean(jerkiness(paths)),
  }


def _check(path: jax.Array, target: jax.Array) -> None:
  sizes = {f'axis_{i}': size for i, size in enumerate(target.shape)}
  checks.shape('path', path, **sizes)
