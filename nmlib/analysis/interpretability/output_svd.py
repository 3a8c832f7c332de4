r"""Singular components of a read-out, and damping those that say something.

EigenShift (Shaik, Mazhar, Srivastava & Akhtar, arXiv 2509.16660): with
:math:`W = U S V^T` the logits of a final state h are :math:`\sum_i S_i (v_i^T
h) u_i`; components whose activations :math:`a_i = v_i^T h` are larger where the
model says marked words are damped, S_i to alpha S_i.

Two things in the released code are not what it says, and both are kept beside
the right ones: it projects by V in place of V^T (`as_released=True`), and it
ranks by a signed difference, though the signs of singular vectors are
arbitrary (`kind='signed'`). The default, 'absolute', does not hang on them.
"""

import fractions
import math
from typing import Literal
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons.core import checks

Kind = Literal['absolute', 'standardised', 'logit', 'signed']


class Components(NamedTuple):
  """W = left @ diag(scales) @ right.T."""

  left: jax.Array  # U [V, d]
  scales: jax.Array  # S [d], descending
  right: jax.Array  # V [d, d], a column a component


def decompose(readout: jax.Array) -> Components:
  """Returns the components of a read-out [V, d], d of them, V >= d.

  Signs are fixed: the entry of greatest magnitude of each column of V is
  positive.

  Raises:
    ValueError: if it is no matrix, has fewer rows than columns, or a concrete
      one holds what is not finite.
  """
  checks.shape('readout', readout, 'V', 'd')
  if readout.shape[0] < readout.shape[1]:
    raise ValueError(
        'readout must be [V, d] with V >= d (a row a token), got'
        f' {list(readout.shape)}; transpose it.'
    )
  checks.finite('readout', readout)
  readout = jnp.asarray(readout)
  readout = readout.astype(jnp.result_type(readout, jnp.float32))
  left, scales, right_t = jnp.linalg.svd(readout, full_matrices=False)
  place = jnp.argmax(jnp.abs(right_t), axis=1, keepdims=True)
  sign = jnp.sign(jnp.take_along_axis(right_t, place, 1))
  return Components(left * sign.T, scales, (right_t * sign).T)


def activations(
    components: Components, states: jax.Array, *, as_released: bool = False
) -> jax.Array:
  """Returns a [n, d] of final states h [n, d]: V^T h; as released V h."""
  size = components.right.shape[0]
  checks.shape('states', states, 'n', d=size)
  right = components.right.T if as_released else components.right
  return states @ right


def alignment_scores(
    marked: jax.Array,
    others: jax.Array,
    *,
    kind: Kind = 'absolute',
    scales: jax.Array | None = None,
) -> jax.Array:
  """Returns how much each component goes with what is marked, [d].

  Args:
    marked: activations [n, d] where marked words are said.
    others: activations [m, d] elsewhere.
    kind: 'absolute' |D| with D the difference of means; 'standardised' |D| over
      the pooled standard deviation; 'logit' S |D|; 'signed' D, as released,
      which changes with the arbitrary signs of singular vectors.
    scales: S [d], for 'logit'.

  Raises:
    ValueError: if there are no states on a side, the kind is unknown, or S is
      missing.
  """
  checks.shape('marked', marked, 'n', 'd')
  checks.shape('others', others, 'm', d=marked.shape[1])
  if not len(marked) or not len(others):
    raise ValueError(
        'marked and others must hold a state at least, got'
        f' {len(marked)} and {len(others)}.'
    )
  apart = jnp.mean(marked, 0) - jnp.mean(others, 0)
  if kind == 'signed':
    return apart
  if kind == 'absolute':
    return jnp.abs(apart)
  if kind == 'standardised':
    pooled = jnp.var(marked, 0) + jnp.var(others, 0)
    return jnp.abs(apart) / jnp.sqrt(jnp.where(pooled > 0, pooled / 2, jnp.inf))
  if kind != 'logit':
    raise ValueError(
        "kind must be 'absolute', 'standardised', 'logit' or 'signed', got"
        f' {kind!r}.'
    )
  if scales is None:
    raise ValueError("kind='logit' needs the scales of the components.")
  checks.shape('scales', scales, d=marked.shape[1])
  return scales * jnp.abs(apart)


def num_selected(size: int, percentile: float) -> int:
  """Returns ceil(d (1 - q)) of d components, computed without rounding.

  In floats, as the released code has it, 1000 (1 - 0.999) is above 1, so that
  2 of 1000 are taken: q is read as the decimal that it is written as.

  Raises:
    ValueError: if q is not in [0, 1).
  """
  if not 0 <= percentile < 1:
    raise ValueError(f'percentile must be in [0, 1), got {percentile}.')
  checks.count('size', size)
  return math.ceil(size * (1 - fractions.Fraction(str(percentile))))


def select(scores: jax.Array, count: int) -> jax.Array:
  """Returns the indices of the largest scores, largest first, int [count].

  Raises:
    ValueError: if there are not so many.
  """
  checks.shape('scores', scores, 'd')
  checks.count('count', count)
  if count > len(scores):
    raise ValueError(
        f'count must be at most the {len(scores)} components, got {count}.'
    )
  return jax.lax.top_k(scores, count)[1]


def damp(
    components: Components, index: jax.Array, alpha: jax.Array | float
) -> jax.Array:
  """Returns W' = U S' V^T, S'_i = alpha S_i for the components of an index."""
  scales = components.scales
  index = _chosen(index, len(scales))
  scales = scales.at[index].multiply(alpha)
  return (components.left * scales[None]) @ components.right.T


def damp_states(
    components: Components,
    states: jax.Array,
    index: jax.Array,
    alpha: jax.Array | float,
) -> jax.Array:
  """Returns h' = h - (1 - alpha) V_K V_K^T h [..., d], so that W h' = W' h."""
  chosen = components.right[:, _chosen(index, len(components.scales))]
  return states - (1 - alpha) * (states @ chosen) @ chosen.T


def _chosen(index, size: int) -> jax.Array:
  """Returns an index [k]; refuses what is none, or holds one twice."""
  index = jnp.asarray(index)
  checks.shape('index', index, 'k')
  checks.indices('index', index, size)
  if checks.is_concrete(index) and len(set(index.tolist())) < len(index):
    raise ValueError(f'index must hold a component once, got {index.tolist()}.')
  return index
