"""The scores of BDH on GPU: products with what follows them fused in.

An H100 has no room for the [T, T] scores of a head on one multiprocessor:
keeping q out of memory would mean recomputing each tile of it for every tile
of scores, about 3 times the arithmetic at d = 256 and T = 512. So q is
written once, in the compute dtype, by the kernel that computes it, and the
large plain products are left to XLA. See `scores_tpu` for the arguments.
"""

import functools

import jax
from jax.experimental import pallas as pl
import jax.numpy as jnp

from nmlib.neurons.bdh.kernels import grid_gpu
from nmlib.neurons.bdh.kernels import tiles
from nmlib.neurons.core import contraction


def scores(encoder, v, table, state, *, interpret=False):
  """q q^T below the diagonal, and what the state contributes."""
  q = _lift(encoder, v, table, interpret)
  s = contraction.contract('bhtn,bhsn->bhts', q, q, v.dtype)
  s = jnp.tril(s, -1).astype(v.dtype)
  if state is None:
    return s, None, None
  read = contraction.contract('bhtn,bhnd->bhtd', q, state, v.dtype)
  new = state + contraction.contract('bhtn,btd->bhnd', q, v, v.dtype)
  return s, read, new


def scores_vjp(encoder, v, table, dscores, state, *, interpret=False):
  """The backward pass of `scores`, in float32."""
  dtype = v.dtype
  q = _lift(encoder, v, table, interpret)
  dq = dstate = None
  dv = jnp.zeros(v.shape, jnp.float32)
  if state is not None:
    old, dread, new = state
    dq = contraction.contract('bhtd,bhnd->bhtn', dread, old, dtype)
    dq += contraction.contract('btd,bhnd->bhtn', v, new, dtype)
    dv += contraction.contract('bhtn,bhnd->btd', q, new, dtype)
    dstate = new + contraction.contract('bhtn,bhtd->bhnd', q, dread, dtype)
  dx = _lower(encoder, v, table, dscores, q, dq, interpret)
  dv += contraction.contract('bthn,hdn->btd', dx, encoder, dtype)
  return contraction.contract('btd,bthn->hdn', v, dx, dtype), dv, dstate


def _lift(encoder, v, table, interpret):
  """q = R relu(v D_x), [B, h, T, N]."""
  batch, length, d = v.shape
  h, _, n = encoder.shape
  r, k = grid_gpu.tile(length, n)
  row = pl.BlockSpec((r, k), lambda h, j, b, t: (t, j))
  out = grid_gpu.call(
      _lift_kernel,
      (h, n // 2 // k, batch, length // r),
      [
          pl.BlockSpec((1, r, d), lambda h, j, b, t: (b, t, 0)),
          pl.BlockSpec((1, d, 2, k), lambda h, j, b, t: (h, 0, 0, j)),
          row,
          row,
      ],
      pl.BlockSpec((1, 1, r, 2, k), lambda h, j, b, t: (b, h, t, 0, j)),
      jax.ShapeDtypeStruct((batch, h, length, 2, n // 2), v.dtype),
      interpret,
  )(v, encoder.reshape(h, d, 2, n // 2), *table)
  return out.reshape(batch, h, length, n)


def _lift_kernel(v_ref, w_ref, c_ref, s_ref, q_ref):
  x = tiles.lift(v_ref[0], tiles.Pair(w_ref[0, :, 0], w_ref[0, :, 1]))
  q = tiles.rotate(x, c_ref[...], s_ref[...])
  for m in range(2):
    q_ref[0, 0, :, m] = q[m]


def _lower(encoder, v, table, dscores, q, dq, interpret):
  """The cotangent of v D_x, [B, T, h, N], for that of q: dscores q + dq."""
  batch, length, d = v.shape
  h, _, n = encoder.shape
  r, k = grid_gpu.tile(length, n, grid_gpu.FLAT)
  row = pl.BlockSpec((r, k), lambda h, j, b, t: (t, j))
  wide = (batch, h, length, 2, n // 2)
  operands = [v, encoder.reshape(h, d, 2, n // 2), *table, dscores]
  operands.append(q.reshape(wide))
  in_specs = [
      pl.BlockSpec((1, r, d), lambda h, j, b, t: (b, t, 0)),
      pl.BlockSpec((1, d, 2, k), lambda h, j, b, t: (h, 0, 0, j)),
      row,
      row,
      pl.BlockSpec((1, 1, r, length), lambda h, j, b, t: (b, h, t, 0)),
      pl.BlockSpec((1, 1, length, 2, k), lambda h, j, b, t: (b, h, 0, 0, j)),
  ]
  if dq is not None:
    operands.append(dq.reshape(wide))
    in_specs.append(
        pl.BlockSpec((1, 1, r, 2, k), lambda h, j, b, t: (b, h, t, 0, j))
    )
  out = grid_gpu.call(
      functools.partial(_lower_kernel, grid_gpu.step(length)),
      (h, n // 2 // k, batch, length // r),
      in_specs,
      pl.BlockSpec((1, r, 1, 2, k), lambda h, j, b, t: (b, t, h, 0, j)),
      jax.ShapeDtypeStruct((batch, length, h, 2, n // 2), v.dtype),
      interpret,
  )(*operands)
  return out.reshape(batch, length, h, n)


def _lower_kernel(step, v_ref, w_ref, c_ref, s_ref, g_ref, q_ref, *refs):
  x = tiles.lift(v_ref[0], tiles.Pair(w_ref[0, :, 0], w_ref[0, :, 1]))
  *dq_refs, dx_ref = refs

  def add(i, dq):
    # A part of the sum over tokens; reads from the refs, not from arrays.
    part = pl.ds(i * step, step)
    g = g_ref[0, 0, :, part]
    return tuple(
        dq[m] + tiles.matmul(g, q_ref[0, 0, part, m]) for m in range(2)
    )

  if dq_refs:
    start = tuple(dq_refs[0][0, 0, :, m] for m in range(2))
  else:
    start = (jnp.zeros(c_ref.shape, jnp.float32),) * 2
  dq = jax.lax.fori_loop(0, g_ref.shape[3] // step, add, start)
  dx = tiles.unrotate(tiles.Pair(*dq), c_ref[...], s_ref[...])
  for m in range(2):
    dx_ref[0, :, 0, m] = jnp.where(x[m] > 0, dx[m], 0).astype(dx_ref.dtype)
