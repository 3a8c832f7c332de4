"""Spatial patterns, spikes of channels in one step: sets, and what is near."""

import jax
import jax.numpy as jnp


def sunflower(
    key: jax.Array,
    num_patterns: int,
    num_channels: int,
    num_active: int,
    distance: int,
) -> jax.Array:
  """Draws patterns that all have the same distance from each other.

  They share a core of random channels, and each has others of its own.

  Args:
    key: of the draw.
    num_patterns: P.
    num_channels: N.
    num_active: k, ones of a pattern.
    distance: Hamming distance of any two: twice the channels of its own.

  Returns:
    [P, N], float, 0 or 1.

  Raises:
    ValueError: if the distance is odd or too large, or channels do not suffice.
  """
  own, odd = divmod(distance, 2)
  needed = num_active + (num_patterns - 1) * own
  if odd or not 0 <= own <= num_active or needed > num_channels:
    raise ValueError(
        f'distance of {num_patterns} patterns with {num_active} ones must be'
        f' even, at most {2 * num_active}, and leave room in {num_channels}'
        f' channels, got {distance}, which needs {needed}.'
    )
  place = jax.random.permutation(key, num_channels)[None]
  core = num_active - own
  start = core + own * jnp.arange(num_patterns)[:, None]
  its_own = (place >= start) & (place < start + own)
  return ((place < core) | its_own).astype(float)


def at_distance(
    key: jax.Array, pattern: jax.Array, distance: jax.Array | int
) -> jax.Array:
  """Draws a pattern [N] at this Hamming distance of one, all equally likely.

  Args:
    key: of the draw.
    pattern: [N], 0 or 1.
    distance: channels that flip, at most N.
  """
  flips = jax.random.permutation(key, pattern.shape[0]) < distance
  return jnp.where(flips, 1 - pattern, pattern)


def near_misses(
    key: jax.Array, patterns: jax.Array, copies: int, farthest: int
) -> jax.Array:
  """Draws a test set: copies of each pattern, and others around each.

  Args:
    key: of the draw.
    patterns: [P, N].
    copies: of each pattern, and of draws at each distance.
    farthest: distances are 1 .. farthest.

  Returns:
    [P (1 + farthest) copies, N], by pattern, then by distance from it.
  """
  distances = jnp.repeat(jnp.arange(1 + farthest), copies)
  keys = jax.random.split(key, (patterns.shape[0], distances.size))
  draw = jax.vmap(at_distance, (0, None, 0))
  drawn = jax.vmap(draw, (0, 0, None))(keys, patterns, distances)
  return drawn.reshape(-1, patterns.shape[1])


def is_among(probes: jax.Array, patterns: jax.Array) -> jax.Array:
  """Returns which probes [B, N] equal one of the patterns [P, N], bool [B]."""
  return jnp.any(jnp.all(probes[:, None] == patterns[None], -1), -1)
