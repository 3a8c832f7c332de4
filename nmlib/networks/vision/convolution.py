"""Convolutions of one image, with the sites all convolutional networks share.

Sites are

- `conv_pre_*` [H', W', C]: what a convolution gives, its bias included;
- `conv_post_*` [H', W', C]: after norm and activation;
- `resid_pre_*` [H, W, C]: what enters a block;
- `resid_post_*` [H', W', C']: what leaves it;
- `final` [C]: pooled features, what the logits are read from.

The ending names the layer or block, as each network says; shapes differ, so
that they are not uses of one site.
"""

from collections.abc import Callable
from typing import Literal
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons import sites
from nmlib.neurons.core import checks


class Norm(NamedTuple):
  """Batch normalisation with the statistics that training left, C channels."""

  scale: jax.Array  # [C]
  bias: jax.Array  # [C]
  mean: jax.Array  # [C]
  variance: jax.Array  # [C]


def of_bytes(image: jax.Array) -> jax.Array:
  """Returns bytes (0 to 255) as floating-point numbers.

  Raises:
    ValueError: if they are of another range, where it can be seen; also of 0 to
      1: fractions, none above 1, which as bytes would be black.
  """
  checks.within('image', image, 0, 255)
  if checks.is_concrete(image):
    values = np.asarray(image)
    if np.any(values % 1) and values.max() <= 1:
      raise ValueError(
          'image must be of 0 to 255, got fractions of at most'
          f' {values.max():g}; multiply one of 0 to 1 by 255.'
      )
  return jnp.asarray(image, jnp.result_type(image, jnp.float32))


class Convolution(NamedTuple):
  kernel: jax.Array  # [K, K', D, C]; [K, K', 1, C] if depthwise
  bias: jax.Array | None  # [C]
  norm: Norm | None


class Readout(NamedTuple):
  kernel: jax.Array  # [C, classes]
  bias: jax.Array  # [classes]


class Output(NamedTuple):
  """What a network of one image returns."""

  logits: jax.Array  # [classes]
  final: jax.Array  # what they are read from


def init(
    key: jax.Array,
    size: int,
    inputs: int,
    outputs: int,
    *,
    bias: bool = False,
    norm: bool = False,
    dtype: jnp.dtype = jnp.float32,
) -> Convolution:
  """Draws He-normal weights of a square kernel; biases 0, an idle norm.

  Args:
    key: of the weights.
    size: K of the kernel.
    inputs: channels D that one output reads, 1 if depthwise.
    outputs: channels C.
    bias: whether there is one.
    norm: likewise.
    dtype: of parameters.
  """
  scale = (2 / (size * size * inputs)) ** 0.5
  shape = size, size, inputs, outputs
  kernel = scale * jax.random.normal(key, shape, dtype)
  zeros, ones = jnp.zeros(outputs, dtype), jnp.ones(outputs, dtype)
  return Convolution(
      kernel, zeros if bias else None,
      Norm(ones, zeros, zeros, ones) if norm else None,
  )  # fmt: skip


def init_readout(
    key: jax.Array, inputs: int, classes: int, dtype: jnp.dtype
) -> Readout:
  """Draws weights of variance 1 / inputs; biases 0."""
  kernel = inputs**-0.5 * jax.random.normal(key, (inputs, classes), dtype)
  return Readout(kernel, jnp.zeros(classes, dtype))


def read(x: jax.Array, output: Readout, site: sites.Sites) -> Output:
  """Returns logits of the features of [H, W, C], the means over the image."""
  final = site.tap('final', jnp.mean(x, (0, 1)))
  return Output(final @ output.kernel + output.bias, final)


def convolve(
    x: jax.Array,
    kernel: jax.Array,
    *,
    stride: int = 1,
    padding: int | Literal['SAME'] = 'SAME',
) -> jax.Array:
  """Returns the cross-correlation [H', W', C] of an image with kernels.

  Many images and many networks are the caller's vmap. XLA's convolution on
  CPUs is slow in loops and where kernels have a batch axis, so that there it is
  a product over patches, or of channels by themselves a sum over the kernel's
  places; the numbers agree to rounding.

  Args:
    x: [H, W, D].
    kernel: [K, K', D, C], or [K, K', 1, D]: each channel by itself.
    stride: of both axes.
    padding: zeros on all sides; 'SAME': so many that H' = ceil(H / stride), the
      odd one behind (TensorFlow's rule).

  Raises:
    ValueError: if shapes do not fit.
  """
  checks.shape('x', x, 'H', 'W', 'D')
  depth = x.shape[2]
  shape = kernel.shape
  alone = len(shape) == 4 and shape[2] == 1 and shape[3] == depth
  if len(shape) != 4 or (shape[2] != depth and not alone):
    raise ValueError(
        f'kernel must be [K, K, D={depth}, C], or [K, K, 1, {depth}], got'
        f' {list(shape)}.'
    )
  if padding == 'SAME':
    around = [
        _same(size, width, stride)
        for size, width in zip(x.shape[:2], kernel.shape[:2], strict=True)
    ]
  else:
    around = [(padding, padding)] * 2

  def product(x, kernel):
    shifted = _shifted(x, kernel.shape[:2], stride, around)
    flat = kernel.reshape(len(shifted), -1, kernel.shape[-1])
    if alone:  # one loop over the output, which stores no patches
      total = shifted[0] * flat[0][None]
      for part, weight in zip(shifted[1:], flat[1:], strict=True):
        total += part * weight[None]
      # XLA would repeat a sum at each place that a gradient reads; a division
      # it does but once.
      one = 1 + 0 * jax.lax.stop_gradient(flat[0, 0, 0])
      return total / one
    rows = jnp.concatenate(shifted, 2)
    return rows @ flat.reshape(-1, kernel.shape[-1])

  def convolution(x, kernel):
    return jax.lax.conv_general_dilated(
        x[None], kernel, (stride, stride), around,
        dimension_numbers=('NHWC', 'HWIO', 'NHWC'),
        feature_group_count=depth if alone else 1,
    )[0]  # fmt: skip

  return jax.lax.platform_dependent(x, kernel, cpu=product, default=convolution)


def normalize(x: jax.Array, norm: Norm, epsilon: float) -> jax.Array:
  """Returns x [H, W, C] by the statistics of `norm`."""
  factor = norm.scale * jax.lax.rsqrt(norm.variance + epsilon)
  shift = norm.bias - norm.mean * factor
  return x * factor[None, None] + shift[None, None]


def layer(
    x: jax.Array,
    params: Convolution,
    site: sites.Sites,
    name: str,
    *,
    activation: Callable[[jax.Array], jax.Array] = lambda x: x,
    stride: int = 1,
    padding: int | Literal['SAME'] = 'SAME',
    epsilon: float = 1e-5,
) -> jax.Array:
  """Convolution, norm and activation: `conv_pre_name`, `conv_post_name`."""
  x = convolve(x, params.kernel, stride=stride, padding=padding)
  if params.bias is not None:
    x = x + params.bias[None, None]
  x = site.tap(f'conv_pre_{name}', x)
  if params.norm is not None:
    x = normalize(x, params.norm, epsilon)
  return site.tap(f'conv_post_{name}', activation(x))


def check_image(image: jax.Array, channels: int, dtype) -> jax.Array:
  """Returns the image [H, W, channels] in `dtype`.

  Raises:
    ValueError: if it has another shape, no pixel, or values that are not
      finite.
  """
  checks.shape('image', image, 'H', 'W', C=channels)
  checks.count('the number of pixels of image', image.size // channels)
  checks.finite('image', image)
  return jnp.asarray(image, dtype)


def _same(size: int, width: int, stride: int) -> tuple[int, int]:
  total = max(0, (-(-size // stride) - 1) * stride + width - size)
  return total // 2, total - total // 2


def _shifted(x, widths, stride, around) -> list[jax.Array]:
  """Returns what each output reads at each place of a kernel, [H', W', D]."""
  x = jnp.pad(x, (*around, (0, 0)))
  sizes = zip(x.shape[:2], widths, strict=True)
  counts = [(n - k) // stride + 1 for n, k in sizes]
  ends = [(n - 1) * stride + 1 for n in counts]
  return [
      x[i : i + ends[0] : stride, j : j + ends[1] : stride]
      for i in range(widths[0])
      for j in range(widths[1])
  ]
