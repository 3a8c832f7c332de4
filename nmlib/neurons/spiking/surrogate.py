"""Surrogate derivatives of the spike: what backpropagation sees of a step.

The forward pass is the Heaviside step of x = v - threshold; the backward pass
multiplies by g(x), one of the functions here. Each is finite for every finite
float: x enters as a size whose growth ends in 0 or in a bound. The same word
means different functions in different libraries, whose own are in
`spiking.presets`, in a module of surrogates each. A summary:

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

import math

import jax
import jax.numpy as jnp

from nmlib.neurons.spiking import spike_function

Surrogate = spike_function.Surrogate
spike = spike_function.spike


def fast_sigmoid(slope=25.0) -> Surrogate:
  """1 / (1 + k |x|)^2: SuperSpike (Zenke & Ganguli 2018), peak 1."""
  return spike_function.make(
      'fast_sigmoid', _fast_sigmoid, _softsign, slope=slope
  )


def scaled_fast_sigmoid(slope=25.0) -> Surrogate:
  """k / (1 + k |x|)^2, integral 2 whatever the slope."""
  return spike_function.make(
      'scaled_fast_sigmoid',
      lambda x, k: k * _fast_sigmoid(x, k),
      lambda x, k: k * _softsign(x, k),
      slope=slope,
  )


def sigmoid(slope=4.0) -> Surrogate:
  """k s(kx) s(-kx), the derivative of the logistic function; peak k / 4."""
  return spike_function.make(
      'sigmoid',
      lambda x, k: k * logistic_slope(k * x),
      lambda x, k: jax.nn.sigmoid(k * x) - 0.5,
      slope=slope,
  )


def arctan(slope=2.0) -> Surrogate:
  """(a / 2) / (1 + (pi a x / 2)^2) (Fang et al. 2021), peak a / 2."""
  return spike_function.make(
      'arctan',
      lambda x, a: a / 2 / (1 + jnp.square(math.pi / 2 * a * x)),
      lambda x, a: jnp.arctan(math.pi / 2 * a * x) / math.pi,
      slope=slope,
  )


def tanh(slope=1.0) -> Surrogate:
  """1 - tanh(kx)^2, peak 1."""
  return spike_function.make(
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

  return spike_function.make(
      'triangle',
      lambda x, c, w: c * jnp.maximum(0, 1 - jnp.abs(x) / w),
      primitive,
      height=height,
      half_width=half_width,
  )


def boxcar(height=0.5, width=2.0) -> Surrogate:
  """h where |x| < w / 2, the edges excluded, else 0."""
  return spike_function.make(
      'boxcar',
      lambda x, h, w: h * (jnp.abs(x) < w / 2),
      lambda x, h, w: h * jnp.clip(x, -w / 2, w / 2),
      height=height,
      width=width,
  )


def straight_through() -> Surrogate:
  """1 everywhere (Bengio et al. 2013); clipped, it is a `boxcar`."""
  return spike_function.make(
      'straight_through', lambda x: jnp.ones_like(x), lambda x: x
  )


def zero() -> Surrogate:
  """0 everywhere: what comes before the spike is frozen. A control."""
  return spike_function.make('zero', jnp.zeros_like, jnp.zeros_like)


def gaussian(height=1.0, width=0.5) -> Surrogate:
  """h exp(-x^2 / 2 s^2), s the width."""
  return spike_function.make(
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

  return spike_function.make(
      'multi_gaussian',
      lambda *a: total(density, *a),
      lambda *a: total(_bell_area, *a),
      scale=scale,
      width=width,
      signed={'side': side},
  )


def erfc(slope=2.0) -> Surrogate:
  """(k / sqrt pi) exp(-k^2 x^2), integral 1."""
  return spike_function.make(
      'erfc',
      lambda x, k: k / math.sqrt(math.pi) * jnp.exp(-jnp.square(k * x)),
      lambda x, k: jax.scipy.special.erf(k * x) / 2,
      slope=slope,
  )


def exponential(height=1.0, slope=5.0) -> Surrogate:
  """c exp(-b |x|): SLAYER (Shrestha & Orchard 2018)."""
  return spike_function.make(
      'exponential',
      lambda x, c, b: c * jnp.exp(-b * jnp.abs(x)),
      lambda x, c, b: -c / b * jnp.sign(x) * jnp.expm1(-b * jnp.abs(x)),
      height=height,
      slope=slope,
  )


def circle(width=1.0) -> Surrogate:
  """a^3 / (a^2 + x^2)^1.5, a the width; peak 1."""
  # Of x / a, so that neither a^3 nor x^3 overflows before their ratio.
  return spike_function.make(
      'circle',
      lambda x, a: jnp.power(1 + jnp.square(x / a), -1.5),
      lambda x, a: x / jnp.sqrt(1 + jnp.square(x / a)),
      width=width,
  )


def leaky(leak=0.1, slope=1.0) -> Surrogate:
  """Slope where x > 0, else leak."""
  return spike_function.make(
      'leaky',
      lambda x, k, leak: jnp.where(x > 0, k, leak),
      lambda x, k, leak: jnp.where(x > 0, k, leak) * x,
      slope=slope,
      signed={'leak': leak},
  )


def sparse_fast_sigmoid(slope=25.0, bound=1.0) -> Surrogate:
  """1 / (1 + k |x|)^2 where |x| < B, else 0 (Perez-Nieves & Goodman 2021)."""
  return spike_function.make(
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

  signed = {'low': low, 'high': high}
  return spike_function.make('stochastic', derivative, signed=signed)


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
