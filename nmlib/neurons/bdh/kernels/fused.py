"""One layer of BDH for a batch of sequences, in plain XLA or in kernels.

Unlike the rest of the package these functions see the batch. A hand-written
backward pass under `jax.vmap` would make the gradient of the shared weights
once for each sequence, B arrays of the size of the model, and add them up;
here it is one product that sums over the batch.

A layer is two functions with a normalisation between them: `attend`, from v
to what is read from the synapses, and `readout`, from both to u. Each has a
plain form ('xla'), which any kernel must equal, and the forms 'tpu' and 'gpu'.
'xla' is what `backend='auto'` takes: the kernels have been checked for their
numbers and compiled for TPU, but not been timed on a chip.
"""

import functools
from typing import NamedTuple

import chex
import jax
import jax.numpy as jnp

from nmlib.neurons.attention import linear_attention
from nmlib.neurons.bdh.kernels import fused_vjp
from nmlib.neurons.bdh.kernels import tiles
from nmlib.neurons.core import contraction
from nmlib.neurons.core import dropout

BACKENDS = ('auto', 'xla', 'tpu', 'gpu')
_TOKEN_MULTIPLE = 128  # kernels take a multiple; padding adds tokens v = 0


class Table(NamedTuple):
  """Angles by which pairs turn, for T tokens; one half of `rotary.tables`."""

  cosine: jax.Array  # [T, N / 2], float32
  sine: jax.Array  # [T, N / 2], float32


class Weights(NamedTuple):
  """The shared weights; each head is half-split, in one block."""

  encoder: jax.Array  # D_x [h, d, N]
  encoder_v: jax.Array  # D_y [h, d, N]
  decoder: jax.Array  # E [h, N, d]


class Drop(NamedTuple):
  """Hashes from which dropout derives its mask; see `drop_hashes`."""

  row: jax.Array  # uint32 [B, T]
  column: jax.Array  # uint32 [B, h, N]


def drop_hashes(
    words: jax.Array, layer: jax.Array, positions: jax.Array, shape
) -> Drop:
  """Hashes that give the mask of `dropout.dropout`, for each sequence.

  Args:
    words: `dropout.key_words` of each sequence's key, uint32 [B, 2].
    layer: index of the layer, int [].
    positions: of the tokens in their stream, int [T].
    shape: (h, N).
  """
  units = jnp.arange(shape[0] * shape[1], dtype=jnp.uint32).reshape(shape)
  start = jnp.asarray(layer).astype(jnp.uint32) * jnp.uint32(0x9E3779B9)
  token = positions.astype(jnp.uint32)[None] ^ words[:, :1]
  neuron = units[None] ^ words[:, 1, None, None]
  return Drop(dropout.mix(dropout.mix(token) + start), dropout.mix(neuron))


def attend(
    encoder: jax.Array,
    v: jax.Array,
    table: Table,
    state: jax.Array | None = None,
    *,
    dtype='float32',
    backend: str = 'auto',
    interpret: bool = False,
) -> tuple[jax.Array, jax.Array | None]:
  """Reads what past tokens have written: a = tril(q q^T, -1) v + q S.

  With q = R relu(v D_x); the state becomes S + q^T v.

  Args:
    encoder: D_x [h, d, N].
    v: residual stream, float [B, T, d].
    table: angles of the T tokens.
    state: synapses S, float32 [B, h, N, d]; None is zero, and returns None.
    dtype: of operands, float32 or bfloat16; sums are float32.
    backend: one of `BACKENDS`. Kernels hold [T, T] scores on the chip: for T
      beyond some 1024, call in chunks with the state.
    interpret: runs a kernel on any platform, slowly.

  Returns:
    a, float32 [B, h, T, d], and the state after the last token.
  """
  h, d, n = encoder.shape
  batch, length, _ = v.shape
  chex.assert_shape(v, (batch, length, d))
  chex.assert_shape(table, (length, n // 2))
  if state is not None:
    chex.assert_shape(state, (batch, h, n, d))
  if _resolve(backend) == 'xla':
    return _attend_xla(encoder, v, table, state, jnp.dtype(dtype))
  pad = -length % _TOKEN_MULTIPLE
  v = jnp.pad(v, ((0, 0), (0, pad), (0, 0)))
  table = Table(*(jnp.pad(a, ((0, pad), (0, 0))) for a in table))
  options = fused_vjp.Options(backend, interpret, jnp.dtype(dtype))
  a, state = fused_vjp.attend(options, encoder, v, table, state)
  return a[:, :, :length], state


def readout(
    weights: Weights,
    v: jax.Array,
    a: jax.Array,
    drop: Drop | None = None,
    *,
    rate: float = 0.0,
    dtype='float32',
    backend: str = 'auto',
    interpret: bool = False,
) -> jax.Array:
  """Computes u = sum over heads of (relu(a D_y) * relu(v D_x)) E.

  Args:
    weights: D_x, D_y and E.
    v: residual stream, float [B, T, d].
    a: what was read, after its LN, float [B, h, T, d].
    drop: hashes for dropout of what E multiplies; None is no dropout.
    rate: of dropout.
    dtype: of operands, float32 or bfloat16; sums are float32.
    backend: one of `BACKENDS`.
    interpret: runs a kernel on any platform, slowly.

  Returns:
    u, float32 [B, T, d].
  """
  h, d, n = weights.encoder.shape
  batch, length, _ = v.shape
  chex.assert_shape(v, (batch, length, d))
  chex.assert_shape(a, (batch, h, length, d))
  if drop is None or not rate:
    drop, rate = None, 0.0
  else:
    chex.assert_shape(drop, [(batch, length), (batch, h, n)])
  if _resolve(backend) == 'xla':
    return _readout_xla(weights, v, a, drop, rate, jnp.dtype(dtype))
  pad = -length % _TOKEN_MULTIPLE
  v = jnp.pad(v, ((0, 0), (0, pad), (0, 0)))
  a = jnp.pad(a, ((0, 0), (0, 0), (0, pad), (0, 0)))
  if drop is not None:
    drop = Drop(jnp.pad(drop.row, ((0, 0), (0, pad))), drop.column)
  options = fused_vjp.Options(backend, interpret, jnp.dtype(dtype), rate)
  u = fused_vjp.readout(options, weights, v, a, drop)
  return u[:, :length]


def _resolve(backend):
  if backend not in BACKENDS:
    raise ValueError(f'backend must be one of {BACKENDS}, got {backend!r}.')
  return 'xla' if backend == 'auto' else backend


def _attend_xla(encoder, v, table, state, dtype):
  lead = (1, 1)
  cosine, sine = (a.reshape(lead + a.shape) for a in table)
  x = contraction.contract('btd,hdn->bhtn', v, encoder, dtype)
  x = jax.nn.relu(x).astype(dtype).astype(cosine.dtype)
  first, second = jnp.split(x, 2, axis=-1)
  q = jnp.concatenate(
      [first * cosine - second * sine, second * cosine + first * sine], -1
  )
  read = functools.partial(
      linear_attention.strict_linear_attention,
      keep_state=state is not None,
      dtype=dtype,
  )
  return jax.vmap(lambda q, v, s: read(q, v, state=s))(
      q.astype(dtype), v, state
  )


def _readout_xla(weights, v, a, drop, rate, dtype):
  lift = functools.partial(contraction.contract, dtype=dtype)
  x = lift('btd,hdn->bhtn', v, weights.encoder)
  z = lift('bhtd,hdn->bhtn', a, weights.encoder_v)
  y = jax.nn.relu(x).astype(dtype) * jax.nn.relu(z).astype(dtype)
  if drop is not None:
    bits = tiles.dropout_bits(
        drop.row[:, None, :, None], drop.column[:, :, None]
    )
    keep = bits >= jnp.uint32(min(round(rate * 2**32), 2**32 - 1))
    y = jnp.where(keep, y * (1 / (1 - rate)), 0).astype(dtype)
  return contraction.contract('bhtn,hnd->btd', y, weights.decoder, dtype)
