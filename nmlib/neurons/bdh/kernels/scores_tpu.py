"""The scores of BDH on TPU: no array as wide as the neurons leaves the chip.

Each kernel loops over blocks of neuron pairs and, for each, recomputes the
activations from the residual stream v, which is d wide. The scores of a chunk
of T tokens, [T, T] a sequence and head, stay in VMEM until all neurons have
added to them, so T is at most some 1024; the state carries longer sequences.
The grid's last axis runs in order, which `acc += ` relies on.
"""

import functools

import jax
from jax.experimental import pallas as pl
from jax.experimental.pallas import tpu as pltpu
import jax.numpy as jnp

from nmlib.neurons.bdh.kernels import grid_tpu
from nmlib.neurons.bdh.kernels import tiles

_ROW_TILE = 128  # granularity with which the upper triangle is skipped


def scores(encoder, v, table, state, *, interpret=False):
  """q q^T below the diagonal, and what the state contributes.

  Args:
    encoder: D_x, [h, d, N], half-split.
    v: residual stream, [B, T, d], in the compute dtype.
    table: cosine and sine, float32 [T, N/2].
    state: synapses, float32 [B, h, N, d], or None.
    interpret: runs on any platform, slowly.

  Returns:
    Scores [B, h, T, T], in the dtype of v; q S_in, float32 [B, h, T, d]; the
    state after T tokens. The last two are None without a state.
  """
  batch, length, d = v.shape
  h, _, n = encoder.shape
  b, k = grid_tpu.blocks(batch, length, n)
  first, second = grid_tpu.weight_specs(d, k, n, lambda i, h, j: (h, j))
  grid = (batch // b, h, n // 2 // k)
  row = pl.BlockSpec((length, k), lambda i, h, j: (0, j))
  square = pl.BlockSpec((b, 1, length, length), lambda i, h, j: (i, h, 0, 0))
  read = pl.BlockSpec((b, 1, length, d), lambda i, h, j: (i, h, 0, 0))
  synapses = pl.BlockSpec((b, 1, 2, k, d), lambda i, h, j: (i, h, 0, j, 0))
  has_state = state is not None
  operands = [v, encoder, encoder, *table]
  in_specs = [
      pl.BlockSpec((b, length, d), lambda i, h, j: (i, 0, 0)),
      first,
      second,
      row,
      row,
  ]
  out_shape = [jax.ShapeDtypeStruct((batch, h, length, length), v.dtype)]
  out_specs = [square]
  if has_state:
    operands.append(state.reshape(batch, h, 2, n // 2, d))
    in_specs.append(synapses)
    out_shape.append(jax.ShapeDtypeStruct((batch, h, length, d), jnp.float32))
    out_shape.append(jax.ShapeDtypeStruct(operands[-1].shape, jnp.float32))
    out_specs += [read, synapses]
  out = grid_tpu.call(
      functools.partial(_scores_kernel, has_state),
      grid,
      in_specs,
      out_specs,
      out_shape,
      ('parallel', 'parallel', 'arbitrary'),
      interpret,
      [pltpu.VMEM((b, length, length), jnp.float32)],
  )(*operands)
  if not has_state:
    return out[0], None, None
  return out[0], out[1], out[2].reshape(state.shape)


def _scores_kernel(has_state, v_ref, w1_ref, w2_ref, c_ref, s_ref, *refs):
  scores_ref, acc_ref = refs[int(has_state)], refs[-1]
  length, block = v_ref.shape[1], pl.program_id(2)

  @pl.when(block == 0)
  def _():
    acc_ref[...] = jnp.zeros_like(acc_ref)
    if has_state:
      read_ref = refs[2]
      read_ref[...] = jnp.zeros_like(read_ref)

  def sequence(i, carry):
    v = v_ref[i]
    x = tiles.lift(v, tiles.Pair(w1_ref[0], w2_ref[0]))
    q = tiles.rotate(x, c_ref[...], s_ref[...])
    tile = min(_ROW_TILE, length)
    for start in range(0, length, tile):
      end = start + tile
      acc_ref[i, start:end, :end] += sum(
          tiles.matmul_nt(z[start:end], z[:end]) for z in q
      )
    if has_state:
      state_ref, _, read_ref, out_ref, _ = refs
      for m, z in enumerate(q):
        old = state_ref[i, 0, m]
        read_ref[i, 0] += tiles.matmul(z, old.astype(v.dtype))
        out_ref[i, 0, m] = old + tiles.matmul_tn(z, v)
    return carry

  jax.lax.fori_loop(0, v_ref.shape[0], sequence, 0)

  @pl.when(block == pl.num_programs(2) - 1)
  def _():
    def finish(i, carry):
      s = acc_ref[i]
      t = jax.lax.broadcasted_iota(jnp.int32, s.shape, 0)
      past = jax.lax.broadcasted_iota(jnp.int32, s.shape, 1) < t
      scores_ref[i, 0] = jnp.where(past, s, 0).astype(scores_ref.dtype)
      return carry

    jax.lax.fori_loop(0, v_ref.shape[0], finish, 0)


def scores_vjp(encoder, v, table, dscores, state, *, interpret=False):
  """The backward pass of `scores`.

  Args:
    encoder: D_x, [h, d, N], half-split.
    v: residual stream, [B, T, d], in the compute dtype.
    table: cosine and sine, float32 [T, N/2].
    dscores: G + G^T for the cotangent G of the scores, [B, h, T, T].
    state: None, or (state [B, h, N, d], cotangent of what was read from it,
      [B, h, T, d], in the compute dtype, cotangent of the state after).
    interpret: runs on any platform, slowly.

  Returns:
    Cotangents of encoder, v and state (or None), in float32.
  """
  batch, length, d = v.shape
  h, _, n = encoder.shape
  b, k = grid_tpu.blocks(batch, length, n)
  blocks = n // 2 // k
  row = pl.BlockSpec((length, k), lambda h, j, i: (0, j))
  synapses = pl.BlockSpec((b, 1, 2, k, d), lambda h, j, i: (i, h, 0, j, 0))
  weight = pl.BlockSpec((1, d, k), lambda h, j, i: (h, 0, j))
  partial = pl.BlockSpec((1, 1, b, length, d), lambda h, j, i: (j, h, i, 0, 0))
  operands = [v, encoder, encoder, *table, dscores]
  in_specs = [
      pl.BlockSpec((b, length, d), lambda h, j, i: (i, 0, 0)),
      *grid_tpu.weight_specs(d, k, n, lambda h, j, i: (h, j)),
      row,
      row,
      pl.BlockSpec((b, 1, length, length), lambda h, j, i: (i, h, 0, 0)),
  ]
  out_shape = [jax.ShapeDtypeStruct((h, d, n // 2), jnp.float32)] * 2
  out_shape.append(
      jax.ShapeDtypeStruct((blocks, h, batch, length, d), jnp.float32)
  )
  out_specs = [weight, weight, partial]
  if state is not None:
    old, dread, new = state
    split = (batch, h, 2, n // 2, d)
    operands += [old.reshape(split), dread, new.reshape(split)]
    in_specs += [
        synapses,
        pl.BlockSpec((b, 1, length, d), lambda h, j, i: (i, h, 0, 0)),
        synapses,
    ]
    out_shape.append(jax.ShapeDtypeStruct(split, jnp.float32))
    out_specs.append(synapses)
  out = grid_tpu.call(
      functools.partial(_scores_vjp_kernel, state is not None),
      (h, blocks, batch // b),
      in_specs,
      out_specs,
      out_shape,
      ('parallel', 'parallel', 'arbitrary'),
      interpret,
  )(*operands)
  dstate = None if state is None else out[3].reshape(state[0].shape)
  return jnp.concatenate(out[:2], -1), jnp.sum(out[2], (0, 1)), dstate


def _scores_vjp_kernel(
    has_state, v_ref, w1_ref, w2_ref, c_ref, s_ref, g_ref, *refs
):
  *dw_refs, dv_ref = refs[3:6] if has_state else refs

  @pl.when(pl.program_id(2) == 0)
  def _():
    for ref in dw_refs:
      ref[...] = jnp.zeros_like(ref)

  def sequence(i, carry):
    v = v_ref[i]
    weights = tiles.Pair(w1_ref[0], w2_ref[0])
    x = tiles.lift(v, weights)
    q = tiles.rotate(x, c_ref[...], s_ref[...])
    dq = [tiles.matmul(g_ref[i, 0], z) for z in q]
    dv = jnp.zeros(v.shape, jnp.float32)
    if has_state:
      old_ref, dread_ref, new_ref, *_, dold_ref = refs
      dread = dread_ref[i, 0]
      for m, z in enumerate(q):
        old = old_ref[i, 0, m].astype(v.dtype)
        new = new_ref[i, 0, m].astype(v.dtype)
        dq[m] += tiles.matmul_nt(dread, old) + tiles.matmul_nt(v, new)
        dv += tiles.matmul(z, new)
        dold_ref[i, 0, m] = new_ref[i, 0, m] + tiles.matmul_tn(z, dread)
    dx = tiles.unrotate(tiles.Pair(*dq), c_ref[...], s_ref[...])
    for z, dz, w, ref in zip(x, dx, weights, dw_refs, strict=True):
      dz = jnp.where(z > 0, dz, 0).astype(v.dtype)
      ref[0] += tiles.matmul_tn(v, dz)
      dv += tiles.matmul_nt(dz, w)
    dv_ref[0, 0, i] = dv
    return carry

  jax.lax.fori_loop(0, v_ref.shape[0], sequence, 0)
