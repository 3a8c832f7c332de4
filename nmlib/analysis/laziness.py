"""How much learning changed a network: lazy (little) or rich (much).

The measures of Liu et al. (arXiv 2310.08513) between a network before and
after training. Higher alignments (`similarity`) and smaller weight changes are
lazier. They mean something only for a network that did learn. Where nothing is
there to measure (a kernel, states or weights that are 0), alignments and
dimensions are 0, and so are their gradients; a change relative to 0 is refused.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.analysis import similarity
from nmlib.neurons.core import checks
from nmlib.neurons.core import normalization

Pair = tuple[jax.Array, jax.Array]  # after learning, before


def weight_change(after: jax.Array, before: jax.Array) -> jax.Array:
  """Returns |W - W0|_F [], with the gradient 0 where nothing changed."""
  return normalization.safe_norm(after - before)


def relative_weight_change(after: jax.Array, before: jax.Array) -> jax.Array:
  """Returns |W - W0|_F / |W0|_F [].

  Raises:
    ValueError: if W0 is 0; inside of `jit` the result is then inf or NaN.
  """
  _require_weights('before', before)
  return weight_change(after, before) / normalization.safe_norm(before)


def effective_weight_change(after: jax.Array, before: jax.Array) -> jax.Array:
  """Returns the change that is not a mere rescaling, relative to |W|_F, [].

  The distance of W from the line through W0: sin of their angle.

  Raises:
    ValueError: if W or W0 is 0; inside of `jit` the result is then NaN.
  """
  _require_weights('after', after)
  _require_weights('before', before)
  a, b = after.ravel(), before.ravel()
  residual = a - (a @ b) / (b @ b) * b
  return normalization.safe_norm(residual) / normalization.safe_norm(a)


def _require_weights(name: str, weights: jax.Array) -> None:
  if checks.is_concrete(weights) and not np.asarray(weights).any():
    raise ValueError(
        f'{name} must have an entry other than 0, got none: no change is'
        ' relative to it; take `weight_change`.'
    )


def measures(
    weights: Pair, states: Pair, kernels: Pair
) -> dict[str, jax.Array]:
  """Returns every measure of learning [], by name.

  Args:
    weights: W after and before, of one shape.
    states: [B, N], of B trials.
    kernels: tangent kernels [R, R].
  """
  return {
      'kernel_alignment': similarity.kernel_alignment(*kernels),
      'representation_alignment': similarity.representation_alignment(*states),
      'weight_change': weight_change(*weights),
      'relative_weight_change': relative_weight_change(*weights),
      'effective_weight_change': effective_weight_change(*weights),
      'dimension': dimension(states[0]),
      'sign_similarity': similarity.sign_similarity(*states),
  }


def tangent_kernel(
    function: Callable[[jax.Array], jax.Array], weights: jax.Array
) -> jax.Array:
  """Returns K = J J^T [R, R] without ever holding J [R, P].

  One row at a time: K v for each unit vector v, as a vector-Jacobian product
  followed by a Jacobian-vector product.

  Args:
    function: weights -> outputs of any shape with R entries, rows in C order.
    weights: array of any shape with P entries.
  """
  flat = lambda w: function(w).ravel()
  outputs, backward = jax.vjp(flat, weights)
  _, forward = jax.linearize(flat, weights)
  rows = jnp.eye(outputs.size, dtype=outputs.dtype)
  return jax.lax.map(lambda v: forward(backward(v)[0]), rows, batch_size=32)


def tangent_kernel_dense(
    function: Callable[[jax.Array], jax.Array], weights: jax.Array
) -> jax.Array:
  """Returns K = J J^T [R, R] from the whole Jacobian: fast when J fits."""
  jacobian = jax.jacrev(lambda w: function(w).ravel())(weights)
  jacobian = jacobian.reshape(jacobian.shape[0], -1)
  return jacobian @ jacobian.T


def tangent_kernel_of_trials(
    function: Callable[[jax.Array, jax.Array], jax.Array],
    weights: jax.Array,
    trials: jax.Array,
) -> jax.Array:
  """Returns K = J J^T [B R, B R] of outputs that depend on one trial each.

  As `tangent_kernel_dense` of all outputs, for less: no output is
  differentiated through other trials than its own.

  Args:
    function: weights and one trial -> outputs of any shape with R entries.
    weights: array of any shape.
    trials: [B, ...]; rows of K go by trial, then by output in C order.
  """
  jacobian = jax.vmap(
      lambda x: jax.jacrev(lambda w: function(w, x).ravel())(weights)
  )(trials)
  jacobian = jacobian.reshape(-1, weights.size)
  return jacobian @ jacobian.T


def tangent_kernel_alignment(
    function: Callable[[jax.Array], jax.Array],
    after: jax.Array,
    before: jax.Array,
    *,
    function_before: Callable[[jax.Array], jax.Array] | None = None,
) -> jax.Array:
  """Returns the alignment [] of tangent kernels at two weights.

  Neither Jacobian nor kernel is held: rows of both kernels are made together
  and only three sums are kept.

  Args:
    function: weights -> outputs of any shape.
    after: the weights of one kernel.
    before: those of the other.
    function_before: the function of `before`, where something else than these
      weights changed too (a readout, say); by default `function`.
  """
  functions = function, function_before or function
  pairs, outputs = [], jax.eval_shape(function, after)
  for one, weights in zip(functions, (after, before), strict=True):
    flat = lambda w, one=one: one(w).ravel()
    _, backward = jax.vjp(flat, weights)
    pairs.append((jax.linearize(flat, weights)[1], backward))
  size = outputs.size

  def row(i):
    v = jnp.zeros(size, outputs.dtype).at[i].set(1.0)
    k, k0 = (forward(backward(v)[0]) for forward, backward in pairs)
    return jnp.stack([k @ k0, k @ k, k0 @ k0])

  cross, norm, norm0 = jnp.sum(
      jax.lax.map(row, jnp.arange(size), batch_size=32), 0
  )
  root = normalization.safe_sqrt
  return normalization.safe_ratio(cross, root(norm) * root(norm0))


def dimension(states: jax.Array) -> jax.Array:
  """Returns the participation ratio [] of the covariance of states [B, N]."""
  centred = states - jnp.mean(states, 0, keepdims=True)
  if centred.shape[0] <= centred.shape[1]:
    gram = centred @ centred.T
  else:
    gram = centred.T @ centred
  # (sum lambda)^2 / sum lambda^2 of its eigenvalues.
  return normalization.safe_ratio(jnp.trace(gram) ** 2, jnp.sum(gram**2))


def task_alignment(weights: jax.Array, directions: jax.Array) -> jax.Array:
  """Returns the part [] of |W|_F^2 that reads from the task's directions.

  Args:
    weights: W [M, N].
    directions: [K, N], the task's directions in the space W reads.

  Returns:
    |W Q|_F^2 / |W|_F^2 with Q an orthonormal basis of the directions: 1 if W
    reads nothing else, K / N on average for a random W.
  """
  basis, _ = jnp.linalg.qr(directions.T)
  return normalization.safe_ratio(
      jnp.sum((weights @ basis) ** 2), jnp.sum(weights**2)
  )
