"""How much one discrete variable tells of another."""

import jax
import jax.numpy as jnp


def mutual_information(counts: jax.Array) -> jax.Array:
  r"""Returns the mutual information [...], in bits, of two counted variables.

  The plug-in estimate, sum p_ab log2(p_ab / (p_a p_b)); 0 of no counts. Of
  independent variables it is not 0 but (A - 1)(B - 1) / (2 n ln 2) in the mean,
  of large n (`bias`).

  Args:
    counts: [..., A, B], how often a and b came together.
  """
  total = counts.sum((-2, -1), keepdims=True)
  joint = counts / jnp.maximum(total, 1)
  apart = joint.sum(-1, keepdims=True) * joint.sum(-2, keepdims=True)
  seen = joint > 0
  ratio = jnp.where(seen, joint, 1) / jnp.where(seen, apart, 1)
  return jnp.sum(joint * jnp.log2(ratio), (-2, -1))


def bias(counts: jax.Array) -> jax.Array:
  """Returns what `mutual_information` gives independent variables, [...] bits.

  Miller (1955), first order in 1 / n.

  Args:
    counts: [..., A, B].
  """
  freedom = (counts.shape[-2] - 1) * (counts.shape[-1] - 1)
  total = jnp.maximum(counts.sum((-2, -1)), 1)
  return freedom / (2 * total * jnp.log(2.0))
