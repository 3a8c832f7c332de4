"""Products of two arrays, made so that their gradients are fast products too.

`contract` is an einsum of two operands with rules of its own, because the
general ones cost more than the arithmetic in layers whose weights map d
numbers to n >> d neurons:

* The gradient of the weights is the product of a narrow and an n-wide array.
  JAX puts the cotangent first whatever its size, so that the n-wide array is
  transposed, number by number. Here the larger operand is read as it lies.
* JAX differentiates a bfloat16 product with float32 sums into products of
  float32 cotangents with bfloat16 operands, which no accelerator has. Here
  cotangents are rounded to the compute dtype, and sums stay float32.

It is a primitive and no `custom_vjp`, whose `vmap` would form the gradient of
the weights for every example before adding them up; and forward-mode
differentiation keeps working.
"""

import functools
import math
import string

import jax
from jax.extend import core
from jax.interpreters import ad
from jax.interpreters import batching
from jax.interpreters import mlir
import jax.numpy as jnp


def accumulator(dtype) -> jnp.dtype:
  """Returns the dtype that accumulates products of `dtype`: >= float32."""
  return jnp.promote_types(dtype, jnp.float32)


def contract(subscripts: str, x: jax.Array, w: jax.Array, dtype) -> jax.Array:
  """Computes einsum(subscripts, x, w) with operands in `dtype`.

  Args:
    subscripts: 'ab,bc->ac' and the like: lower-case letters, each in two of
      the three terms at least, and once in a term.
    x: first operand.
    w: second operand.
    dtype: compute dtype. Operands are rounded to it, and so is the cotangent
      in the backward pass.

  Returns:
    The product, accumulated in float32 or wider. Cotangents have the dtypes of
    the operands.

  Raises:
    ValueError: sizes that disagree.
  """
  a, b, _ = _split(subscripts)
  sizes = _sizes(a, b, x, w)
  if any(sizes[c] != n for c, n in zip(a, x.shape, strict=True)):
    raise ValueError(
        f'contract {subscripts!r} got the shapes {x.shape} and {w.shape}.'
    )
  return _contract_p.bind(x, w, subscripts=subscripts, dtype=jnp.dtype(dtype))


@functools.partial(jax.custom_jvp, nondiff_argnums=(1,))
def gram(q: jax.Array, dtype) -> jax.Array:
  """Computes q_t . q_s of all pairs, [h, T, T], of q [h, T, N].

  The tangent is M + M^T with M = dq q^T, hence the cotangent (G + G^T) q: one
  product, where the rule for two operands takes two.
  """
  return contract('htn,hsn->hts', q, q, dtype)


@gram.defjvp
def _gram_jvp(dtype, primals, tangents):
  (q,), (dq,) = primals, tangents
  half = contract('htn,hsn->hts', dq, q, dtype)
  return gram(q, dtype), half + half.mT


def _split(subscripts):
  inputs, out = subscripts.split('->')
  return *inputs.split(','), out


def _sizes(a, b, x, w):
  pairs = [*zip(a, x.shape, strict=True), *zip(b, w.shape, strict=True)]
  return dict(pairs)


def _dot(x, w, *, subscripts, dtype, widen=False):
  """One `dot_general`, with its operands in the order that moves least."""
  a, b, out = _split(subscripts)
  x, w = x.astype(dtype), w.astype(dtype)
  if widen:
    x, w = x.astype(accumulator(dtype)), w.astype(accumulator(dtype))
  summed = set(a) & set(b) - set(out)
  size = math.prod(n for c, n in _sizes(a, b, x, w).items() if c in out)

  def transposed(left, a, right, b):
    # A product reads its left operand with the summed axis last and its right
    # one with it first, and writes the axes of the right one last.
    moved = left.size * (a[-1] not in summed) + right.size * (b[-1] in summed)
    return moved + size * (out[-1] not in b)

  if transposed(w, b, x, a) < transposed(x, a, w, b):
    x, w, a, b = w, x, b, a
  batch = [c for c in out if c in a and c in b]
  order = [c for c in a if c in summed]
  product = jax.lax.dot_general(
      x,
      w,
      (
          ([a.index(c) for c in order], [b.index(c) for c in order]),
          ([a.index(c) for c in batch], [b.index(c) for c in batch]),
      ),
      preferred_element_type=accumulator(dtype),
  )
  found = batch + [c for t in (a, b) for c in t if c in out and c not in batch]
  return product.transpose([found.index(c) for c in out])


def _abstract(x, w, *, subscripts, dtype):
  a, b, out = _split(subscripts)
  sizes = _sizes(a, b, x, w)
  return jax.core.ShapedArray(tuple(sizes[c] for c in out), accumulator(dtype))


def _batch(args, axes, *, subscripts, dtype):
  a, b, out = _split(subscripts)
  new = next(c for c in string.ascii_uppercase if c not in subscripts)
  a, b = (
      t if i is None else t[:i] + new + t[i:]
      for t, i in zip((a, b), axes, strict=True)
  )
  x, w = args
  return contract(f'{a},{b}->{new}{out}', x, w, dtype), 0


def _transpose_x(g, x, w, *, subscripts, dtype):
  a, b, out = _split(subscripts)
  dx = contract(f'{out},{b}->{a}', g, w, dtype)
  return dx.astype(x.aval.dtype)


def _transpose_w(g, x, w, *, subscripts, dtype):
  a, b, out = _split(subscripts)
  dw = contract(f'{a},{out}->{b}', x, g, dtype)
  return dw.astype(w.aval.dtype)


_contract_p = core.Primitive('contract')
_contract_p.def_impl(
    jax.jit(
        functools.partial(_dot, widen=True),
        static_argnames=('subscripts', 'dtype'),
    )
)
_contract_p.def_abstract_eval(_abstract)
ad.defbilinear(_contract_p, _transpose_x, _transpose_w)
batching.primitive_batchers[_contract_p] = _batch
mlir.register_lowering(
    _contract_p, mlir.lower_fun(_dot, multiple_results=False)
)
# XLA has no bfloat16 product with float32 sums on CPU, but the products of
# two bfloat16 are exact in float32.
mlir.register_lowering(
    _contract_p,
    mlir.lower_fun(functools.partial(_dot, widen=True), multiple_results=False),
    platform='cpu',
)
