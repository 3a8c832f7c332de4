"""Where along a track units are active, and how that moves.

After Fang and Stachenfeld (arXiv 2310.06089): the field of a unit is the
positive part of its output along the track, over its maximum; learning to
predict moves fields against the direction of running, as in the hippocampus.
"""

import jax
import jax.numpy as jnp

from nmlib.neurons.core import normalization

_SILENT = 1e-4  # a sum over places; a unit below has no field


def fields(outputs: jax.Array) -> jax.Array:
  """Returns place fields [C, N], in [0, 1]; 0 of a silent unit.

  Args:
    outputs: of N units at C places.
  """
  positive = jax.nn.relu(outputs)
  highest = jnp.max(positive, axis=0, keepdims=True)
  whole = jnp.broadcast_to(highest, outputs.shape)
  return normalization.safe_ratio(positive, whole)


def peaks(found: jax.Array) -> jax.Array:
  """Returns where along the track each field is highest [N], in [0, 1).

  The first of equal ones; NaN of a silent unit.
  """
  place = jnp.argmax(found, axis=0) / found.shape[0]
  return jnp.where(jnp.sum(found, axis=0) > _SILENT, place, jnp.nan)


def shift(before: jax.Array, after: jax.Array) -> jax.Array:
  """Returns how far fields have moved along a ring [N], in [-1/2, 1/2).

  Shares of the track's length, positive in the direction of running; NaN of a
  unit that is silent before or after.

  Args:
    before: fields [C, N], places as one passes them.
    after: of the same units.
  """
  return (peaks(after) - peaks(before) + 0.5) % 1.0 - 0.5
