"""Rotary phases in the neuron dimension (Su et al. 2021, as used by BDH).

A phase is kept in turns, not radians: neuron pair i of N turns by
f_i = theta^(-2i/N) / (2 pi) turns a token, and only the fraction of a turn
matters. Neurons are stored in `blocks` equal blocks, and each block holds the
first members of its pairs, then the second members ("half-split"). The usual
interleaved layout (2i, 2i+1) computes the same function of permuted neurons,
but needs strided access; and a block never shares a pair with another, so a
head may be cut between blocks, by concatenation or by a mesh, with no traffic.
"""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.core import checks


class Tables(NamedTuple):
  """What `rotate` multiplies with, for T positions of N neurons."""

  cosine: jax.Array  # [T, blocks, N / (2 blocks)]
  sine: jax.Array  # [T, blocks, N / (2 blocks)]


def frequencies(num_neurons: int, theta: float) -> np.ndarray:
  """Returns the frequency of each of N interleaved neurons: float32 [N].

  f_j = theta^(-2 floor(j/2) / N) / (2 pi), in turns per token. The power is
  rounded to float32 before the two divisions, as in the code of BDH; so are
  its frequencies, to the last bit.
  """
  exponent = np.arange(num_neurons, dtype=np.float32) // 2 * 2
  exponent /= np.float32(num_neurons)
  power = np.power(float(theta), exponent.astype(np.float64))
  return 1 / power.astype(np.float32) / np.float32(2 * math.pi)


def storage_order(num_neurons: int, copies: int, blocks: int) -> np.ndarray:
  """Returns the interleaved index of every stored neuron: int [N].

  Args:
    num_neurons: N, neurons of one head.
    copies: number of interleaved runs that follow each other in the
      interleaved layout (one for each model that was merged).
    blocks: number of half-split blocks that store one copy.

  Raises:
    ValueError: if blocks of pairs do not make up the neurons.
  """
  if num_neurons % (2 * copies * blocks):
    raise ValueError(
        f'{num_neurons} neurons are not made up of {copies} copies of {blocks}'
        ' blocks of pairs.'
    )
  order = np.arange(num_neurons).reshape(copies, blocks, -1, 2)
  return order.swapaxes(-1, -2).reshape(num_neurons)


def tables(
    frequency: np.ndarray,
    positions: jax.Array,
    blocks: int = 1,
    *,
    exact: bool = False,
    dtype=jnp.float32,
) -> Tables:
  """Computes cosine and sine of the phases once, for all layers and heads.

  Args:
    frequency: turns per token of each stored neuron, float32 [N].
    positions: absolute positions, int32 [T]; may be negative.
    blocks: number of half-split blocks in which the N neurons are stored.
    exact: if False, the phase is the product in float32, as in the code of
      BDH; its error grows with the position t: 2e-4 rad at 4096, 0.09 at 1e6.
      If True, the frequency is rounded to a multiple of 2^-32 turns and the
      product wraps in uint32: positions may then be shifted by any constant
      with no change, and the distance to the real frequency is 7e-4 rad at
      1e6.
    dtype: of the tables.

  Returns:
    The tables, [T, blocks, N / (2 blocks)].

  Raises:
    ValueError: if blocks of pairs do not make up the neurons.
  """
  if len(frequency) % (2 * blocks):
    raise ValueError(
        f'{len(frequency)} neurons are not made up of {blocks} blocks of pairs.'
    )
  frequency = frequency.reshape(blocks, 2, -1)[:, 0]  # the same for a pair
  positions = positions.reshape(-1, 1, 1)
  if exact:
    turns = np.round(frequency.astype(np.float64) * 2**32).astype(np.uint32)
    phase = (
        positions.astype(jnp.uint32) * jnp.asarray(turns)[None]
    )  # wraps: whole turns
    angle = phase.astype(jnp.int32).astype(dtype) * (2 * math.pi / 2**32)
  else:
    phase = positions.astype(jnp.float32) * frequency[None]
    angle = (phase % 1) * np.float32(2 * math.pi)
  return Tables(jnp.cos(angle).astype(dtype), jnp.sin(angle).astype(dtype))


def rotate(x: jax.Array, table: Tables) -> jax.Array:
  """Rotates each pair (a, b) of x to (a cos - b sin, b cos + a sin).

  Args:
    x: activations, float [..., T, N], stored half-split.
    table: phases of the T positions.

  Returns:
    The rotated activations, with the shape and dtype of x; computed in the
    dtype of the table.

  Raises:
    ValueError: if x is not of the table's positions and neurons.
  """
  x = jnp.asarray(x)
  length, blocks, half = table.cosine.shape
  lead = 'abcdefgh'[: max(x.ndim - 2, 0)]
  checks.shape('x', x, *lead, T=length, N=2 * blocks * half)
  lead = (1,) * (x.ndim - 2)
  cosine, sine = (a.reshape(lead + a.shape) for a in table)
  pairs = x.reshape(x.shape[:-1] + (blocks, 2 * half)).astype(cosine.dtype)
  first, second = pairs[..., :half], pairs[..., half:]
  out = _half(first * cosine - second * sine, 0)
  out += _half(second * cosine + first * sine, half)
  return out.astype(x.dtype).reshape(x.shape)


def _half(x, start):
  """[..., P] to [..., 2 P], zero but for P numbers from `start`.

  XLA fuses a sum of padded halves into one loop; a concatenation costs twice.
  """
  config = [(0, 0, 0)] * (x.ndim - 1) + [(start, x.shape[-1] - start, 0)]
  return jax.lax.pad(x, jnp.zeros((), x.dtype), config)
