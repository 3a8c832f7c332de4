"""The gate and read-out of BDH on TPU, with no array wide as the neurons.

u = sum over heads of (relu(a D_y) * relu(v D_x) * dropout) E, over blocks of
neuron pairs, each recomputed from v and a. See `scores_tpu`.
"""

import functools

import jax
from jax.experimental import pallas as pl
import jax.numpy as jnp

from nmlib.neurons.bdh.kernels import grid_tpu
from nmlib.neurons.bdh.kernels import tiles


def readout(weights, v, a, drop, *, rate=0.0, interpret=False):
  """Computes u.

  Args:
    weights: D_x and D_y [h, d, N], E [h, N, d], half-split.
    v: residual stream, [B, T, d], in the compute dtype.
    a: what was read, normalised, [B, h, T, d], in the compute dtype.
    drop: None, or hashes of tokens, uint32 [B, T], and neurons, [B, h, N].
    rate: of dropout.
    interpret: runs on any platform, slowly.

  Returns:
    u, float32 [B, T, d].
  """
  batch, length, d = v.shape
  h, _, n = weights[0].shape
  b, k = grid_tpu.blocks(batch, length, n)
  operands, in_specs = _operands(
      weights, v, a, drop, b, k, lambda i, h, j: (i, h, j)
  )
  u = pl.BlockSpec((b, length, d), lambda i, h, j: (i, 0, 0))
  return grid_tpu.call(
      functools.partial(_readout_kernel, rate),
      (batch // b, h, n // 2 // k),
      in_specs,
      u,
      jax.ShapeDtypeStruct(v.shape, jnp.float32),
      ('parallel', 'arbitrary', 'arbitrary'),
      interpret,
  )(*operands)


def _readout_kernel(rate, v_ref, a_ref, *refs):
  *x_refs, y1_ref, y2_ref, e_ref = refs[:5]
  u_ref = refs[-1]

  @pl.when((pl.program_id(1) == 0) & (pl.program_id(2) == 0))
  def _():
    u_ref[...] = jnp.zeros_like(u_ref)

  def sequence(i, carry):
    x = tiles.lift(v_ref[i], tiles.Pair(*(w[0] for w in x_refs)))
    gate = tiles.lift(a_ref[i, 0], tiles.Pair(y1_ref[0], y2_ref[0]))
    for m in range(2):
      y = x[m] * gate[m]
      if rate:
        y = y * _scale(refs[5:7], i, m, rate, y.dtype)
      u_ref[i] += tiles.matmul(y, e_ref[0, m])
    return carry

  jax.lax.fori_loop(0, v_ref.shape[0], sequence, 0)


def readout_vjp(weights, v, a, drop, du, *, rate=0.0, interpret=False):
  """The backward pass of `readout` for du [B, T, d] in the compute dtype.

  Returns:
    Cotangents of the weights, of v and of a, in float32.
  """
  batch, length, d = v.shape
  h, _, n = weights[0].shape
  b, k = grid_tpu.blocks(batch, length, n)
  blocks = n // 2 // k
  operands, in_specs = _operands(
      weights, v, a, drop, b, k, lambda h, j, i: (i, h, j)
  )
  operands.append(du)
  in_specs.append(pl.BlockSpec((b, length, d), lambda h, j, i: (i, 0, 0)))
  lowered = pl.BlockSpec((1, d, k), lambda h, j, i: (h, 0, j))
  partial = pl.BlockSpec((1, 1, b, length, d), lambda h, j, i: (j, h, i, 0, 0))
  tokens = jax.ShapeDtypeStruct((blocks, h, batch, length, d), jnp.float32)
  half = jax.ShapeDtypeStruct((h, d, n // 2), jnp.float32)
  out = grid_tpu.call(
      functools.partial(_readout_vjp_kernel, rate),
      (h, blocks, batch // b),
      in_specs,
      [
          *[lowered] * 4,
          pl.BlockSpec((1, 2, k, d), lambda h, j, i: (h, 0, j, 0)),
          partial,
          partial,
      ],
      [
          *[half] * 4,
          jax.ShapeDtypeStruct((h, 2, n // 2, d), jnp.float32),
          tokens,
          tokens,
      ],
      ('parallel', 'parallel', 'arbitrary'),
      interpret,
  )(*operands)
  dweights = (
      jnp.concatenate(out[:2], -1),
      jnp.concatenate(out[2:4], -1),
      out[4].reshape(h, n, d),
  )
  da = jnp.swapaxes(jnp.sum(out[6], 0), 0, 1)
  return dweights, jnp.sum(out[5], (0, 1)), da


def _readout_vjp_kernel(rate, v_ref, a_ref, *refs):
  x_refs, y_refs, e_ref = refs[:2], refs[2:4], refs[4]
  du_ref, *dw_refs, dv_ref, da_ref = refs[7 if rate else 5 :]

  @pl.when(pl.program_id(2) == 0)
  def _():
    for ref in dw_refs:
      ref[...] = jnp.zeros_like(ref)

  def sequence(i, carry):
    v, a, du = v_ref[i], a_ref[i, 0], du_ref[i]
    x = tiles.lift(v, tiles.Pair(*(w[0] for w in x_refs)))
    gate = tiles.lift(a, tiles.Pair(*(w[0] for w in y_refs)))
    dv = jnp.zeros(v.shape, jnp.float32)
    da = jnp.zeros(a.shape, jnp.float32)
    for m in range(2):
      scale = _scale(refs[5:7], i, m, rate, v.dtype) if rate else None
      dy = tiles.matmul_nt(du, e_ref[0, m])
      grad = tiles.gate_gradient(x[m], gate[m], dy, scale)
      dw_refs[m][0] += tiles.matmul_tn(v, grad.dx)
      dw_refs[2 + m][0] += tiles.matmul_tn(a, grad.dz)
      dw_refs[4][0, m] += tiles.matmul_tn(grad.y, du)
      dv += tiles.matmul_nt(grad.dx, x_refs[m][0])
      da += tiles.matmul_nt(grad.dz, y_refs[m][0])
    dv_ref[0, 0, i] = dv
    da_ref[0, 0, i] = da
    return carry

  jax.lax.fori_loop(0, v_ref.shape[0], sequence, 0)


def _scale(drop_refs, i, m, rate, dtype):
  row_ref, column_ref = drop_refs
  return tiles.scale_kept(row_ref[i], column_ref[i, 0, m], rate, dtype)


def _operands(weights, v, a, drop, b, k, order):
  """Arguments and specs that both kernels take; order: grid -> (i, h, j)."""
  encoder, encoder_v, decoder = weights
  h, d, n = encoder.shape
  batch, length, _ = v.shape

  def spec(shape, index):
    return pl.BlockSpec(shape, lambda *grid: index(*order(*grid)))

  lifts = grid_tpu.weight_specs(d, k, n, lambda *grid: order(*grid)[1:])
  operands = [v, a, encoder, encoder, encoder_v, encoder_v]
  operands.append(decoder.reshape(h, 2, n // 2, d))
  specs = [
      spec((b, length, d), lambda i, h, j: (i, 0, 0)),
      spec((b, 1, length, d), lambda i, h, j: (i, h, 0, 0)),
      *lifts,
      *lifts,
      spec((1, 2, k, d), lambda i, h, j: (h, 0, j, 0)),
  ]
  if drop is not None:
    row, column = drop
    operands.append(row.reshape(batch, length, 1))
    operands.append(column.reshape(batch, h, 2, 1, n // 2))
    specs.append(spec((b, length, 1), lambda i, h, j: (i, 0, 0)))
    specs.append(spec((b, 1, 2, 1, k), lambda i, h, j: (i, h, 0, 0, j)))
  return operands, specs
