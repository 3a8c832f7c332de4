"""Two moons: points of two half circles that reach into each other."""

import jax
import jax.numpy as jnp


def sample(
    key: jax.Array, num: int, noise: float = 0.1
) -> tuple[jax.Array, jax.Array]:
  """Draws points [num, 2] and their classes int [num].

  Class 0 is the upper half of the circle around (0, 0), class 1 the lower half
  of that around (1, 0.5), both of radius 1.

  Args:
    key: of the draw.
    num: of points.
    noise: standard deviation of what is added to each coordinate.
  """
  angle_key, class_key, noise_key = jax.random.split(key, 3)
  angle = jnp.pi * jax.random.uniform(angle_key, (num,))
  label = jax.random.bernoulli(class_key, shape=(num,)).astype(int)
  upper = jnp.stack([jnp.cos(angle), jnp.sin(angle)], 1)
  lower = jnp.array([[1.0, 0.5]]) - upper
  points = jnp.where(label[:, None] == 0, upper, lower)
  return points + noise * jax.random.normal(noise_key, points.shape), label
