"""Surrogate derivatives of the spike: what backpropagation sees of a step.

The forward pass is the Heaviside step of x = v - threshold; the backward pass
multiplies by g(x), one of the functions here. Each is finite for every finite
float. The same word means different functions in different libraries: the
table of peers is in `nmlib.neurons.spiking.presets.surrogate_peers`. A summary:

| function | g(x) | peak | integral |
|---|---|---|---|
| fast_sigmoid | 1 / (1 + k abs x)^2 | 1 | 2 / k |
| scaled_fast_sigmoid | k / (1 + k abs x)^2 | k | 2 |
| sigmoid | k s(kx) s(-kx), s the logistic function | k / 4 | 1 |
| arctan | (a / 2) / (1 + (pi a x / 2)^2) | a / 2 | 1 |
| tanh | 1 - tanh(kx)^2 | 1 | 2 / k |
| triangle | c max(0, 1 - abs(x) / w) | c | c w |
| boxcar | h where abs(x) < w / 2 | h | h w |
| straight_through | 1 | 1 | - |
| gaussian | h exp(-x^2 / 2 s^2) | h | h s sqrt(2 pi) |
| multi_gaussian | three Gaussians, negative side lobes | | scale (1 - h) |
| erfc | (k / sqrt pi) exp(-k^2 x^2) | k / sqrt pi | 1 |
| exponential | c exp(-b abs x) | c | 2 c / b |
| circle | a^3 / (a^2 + x^2)^1.5 | 1 | 2 a |
| leaky | 1 where x > 0, else k | 1 | - |
| sparse_fast_sigmoid | fast_sigmoid where abs(x) < B | 1 | |

Sources: Tavanaei et al. (2019), Neftci et al. (2019), Zenke & Vogels (2021).
"""

from collections.abc import Callable
import dataclasses
import math
from typing import Any

import jax
import jax.numpy as jnp


@dataclasses.dataclass(frozen=True)
class Surrogate:
  """A derivative g(x); hashable while its parameters are numbers.

  Parameters may also be traced arrays, so that a slope can be scheduled or
  mapped over; such a surrogate is passed to `spike` directly, not through a
  static Config.

  Attributes:
    name: of the function.
    derivative: g(x, *parameters).
    parameters: numbers, or scalars under a transformation.
    primitive: the antiderivative of g that is 0 at 0, as (x, *parameters); None
      where there is none in closed form.
  """

  name: str
  derivative: Callable[..., jax.Array]
  parameters: tuple[Any, ...] = ()
  primitive: Callable[..., jax.Array] | None = None

  def __call__(self, x: jax.Array) -> jax.Array:
    """Returns g(x), of x's shape and dtype."""
    return self.derivative(x, *self.parameters).astype(x.dtype)

  def smoothed(self, x: jax.Array) -> jax.Array:
    """Returns the smooth step whose true derivative is g(x)."""
    if self.primitive is None:
      raise ValueError(f'surrogate {self.name} has no closed-form primitive.')
    return self.primitive(x, *self.parameters).astype(x.dtype)


def spike(
    x: jax.Array, surrogate: Surrogate, *, at_threshold: bool = False
) -> jax.Array:
  """Returns 1 where x > 0, else 0, with derivative g(x).

  Args:
    x: distance to threshold, float of any shape.
    surrogate: g; linear in the tangent, so forward and reverse mode agree.
    at_threshold: whether x = 0 spikes (SpikingJelly) or not (the others).
  """
  derivative = jax.lax.stop_gradient(surrogate(x))
  return (_spike_inclusive if at_threshold else _spike)(x, derivative)


@jax.custom_jvp
def _spike(x, derivative):
  del derivative
  return (x > 0).astype(x.dtype)


@jax.custom_jvp
def _spike_inclusive(x, derivative):
  del derivative
  return (x >= 0).astype(x.dtype)


def _jvp(function):
  def rule(primals, tangents):
    x_dot, derivative = tangents[0], primals[1]
    return function(*primals), x_dot * derivative

  return rule


_spike.defjvp(_jvp(_spike))
_spike_inclusive.defjvp(_jvp(_spike_inclusive))


def fast_sigmoid(slope=25.0) -> Surrogate:
  """1 / (1 + k |x|)^2: SuperSpike (Zenke & Ganguli 2018), peak 1."""
  return _make('fast_sigmoid', _fast_sigmoid, _softsign, slope=slope)


def scaled_fast_sigmoid(slope=25.0) -> Surrogate:
  """k / (1 + k |x|)^2, integral 2 whatever the slope."""
  return _make(
      'scaled_fast_sigmoid',
      lambda x, k: k * _fast_sigmoid(x, k),
      lambda x, k: k * _softsign(x, k),
      slope=slope,
  )


def sigmoid(slope=4.0) -> Surrogate:
  """k s(kx) s(-kx), the derivative of the logistic function; peak k / 4."""
  return _make(
      'sigmoid',
      lambda x, k: k * logistic_slope(k * x),
      lambda x, k: jax.nn.sigmoid(k * x) - 0.5,
      slope=slope,
  )


def arctan(slope=2.0) -> Surrogate:
  """(a / 2) / (1 + (pi a x / 2)^2) (Fang et al. 2021), peak a / 2."""
  return _make(
      'arctan',
      lambda x, a: a / 2 / (1 + jnp.square(math.pi / 2 * a * x)),
      lambda x, a: jnp.arctan(math.pi / 2 * a * x) / math.pi,
      slope=slope,
  )


def tanh(slope=1.0) -> Surrogate:
  """1 - tanh(kx)^2, peak 1."""
  return _make(
      'tanh',
      # sech(z)^2, without the cancellation in the tails.
      lambda x, k: 4 * logistic_slope(2 * k * x),
      lambda x, k: jnp.tanh(k * x) / k,
      slope=slope,
  )


def triangle(height=1.0, half_width=1.0) -> Surrogate:
  """c max(0, 1 - |x| / w) (Bellec et al. 2018 with c = 0.3)."""

  def primitive(x, c, w):
    inside = jnp.clip(x, -w, w)
    return c * (inside - inside * jnp.abs(inside) / (2 * w))

  return _make(
      'triangle',
      lambda x, c, w: c * jnp.maximum(0, 1 - jnp.abs(x) / w),
      primitive,
      height=height,
      half_width=half_width,
  )


def boxcar(height=0.5, width=2.0) -> Surrogate:
  """h where |x| < w / 2, the edges excluded, else 0."""
  return _make(
      'boxcar',
      lambda x, h, w: h * (jnp.abs(x) < w / 2),
      lambda x, h, w: h * jnp.clip(x, -w / 2, w / 2),
      height=height,
      width=width,
  )


def straight_through() -> Surrogate:
  """1 everywhere (Bengio et al. 2013); clipped, it is a `boxcar`."""
  return _make('straight_through', lambda x: jnp.ones_like(x), lambda x: x)


def zero() -> Surrogate:
  """0 everywhere: what comes before the spike is frozen. A control."""
  return _make('zero', lambda x: jnp.zeros_like(x), lambda x: jnp.zeros_like(x))


def gaussian(height=1.0, width=0.5) -> Surrogate:
  """h exp(-x^2 / 2 s^2), s the width."""
  return _make(
      'gaussian',
      lambda x, h, s: h * _bell(x, s),
      lambda x, h, s: h * s * math.sqrt(2 * math.pi) * _bell_area(x, s),
      height=height,
      width=width,
  )


def multi_gaussian(scale=0.5, width=0.5, side=0.15) -> Surrogate:
  """Gaussian with negative side lobes (Yin, Corradi & Bohte 2021).

  scale ((1 + h) N(x; 0, s) - h N(x; s, 6 s) - h N(x; -s, 6 s)), where N is the
  normal density, h the side and s the width.
  """
  density = lambda x, s: _bell(x, s) / (s * math.sqrt(2 * math.pi))

  def total(part, x, c, s, h):
    wide = part(x - s, 6 * s) + part(x + s, 6 * s)
    return c * ((1 + h) * part(x, s) - h * wide)

  return _make(
      'multi_gaussian',
      lambda *a: total(density, *a),
      lambda *a: total(_bell_area, *a),
      scale=scale,
      width=width,
      side=side,
  )


def erfc(slope=2.0) -> Surrogate:
  """(k / sqrt pi) exp(-k^2 x^2), integral 1."""
  return _make(
      'erfc',
      lambda x, k: k / math.sqrt(math.pi) * jnp.exp(-jnp.square(k * x)),
      lambda x, k: jax.scipy.special.erf(k * x) / 2,
      slope=slope,
  )


def exponential(height=1.0, slope=5.0) -> Surrogate:
  """c exp(-b |x|): SLAYER (Shrestha & Orchard 2018)."""
  return _make(
      'exponential',
      lambda x, c, b: c * jnp.exp(-b * jnp.abs(x)),
      lambda x, c, b: -c / b * jnp.sign(x) * jnp.expm1(-b * jnp.abs(x)),
      height=height,
      slope=slope,
  )


def circle(width=1.0) -> Surrogate:
  """a^3 / (a^2 + x^2)^1.5, a the width; peak 1."""
  # Of x / a, so that neither a^3 nor x^3 overflows before their ratio.
  return _make(
      'circle',
      lambda x, a: jnp.power(1 + jnp.square(x / a), -1.5),
      lambda x, a: x / jnp.sqrt(1 + jnp.square(x / a)),
      width=width,
  )


def leaky(leak=0.1, slope=1.0) -> Surrogate:
  """Slope where x > 0, else leak."""
  return _make(
      'leaky',
      lambda x, leak, k: jnp.where(x > 0, k, leak),
      lambda x, leak, k: jnp.where(x > 0, k, leak) * x,
      leak=leak,
      slope=slope,
  )


def sparse_fast_sigmoid(slope=25.0, bound=1.0) -> Surrogate:
  """1 / (1 + k |x|)^2 where |x| < B, else 0 (Perez-Nieves & Goodman 2021)."""
  return _make(
      'sparse_fast_sigmoid',
      lambda x, k, b: _fast_sigmoid(x, k) * (jnp.abs(x) < b),
      lambda x, k, b: _softsign(jnp.clip(x, -b, b), k),
      slope=slope,
      bound=bound,
  )


def stochastic(key: jax.Array, low=-0.5, high=0.5) -> Surrogate:
  """1 where x > 0, else uniform noise in [low, high) drawn with the key.

  The same key gives the same noise: fold the time step in.
  """

  def derivative(x, low, high):
    noise = jax.random.uniform(key, x.shape, x.dtype, low, high)
    return jnp.where(x > 0, 1, noise)

  return Surrogate('stochastic', derivative, (low, high))


def logistic_slope(z: jax.Array) -> jax.Array:
  """Returns s(z) s(-z), the derivative of the logistic function."""
  # Of |z|: exp(-z) / (1 + exp(-z))^2 is NaN beyond z = -89. One exponential.
  e = jnp.exp(-jnp.abs(z))
  return e / jnp.square(1 + e)


def _fast_sigmoid(x, k):
  return jnp.square(1 / (1 + k * jnp.abs(x)))  # the ratio first: no overflow


def _softsign(x, k):
  return x / (1 + k * jnp.abs(x))


def _bell(x, s):
  return jnp.exp(-jnp.square(x / s) / 2)


def _bell_area(x, s):
  return jax.scipy.special.erf(x / (s * math.sqrt(2))) / 2


def _make(name, derivative, primitive, **parameters) -> Surrogate:
  """Checks the parameters, those that are concrete, and puts it together."""
  for field, value in parameters.items():
    if not isinstance(value, jax.core.Tracer) and not _fits(field, value):
      kind = 'finite' if field in ('leak', 'side') else 'positive and finite'
      raise ValueError(
          f'surrogate.{name}: {field} must be {kind}, got {value}.'
      )
  return Surrogate(name, derivative, tuple(parameters.values()), primitive)


def _fits(field, value):
  return math.isfinite(value) and (field in ('leak', 'side') or value > 0)
