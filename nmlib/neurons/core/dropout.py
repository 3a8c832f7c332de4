"""Dropout whose mask is a function of (key, layer, position, unit).

A mask drawn from a key has to be drawn for the whole array at once, so that
it depends on how a sequence is cut into chunks. This one is counter-based:
any part of it can be computed anywhere, in any order, with integer operations
alone (also inside a kernel), and every form of a model drops the same units.

Bits of unit u at position t in layer l, with the key's two words a and b:

  row = mix(mix(t ^ a) + l * 0x9e3779b9)
  column = mix(u ^ b)
  z = row ^ column
  bits = (z ^ (z >> 16)) * 0x846ca68b

`mix` is the 32-bit finaliser "lowbias32" of C. Wellons (hash-prospector,
public domain): two multiplications and three xor-shifts. It costs once a row
and once a column; an element costs one multiplication, whose high bits, the
ones that decide, depend on all bits of row and column.
"""

import jax
import jax.numpy as jnp
import numpy as np


def mix(z: jax.Array) -> jax.Array:
  """Scrambles uint32 values; a bijection in which each bit affects all."""
  z = (z ^ (z >> 16)) * np.uint32(0x7FEB352D)
  z = (z ^ (z >> 15)) * np.uint32(0x846CA68B)
  return z ^ (z >> 16)


def key_words(key: jax.Array) -> jax.Array:
  """Returns two uint32 words that stand for a key of any implementation."""
  words = jax.random.key_data(key).astype(jnp.uint32).reshape(-1)
  words = jnp.pad(words, (0, words.size % 2)).reshape(-1, 2)
  folded = words[0]
  for pair in words[1:]:
    folded = mix(folded) ^ pair
  return folded


def bits(
    words: jax.Array,
    layer: jax.Array | int,
    positions: jax.Array,
    units: jax.Array,
) -> jax.Array:
  """Returns random bits, uint32 [h, T, N].

  Args:
    words: of the key, uint32 [2].
    layer: index of the layer, int [].
    positions: absolute positions, int [T].
    units: index of each unit in its layer, int [h, N].
  """
  start = jnp.asarray(layer).astype(jnp.uint32) * np.uint32(0x9E3779B9)
  row = mix(mix(positions.astype(jnp.uint32) ^ words[0]) + start)
  column = mix(units.astype(jnp.uint32) ^ words[1])
  z = row[None, :, None] ^ column[:, None, :]
  return (z ^ (z >> 16)) * np.uint32(0x846CA68B)


def dropout(
    x: jax.Array,
    rate: float,
    words: jax.Array,
    layer: jax.Array | int,
    positions: jax.Array,
) -> jax.Array:
  """Zeroes units with probability `rate` and scales the rest by 1/(1-rate).

  Unit i of head h has the index h * N + i, in the order of storage.

  Args:
    x: activations, float [h, T, N].
    rate: in [0, 1).
    words: of the key, from `key_words`, uint32 [2].
    layer: index of the layer, int [].
    positions: absolute positions, int [T].

  Returns:
    The thinned activations, with the shape and dtype of x.
  """
  h, _, n = x.shape
  units = jnp.arange(h * n, dtype=jnp.uint32).reshape(h, n)
  threshold = np.uint32(min(round(rate * 2**32), 2**32 - 1))
  keep = bits(words, layer, positions, units) >= threshold
  return jnp.where(keep, x * (1 / (1 - rate)), 0).astype(x.dtype)
