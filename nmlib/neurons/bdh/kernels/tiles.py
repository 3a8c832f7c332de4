"""What the kernels of BDH compute on a tile: tokens times neurons.

A head stores the first members of its rotary pairs, then the second ones. A
tile therefore holds R tokens and the two members of K pairs, as two arrays
[R, K]; a product that sums over neurons is a sum of two products. Operands
are in the compute dtype, sums and elementwise functions in float32.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np


class Pair(NamedTuple):
  """The two members of K rotary pairs."""

  first: jax.Array  # [R, K]
  second: jax.Array  # [R, K]


def matmul(x: jax.Array, y: jax.Array) -> jax.Array:
  """x y, accumulated in float32."""
  return _dot(x, y, 1, 0)


def matmul_nt(x: jax.Array, y: jax.Array) -> jax.Array:
  """x y^T, accumulated in float32."""
  return _dot(x, y, 1, 1)


def matmul_tn(x: jax.Array, y: jax.Array) -> jax.Array:
  """x^T y, accumulated in float32."""
  return _dot(x, y, 0, 0)


def lift(z: jax.Array, weights: Pair) -> Pair:
  """relu(z D) of z [R, d] and D [d, K] twice, rounded to the dtype of z."""
  return Pair(*(jax.nn.relu(matmul(z, w)).astype(z.dtype) for w in weights))


def rotate(x: Pair, cosine: jax.Array, sine: jax.Array) -> Pair:
  """Rotates pairs by the angles of their tokens; tables [R, K]."""
  a, b = (z.astype(cosine.dtype) for z in x)
  q = Pair(a * cosine - b * sine, b * cosine + a * sine)
  return Pair(*(z.astype(x.first.dtype) for z in q))


def unrotate(q: Pair, cosine: jax.Array, sine: jax.Array) -> Pair:
  """Rotates pairs back: the transpose of `rotate`, without rounding."""
  a, b = q
  return Pair(a * cosine + b * sine, b * cosine - a * sine)


def dropout_bits(row: jax.Array, column: jax.Array) -> jax.Array:
  """`dropout.bits`, from the hashes of tokens and of neurons, uint32."""
  z = row ^ column
  return (z ^ (z >> 16)) * np.uint32(0x846CA68B)


def scale_kept(
    row: jax.Array, column: jax.Array, rate: float, dtype
) -> jax.Array:
  """What dropout multiplies a tile with: 0 or 1 / (1 - rate), float [R, K].

  Args:
    row: hash of each token, uint32 [R, 1]; see `dropout.bits`.
    column: hash of each neuron, uint32 [1, K].
    rate: probability of 0.
    dtype: of the result.
  """
  threshold = min(round(rate * 2**32), 2**32 - 1)
  # Compared as signed integers, the only ones that every kernel compares.
  bits = dropout_bits(row, column) ^ np.uint32(2**31)
  keep = jax.lax.bitcast_convert_type(bits, jnp.int32) >= np.int32(
      threshold - 2**31
  )
  return jnp.where(keep, 1 / (1 - rate), 0.0).astype(dtype)


class GateGradient(NamedTuple):
  """The backward pass of one half of a tile; arrays [R, K] but for `y`."""

  y: jax.Array  # gated activations, after dropout
  dx: jax.Array  # cotangent of v D_x, by way of the gate only
  dz: jax.Array  # cotangent of LN(a) D_y


def gate_gradient(
    x: jax.Array, relu_z: jax.Array, dy: jax.Array, scale: jax.Array | None
) -> GateGradient:
  """Differentiates y = relu(z) x scale, given x, relu(z), and dy [R, K]."""
  wide = dy.dtype
  kept = dy if scale is None else dy * scale.astype(wide)
  y = relu_z * x if scale is None else relu_z * x * scale.astype(x.dtype)
  dz = jnp.where(relu_z > 0, kept * x.astype(wide), 0)
  dx = jnp.where(x > 0, kept * relu_z.astype(wide), 0)
  return GateGradient(y, dx.astype(x.dtype), dz.astype(x.dtype))


def _dot(x, y, i, j):
  return jax.lax.dot_general(
      x, y, (((i,), (j,)), ((), ())), preferred_element_type=jnp.float32
  )
