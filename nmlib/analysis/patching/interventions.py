"""Edits that studies make: a pattern overridden, a direction added."""

import jax
import jax.numpy as jnp
import numpy.typing as npt

from nmlib.neurons import sites
from nmlib.neurons.core import checks


def override_pattern(
    heads: npt.ArrayLike, query: int, weights: npt.ArrayLike
) -> sites.Edit:
  """Returns an edit of 'pattern' that gives heads a row of their own.

  Args:
    heads: bool [L, H], which.
    query: position whose row it is; negative ones count from the end.
    weights: [T], what it reads from every token, which add up to 1.

  Raises:
    ValueError: if shapes do not fit, the query is no position, or concrete
      weights do not add up to 1.
  """
  heads, weights = jnp.asarray(heads), jnp.asarray(weights)
  if heads.ndim != 2 or heads.dtype != bool or weights.ndim != 1:
    raise ValueError(
        'heads must be bool [L, H] and weights [T], got'
        f' {heads.dtype} {list(heads.shape)} and {list(weights.shape)}.'
    )
  checks.probabilities('weights', weights)
  length = len(weights)
  if not -length <= query < length:
    raise ValueError(f'query must be a position of {length}, got {query}.')
  row = jnp.zeros(length, bool).at[query].set(True)
  mask = heads[:, :, None, None] & row[None, None, :, None]
  return sites.Edit(mask=mask, value=weights[None, None, None])


def steer(
    vector: jax.Array, layer: int, num_layers: int, scale: float = 1.0
) -> sites.Edit:
  """Returns an edit that adds scale times a vector [d] to one layer's [T, d].

  Raises:
    ValueError: if there is no such layer.
  """
  if not 0 <= layer < num_layers:
    raise ValueError(f'layer must be in [0, {num_layers}), got {layer}.')
  vector = jnp.asarray(vector)
  vector = vector.astype(jnp.result_type(vector, jnp.float32))
  checks.shape('vector', vector, 'd')
  add = jnp.zeros((num_layers, 1, len(vector)), vector.dtype)
  return sites.Edit(add=add.at[layer, 0].set(scale * vector))
