"""Grids, blocks and compiler parameters that the TPU kernels of BDH share."""

from jax.experimental import pallas as pl
from jax.experimental.pallas import tpu as pltpu

PAIRS_PER_BLOCK = 512  # K
ROWS_PER_BLOCK = 1024  # tokens of whole sequences that share a load of weights
# At d = 256 and T = 512 a kernel takes some 25 MiB: v5e, v5p and v6e have
# that, v4 (16 MiB) has not.
_VMEM_BYTES = 100 * 2**20


def blocks(batch, length, n):
  """Sequences and pairs a block: the largest divisors within the limits."""
  rows = max(1, ROWS_PER_BLOCK // length)
  return _divisor(batch, rows), _divisor(n // 2, PAIRS_PER_BLOCK)


def _divisor(number, limit):
  return max(i for i in range(1, min(number, limit) + 1) if not number % i)


def weight_specs(d, k, n, head_and_block):
  """Both halves of a head's [d, N]: the same array, seen twice."""

  def spec(offset):
    def index(*grid):
      h, j = head_and_block(*grid)
      return h, 0, j + offset

    return pl.BlockSpec((1, d, k), index)

  return spec(0), spec(n // 2 // k)


def call(
    kernel, grid, in_specs, out_specs, out_shape, order, interpret, scratch=()
):
  return pl.pallas_call(
      kernel,
      grid=grid,
      in_specs=in_specs,
      out_specs=out_specs,
      out_shape=out_shape,
      scratch_shapes=scratch,
      interpret=interpret,
      compiler_params=pltpu.CompilerParams(
          dimension_semantics=order, vmem_limit_bytes=_VMEM_BYTES
      ),
  )
