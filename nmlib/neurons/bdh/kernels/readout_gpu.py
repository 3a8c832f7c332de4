"""The gate and read-out of BDH on GPU.

The kernels compute the elementwise part of the layer on tiles of two or three
products while these are in registers, and write what the remaining plain
products take: y forward; y and two cotangents backward. See `readout_tpu` for
the arguments, and `scores_gpu` for why anything is written at all.
"""

import functools

import jax
from jax.experimental import pallas as pl

from nmlib.neurons.bdh.kernels import grid_gpu
from nmlib.neurons.bdh.kernels import tiles
from nmlib.neurons.core import contraction


def readout(weights, v, a, drop, *, rate=0.0, interpret=False):
  """Computes u, float32 [B, T, d]."""
  tile = grid_gpu.tile(v.shape[1], weights[0].shape[2])
  grid, operands, in_specs = _operands(weights, v, a, drop, tile)
  y_spec, y_shape = _wide(weights, v, tile, heads_first=False)
  y = grid_gpu.call(
      functools.partial(_readout_kernel, rate),
      grid,
      in_specs,
      y_spec,
      y_shape,
      interpret,
  )(*operands)
  y = _join(y)
  return contraction.contract('bthn,hnd->btd', y, weights[2], v.dtype)


def _readout_kernel(rate, v_ref, a_ref, dx_ref, dy_ref, *refs):
  drop_refs, y_ref = refs[:-1], refs[-1]
  for m in range(2):
    x, gate = _lift_half(m, v_ref, a_ref, dx_ref, dy_ref)
    y = x * gate
    if rate:
      y = y * _scale(drop_refs, m, rate, y.dtype)
    y_ref[0, :, 0, m] = y


def readout_vjp(weights, v, a, drop, du, *, rate=0.0, interpret=False):
  """Cotangents of the weights, of v and of a, in float32."""
  encoder, encoder_v, decoder = weights
  h, n, d = decoder.shape
  dtype = v.dtype
  r, k = tile = grid_gpu.tile(v.shape[1], n, grid_gpu.SMALL)
  grid, operands, in_specs = _operands(weights, v, a, drop, tile)
  operands += [du, decoder.reshape(h, 2, n // 2, d)]
  in_specs.append(pl.BlockSpec((1, r, d), lambda h, j, b, t: (b, t, 0)))
  in_specs.append(pl.BlockSpec((1, 2, k, d), lambda h, j, b, t: (h, 0, j, 0)))
  specs, shapes = zip(
      _wide(weights, v, tile, heads_first=False),
      _wide(weights, v, tile, heads_first=False),
      _wide(weights, v, tile, heads_first=True),
      strict=True,
  )
  y, dx, dz = grid_gpu.call(
      functools.partial(_readout_vjp_kernel, rate),
      grid,
      in_specs,
      specs,
      shapes,
      interpret,
  )(*operands)
  y, dx, dz = _join(y), _join(dx), _join(dz)
  dweights = (
      contraction.contract('btd,bthn->hdn', v, dx, dtype),
      contraction.contract('bhtd,hbtn->hdn', a, dz, dtype),
      contraction.contract('bthn,btd->hnd', y, du, dtype),
  )
  dv = contraction.contract('bthn,hdn->btd', dx, encoder, dtype)
  da = contraction.contract('hbtn,hdn->bhtd', dz, encoder_v, dtype)
  return dweights, dv, da


def _readout_vjp_kernel(rate, v_ref, a_ref, dx_ref, dy_ref, *refs):
  *drop_refs, du_ref, e_ref, y_out, dx_out, dz_out = refs
  for m in range(2):
    x, gate = _lift_half(m, v_ref, a_ref, dx_ref, dy_ref)
    dy = tiles.matmul_nt(du_ref[0], e_ref[0, m])
    scale = _scale(drop_refs, m, rate, x.dtype) if rate else None
    grad = tiles.gate_gradient(x, gate, dy, scale)
    y_out[0, :, 0, m] = grad.y
    dx_out[0, :, 0, m] = grad.dx
    dz_out[0, 0, :, m] = grad.dz


def _lift_half(m, v_ref, a_ref, dx_ref, dy_ref):
  """relu(v D_x) and relu(a D_y) for one member of each pair."""
  x = jax.nn.relu(tiles.matmul(v_ref[0], dx_ref[0, :, m]))
  gate = jax.nn.relu(tiles.matmul(a_ref[0, 0], dy_ref[0, :, m]))
  return x.astype(v_ref.dtype), gate.astype(v_ref.dtype)


def _scale(drop_refs, m, rate, dtype):
  row_ref, column_ref = drop_refs
  row, column = row_ref[0], column_ref[0, 0, m]
  return tiles.scale_kept(row[:, None], column[None], rate, dtype)


def _operands(weights, v, a, drop, tile):
  """Grid (h, j, b, t), arguments and specs that both kernels take."""
  encoder, encoder_v, _ = weights
  h, d, n = encoder.shape
  batch, length, _ = v.shape
  r, k = tile
  weight = pl.BlockSpec((1, d, 2, k), lambda h, j, b, t: (h, 0, 0, j))
  operands = [v, a]
  operands += [w.reshape(h, d, 2, n // 2) for w in (encoder, encoder_v)]
  specs = [
      pl.BlockSpec((1, r, d), lambda h, j, b, t: (b, t, 0)),
      pl.BlockSpec((1, 1, r, d), lambda h, j, b, t: (b, h, t, 0)),
      weight,
      weight,
  ]
  if drop is not None:
    row, column = drop
    operands += [row, column.reshape(batch, h, 2, n // 2)]
    specs.append(pl.BlockSpec((1, r), lambda h, j, b, t: (b, t)))
    specs.append(pl.BlockSpec((1, 1, 2, k), lambda h, j, b, t: (b, h, 0, j)))
  return (h, n // 2 // k, batch, length // r), operands, specs


def _wide(weights, v, tile, heads_first):
  """Spec and shape of an output [B, T, h, 2, N/2] or [h, B, T, 2, N/2]."""
  h, _, n = weights[0].shape
  batch, length, _ = v.shape
  r, k = tile
  if heads_first:
    spec = pl.BlockSpec((1, 1, r, 2, k), lambda h, j, b, t: (h, b, t, 0, j))
    shape = (h, batch, length, 2, n // 2)
  else:
    spec = pl.BlockSpec((1, r, 1, 2, k), lambda h, j, b, t: (b, t, h, 0, j))
    shape = (batch, length, h, 2, n // 2)
  return spec, jax.ShapeDtypeStruct(shape, v.dtype)


def _join(x):
  return x.reshape(x.shape[:-2] + (-1,))
