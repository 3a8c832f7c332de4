"""Tiles and compiler parameters that the GPU kernels of BDH share."""

from jax.experimental import pallas as pl
from jax.experimental.pallas import triton as pltriton

# Tokens and pairs a tile. Products are [128, d] by [d, 64], twice; kernels
# that hold more sums at a time take less, so that none spills its registers
# when Triton compiles it for an H100 with d = 256.
LARGE = (128, 64)
FLAT = (128, 32)
SMALL = (64, 64)
_STEP = 64  # tokens a step of the sum over tokens


def tile(length: int, n: int, limits=LARGE) -> tuple[int, int]:
  """Returns tokens and pairs a tile; powers of two, as Triton wants.

  Args:
    length: T.
    n: neurons of a head.
    limits: largest values of the two.

  Raises:
    ValueError: if N / 2 has no divisor of at least 16 that is one.
  """
  pairs = min(limits[1], (n // 2) & -(n // 2))
  if pairs < 16:
    raise ValueError(
        "the GPU kernels need a number of pairs of neurons a head that is a"
        f" multiple of 16, got {n // 2}; use backend='xla'."
    )
  return min(limits[0], length & -length), pairs


def step(length: int) -> int:
  """Returns the tokens a step of the sum over tokens."""
  return min(_STEP, length & -length)


def call(kernel, grid, in_specs, out_specs, out_shape, interpret, warps=8):
  """`pl.pallas_call` by way of Triton."""
  return pl.pallas_call(
      kernel,
      grid=grid,
      in_specs=in_specs,
      out_specs=out_specs,
      out_shape=out_shape,
      interpret=interpret,
      compiler_params=pltriton.CompilerParams(num_warps=warps, num_stages=2),
  )
