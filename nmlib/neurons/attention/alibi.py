"""ALiBi: scores of a softmax attention fall linearly with distance.

Press, Smith, Lewis: Train Short, Test Long, ICLR 2022 (arXiv 2108.12409), in
place of embeddings of positions. The bias is added to scores before the
softmax; the damping of `linear_attention` multiplies them, and is another
model.
"""

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.core import checks


def slopes(num_heads: int) -> np.ndarray:
  """Returns m_h, float64 [h]: of 8 heads 1/2, 1/4, ... 1/256.

  As the authors' code: a count that is no power of two has the slopes of the
  power below it, then every second one of the power above it.

  Raises:
    ValueError: if there is no head.
  """
  checks.count('num_heads', num_heads)
  power = 2 ** (num_heads.bit_length() - 1)
  below = np.arange(2, 2 * power + 1, 2)
  above = np.arange(1, 2 * (num_heads - power), 2)
  return 2.0 ** (-4 * np.concatenate([below, above]) / power)


def bias(
    num_heads: int,
    num_tokens: int,
    *,
    reach: int,
    num_past: int = 0,
    known: jax.Array | int = 0,
) -> jax.Array:
  """Returns what is added to causal scores, float [h, T, P + T].

  Token t of T reads itself, those before it, and P slots of a cache before
  them, the newest last: -m_h times the distance, or -inf where it reads
  nothing. It depends on distances alone, so that windows may be cut anywhere.

  Args:
    num_heads: h.
    num_tokens: T.
    reach: greatest distance that is read.
    num_past: P.
    known: slots of the cache that are filled, int [].

  Raises:
    ValueError: if there is no head, or a number is negative.
  """
  if min(num_tokens, reach, num_past) < 0:
    raise ValueError(
        'num_tokens, reach and num_past must not be negative, got'
        f' {num_tokens}, {reach} and {num_past}.'
    )
  t = jnp.arange(num_tokens)[:, None]
  s = jnp.arange(-num_past, num_tokens)[None]
  distance = t - s  # [T, P + T]
  seen = (distance >= 0) & (distance <= reach) & (s >= -jnp.asarray(known))
  slope = jnp.asarray(slopes(num_heads))[:, None, None]
  return jnp.where(seen[None], -slope * distance[None], -jnp.inf)
