r"""The interaction kernel (definition 1): species that meet make others.

With amounts q >= 0 of z species, rates r >= 0 and damping 0 <= d <= 1,

.. math:: q_k' = (1 - d_k) q_k + \sum_{ij} r_{ijk}\, q_i q_j

keeps q >= 0. The paper asks for d >= 0 alone, but beyond 1 a species without
reactions turns negative. `rounds.read`, `write` and `damp` are of this form,
with synapses and what nodes hold as species.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons.bdh.graph import edges
from nmlib.neurons.core import checks


class Reactions(NamedTuple):
  """m reactions of two species that make a third; all else has the rate 0."""

  first: jax.Array  # [m], int32, i
  second: jax.Array  # [m], int32, j; (i, j) and (j, i) are not the same
  product: jax.Array  # [m], int32, k
  rate: jax.Array  # [m], r_ijk


def step(q: jax.Array, rates: jax.Array, damping: jax.Array) -> jax.Array:
  """Advances all species by one step.

  Args:
    q: amounts, float [z].
    rates: r_ijk, float [z, z, z].
    damping: d, float [z].

  Returns:
    Amounts after the step, float [z].

  Raises:
    ValueError: if a shape does not fit, or a concrete value is not finite,
      negative, or a damping above 1.
  """
  _check(q, damping)
  checks.shape('rates', rates, i=len(q), j=len(q), k=len(q))
  edges.numbers('rates', rates, low=0)
  return (1 - damping) * q + jnp.einsum('ijk,i,j->k', rates, q, q)


def sparse_step(
    q: jax.Array, reactions: Reactions, damping: jax.Array
) -> jax.Array:
  """As `step`, with the rates that are not 0 as a list.

  Raises:
    ValueError: as `step`, and if a species is outside [0, z).
  """
  _check(q, damping)
  first, second, product, rate = reactions
  checks.shape('reactions.rate', rate, 'm')
  for name, index in zip(reactions._fields[:3], reactions[:3], strict=True):
    checks.shape(f'reactions.{name}', index, rate=len(rate))
    checks.indices(f'reactions.{name}', index, len(q))
  edges.numbers('reactions.rate', rate, low=0)
  made = rate * q[first] * q[second]
  return (1 - damping) * q + jax.ops.segment_sum(made, product, len(q))


def _check(q, damping):
  checks.shape('q', q, 'z')
  checks.shape('damping', damping, z=len(q))
  edges.numbers('q', q, low=0)
  edges.numbers('damping', damping, low=0, high=1)
