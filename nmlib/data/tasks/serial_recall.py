"""Serial recall: distinct items in random order, to be named in that order.

A task of our own, for models in `nmlib.networks.oscillatory`.
"""

import jax


def sample(key: jax.Array, num_items: int, length: int) -> jax.Array:
  """Draws `length` of the items 0 to num_items - 1, in random order, int [K].

  Raises:
    ValueError: if there are not as many items.
  """
  if not 0 < length <= num_items:
    raise ValueError(
        f'length must be in [1, {num_items}], the items, got {length}.'
    )
  return jax.random.permutation(key, num_items)[:length]
