"""Products in a chosen precision, with float32 accumulation both ways.

JAX differentiates a bfloat16 product with a float32 result into products of
a float32 cotangent with a bfloat16 operand, which no accelerator has in
hardware. `contract` rounds the cotangent to the compute dtype first, and
accumulates in float32 what comes out.
"""

import functools

import jax
import jax.numpy as jnp


def accumulator(dtype) -> jnp.dtype:
  """Returns the dtype that accumulates products of `dtype`: >= float32."""
  return jnp.promote_types(dtype, jnp.float32)


def contract(subscripts: str, x: jax.Array, w: jax.Array, dtype) -> jax.Array:
  """Computes einsum(subscripts, x, w) with operands in `dtype`.

  Args:
    subscripts: 'ab,bc->ac' and the like, with every index in two of the three
      terms at least.
    x: first operand.
    w: second operand, for example a float32 weight.
    dtype: compute dtype; operands are rounded to it, and in the backward pass
      the cotangent is too.

  Returns:
    The product, in float32 or wider. Cotangents arrive in the operands' own
    dtypes, from float32 accumulators. Forward-mode differentiation needs
    operands that are in the compute dtype already, and float32 or wider.
  """
  if x.dtype == w.dtype == dtype == accumulator(dtype):
    return jnp.einsum(subscripts, x, w)
  return _mixed(subscripts, jnp.dtype(dtype), x, w)


def gram(q: jax.Array, dtype) -> jax.Array:
  """Computes all q_t . q_s of q [h, T, N]: [h, T, T], float32 or wider.

  The product of a matrix with its own transpose has the tangent M + M^T with
  M = dq q^T, hence the cotangent (G + G^T) q: one product, where the general
  rule takes two.
  """
  if q.dtype == dtype == accumulator(dtype):
    return _gram(q)
  return _mixed_gram(jnp.dtype(dtype), q)


def _einsum(subscripts, dtype, x, w):
  return jnp.einsum(
      subscripts,
      x.astype(dtype),
      w.astype(dtype),
      preferred_element_type=accumulator(dtype),
  )


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def _mixed(subscripts, dtype, x, w):
  return _einsum(subscripts, dtype, x, w)


def _mixed_backward(subscripts, dtype, operands, g):
  x, w = operands
  inputs, out = subscripts.split('->')
  a, b = inputs.split(',')
  dx = _einsum(f'{out},{b}->{a}', dtype, g, w)
  dw = _einsum(f'{a},{out}->{b}', dtype, x, g)
  return dx.astype(x.dtype), dw.astype(w.dtype)


_mixed.defvjp(
    lambda subscripts, dtype, x, w: (_einsum(subscripts, dtype, x, w), (x, w)),
    _mixed_backward,
)


@jax.custom_jvp
def _gram(q):
  return _einsum('htn,hsn->hts', q.dtype, q, q)


@_gram.defjvp
def _gram_jvp(primals, tangents):
  (q,), (dq,) = primals, tangents
  half = _einsum('htn,hsn->hts', q.dtype, dq, q)
  return _gram(q), half + half.mT


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _mixed_gram(dtype, q):
  return _einsum('htn,hsn->hts', dtype, q, q)


_mixed_gram.defvjp(
    lambda dtype, q: (_mixed_gram(dtype, q), q),
    lambda dtype, q, g: (
        _einsum('hts,hsn->htn', dtype, g + g.mT, q).astype(q.dtype),
    ),
)
