"""How rough an image is, and the smoothing that leaves its edges.

Rudin, Osher & Fatemi (1992). Images are [H, W, C], each channel by itself. All
is measured in the image's own units: for numbers of 0..255 a weight means
something else than for numbers of 0..1.
"""

import functools
from typing import Literal
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.core import checks

# Minimising over u, each pixel is the mean of its four neighbours, twice the
# weight each, and of the image, the weight.
_NEIGHBOUR = 2 / 9
_IMAGE = 1 / 9


class _Split(NamedTuple):
  """Of one channel; x is to the right, y is down."""

  image: jax.Array  # [H + 2, W + 2], u with borders that do not change
  multipliers: jax.Array  # [2, H, W], b
  pulls: jax.Array  # [2, H + 1, W + 1], d - b behind zeros


def total_variation(
    image: jax.Array,
    *,
    kind: Literal['isotropic', 'anisotropic'] = 'isotropic',
    eps: float = 0.0,
) -> jax.Array:
  """Returns the total variation [] of an image.

  Args:
    image: [H, W, C], of two pixels a side at least.
    kind: 'isotropic': sum of sqrt(dx^2 + dy^2 + eps) over all pixels that have
      a neighbour to the right and one below; 'anisotropic': sum of |dx| and
      |dy| over all neighbours.
    eps: of 'isotropic'; above 0 there is a gradient where nothing changes.

  Raises:
    ValueError: if the shape or the kind is wrong, or eps is negative.
  """
  _check(image)
  if kind not in ('isotropic', 'anisotropic'):
    raise ValueError(f'kind must be isotropic or anisotropic, got {kind!r}.')
  if eps < 0:
    raise ValueError(f'eps must be at least 0, got {eps}.')
  image = jnp.asarray(image, jnp.result_type(image, jnp.float32))
  right, down = image[:, 1:] - image[:, :-1], image[1:] - image[:-1]
  if kind == 'anisotropic':
    return jnp.sum(jnp.abs(right)) + jnp.sum(jnp.abs(down))
  squares = jnp.square(right[:-1]) + jnp.square(down[:, :-1])
  return jnp.sum(jnp.sqrt(squares + eps))


def denoise(
    image: jax.Array,
    weight: jax.Array | float,
    *,
    sweeps: int = 100,
    eps: float = 1e-3,
    isotropic: bool = True,
    carry_over: bool = False,
) -> jax.Array:
  """Smooths an image by split Bregman iterations, [H, W, C].

  Minimises TV(u) + weight |u - image|^2: the SMALLER the weight, the smoother.
  Goldstein & Osher (2009) with the sweeps of Getreuer (2012), in the order, and
  with the borders, of scikit-image's `denoise_tv_bregman`: near borders reflect
  the image, far ones repeat it, and stay. A sweep is Gauss-Seidel's, pixel
  after pixel; what it computes is a recurrence along rows and columns, here
  solved a diagonal at a time.

  Args:
    image: [H, W, C], of two pixels a side at least.
    weight: positive; may be traced.
    sweeps: the most of them.
    eps: a channel is done when the root mean square of its change by a sweep
      falls below.
    isotropic: whether both differences shrink together.
    carry_over: starts the auxiliary variables of a channel from the previous
      channel's result, as scikit-image 0.26 does, instead of from 0; both
      lead to the same minimum.

  Raises:
    ValueError: if the shape is wrong, a number is not positive, or a pixel not
      finite.
  """
  _check(image)
  checks.finite('image', image)
  checks.count('sweeps', sweeps)
  checks.within('weight', weight, float(np.finfo(np.float32).tiny), np.inf)
  image = jnp.asarray(image, jnp.result_type(image, jnp.float32))
  weight = jnp.asarray(weight, image.dtype)
  channels = jnp.moveaxis(image, -1, 0)
  solve = functools.partial(
      _minimum, weight=weight, sweeps=sweeps, eps=eps, isotropic=isotropic
  )
  if not carry_over:
    zero = jnp.zeros(image.shape[:2], image.dtype)
    return jnp.moveaxis(jax.vmap(lambda f: solve(f, zero))(channels), 0, -1)

  def one(last, channel):
    found = solve(channel, last)
    return found, found

  return jnp.moveaxis(jax.lax.scan(one, 0 * channels[0], channels)[1], 0, -1)


def high_frequency_share(image: jax.Array, cutoff: float = 0.25) -> jax.Array:
  """Returns the share [] of an image's power at high spatial frequencies.

  Args:
    image: [H, W, C]; means of channels do not count.
    cutoff: cycles a pixel above which a frequency is high, of 0 to 0.5 along a
      side.

  Raises:
    ValueError: if the shape is wrong or the cutoff out of range.
  """
  _check(image)
  if not 0 < cutoff < 0.5:
    raise ValueError(f'cutoff must be in (0, 0.5), got {cutoff}.')
  flat = image - jnp.mean(image, (0, 1), keepdims=True)
  power = jnp.sum(jnp.square(jnp.abs(jnp.fft.fft2(flat, axes=(0, 1)))), -1)
  rows, columns = (np.fft.fftfreq(size) for size in image.shape[:2])
  high = np.hypot.outer(rows, columns) > cutoff
  total = jnp.sum(power)
  return jnp.sum(power * high) / jnp.where(total > 0, total, 1)


def _minimum(image, before, *, weight, sweeps, eps, isotropic):
  """Sweeps over one channel [H, W] until it changes no more."""
  padded = jnp.pad(image, ((1, 0), (1, 0)), mode='reflect')
  padded = jnp.pad(padded, ((0, 1), (0, 1)), mode='edge')
  # d and b start alike, so that their difference is 0.
  start = _Split(
      padded, jnp.stack([before, before]),
      jnp.zeros((2, *(size + 1 for size in image.shape)), image.dtype),
  )  # fmt: skip
  again = lambda carry: (carry[1] < sweeps) & (carry[2] > eps)

  def body(carry):
    split, count, _ = carry
    swept = _sweep(split, image, weight, isotropic)
    change = (swept.image - split.image)[1:-1, 1:-1]
    return swept, count + 1, jnp.sqrt(jnp.mean(jnp.square(change)))

  carry = start, jnp.int32(0), jnp.asarray(jnp.inf, image.dtype)
  return jax.lax.while_loop(again, body, carry)[0].image[1:-1, 1:-1]


def _sweep(split, image, weight, isotropic) -> _Split:
  """One pass over the pixels; differences are those before it."""
  u = split.image
  right, below = u[1:-1, 2:], u[2:, 1:-1]
  t = split.multipliers + jnp.stack([right, below]) - u[None, 1:-1, 1:-1]
  if isotropic:
    length = 2 * weight * jnp.sqrt(jnp.sum(jnp.square(t), 0, keepdims=True))
    d = t * (length / (length + 1))
  else:
    d = jnp.sign(t) * jnp.maximum(jnp.abs(t) - 0.5 / weight, 0)
  b = t - d
  old = split.pulls[0, 1:, 1:] + split.pulls[1, 1:, 1:]
  pulls = split.pulls.at[:, 1:, 1:].set(d - b)
  z = right + below - old + pulls[0, 1:, :-1] + pulls[1, :-1, 1:]
  z = _NEIGHBOUR * z + _IMAGE * image
  z = z.at[0].add(_NEIGHBOUR * u[0, 1:-1])
  z = z.at[:, 0].add(_NEIGHBOUR * u[1:-1, 0])
  return _Split(u.at[1:-1, 1:-1].set(_recurrence(z)), b, pulls)


def _recurrence(z: jax.Array) -> jax.Array:
  """Solves u[r, c] = 2/9 (u[r - 1, c] + u[r, c - 1]) + z[r, c], 0 outside."""
  height, width = z.shape
  length = height + width - 1
  # Row r moved r to the right: diagonals become columns.
  flat = jnp.pad(z, ((0, 0), (0, height))).reshape(-1)[: height * length]
  skewed = flat.reshape(height, length).T

  def step(last, new):
    above = jnp.concatenate([jnp.zeros_like(last[:1]), last[:-1]])
    now = _NEIGHBOUR * (last + above) + new
    return now, now

  _, found = jax.lax.scan(step, jnp.zeros_like(skewed[0]), skewed)
  flat = jnp.pad(found.T.reshape(-1), (0, height))
  return flat.reshape(height, length + 1)[:, :width]


def _check(image) -> None:
  checks.shape('image', image, 'H', 'W', 'C')
  if min(image.shape[:2]) < 2:
    raise ValueError(
        'image must have two pixels a side at least, got shape'
        f' {list(image.shape)}.'
    )
