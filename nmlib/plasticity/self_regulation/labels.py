"""What objects do to a rate by their labels, and how labels change meaning."""

import jax
import jax.numpy as jnp

from nmlib.neurons.core import checks
from nmlib.plasticity.self_regulation.config import Config


def effect(labels: jax.Array, config: Config) -> jax.Array:
  """Returns what objects do to a rate: 1 where they raise it, else -1."""
  return jnp.where(labels >= config.first_raising, 1, -1)


def exchange(permutation: jax.Array, swap: jax.Array) -> jax.Array:
  """Exchanges two classes, [2], in what labels mean, [K]; equal ones: none.

  Raises:
    ValueError: for a class that there is not.
  """
  checks.indices('swap', swap, len(permutation))
  swap = jnp.asarray(swap, permutation.dtype)
  first, second = permutation == swap[0], permutation == swap[1]
  return jnp.where(first, swap[1], jnp.where(second, swap[0], permutation))
