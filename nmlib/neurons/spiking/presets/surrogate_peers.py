"""The surrogates of other libraries, under their names and conventions.

The releases are snnTorch 1.0.0, Norse 1.1.0, SpikingJelly 2.0.0 and Spyx
1.0.0. "arctan" at x = 0 is 1, 1, 1 and 0.318 there; "sigmoid" is k / 4; "super
spike" is 1, or alpha in SpikingJelly. Two derivatives that are defects are
kept, since published hyper-parameters rely on them: `snntorch_triangular`
(negative above threshold) and `snntorch_sparse_fast_sigmoid` (one-sided mask).
snnTorch's sigmoid overflows at steep slopes; ours is the finite value.
"""

import math

import jax
import jax.numpy as jnp

from nmlib.neurons.spiking import surrogate
from nmlib.neurons.spiking.surrogate import Surrogate


def snntorch_fast_sigmoid(slope=25.0) -> Surrogate:
  """1 / (1 + k |x|)^2."""
  return surrogate.fast_sigmoid(slope)


def snntorch_atan(alpha=2.0) -> Surrogate:
  """(a / 2) / (1 + (pi a x / 2)^2); the default of snnTorch's neurons."""
  return surrogate.arctan(alpha)


def snntorch_sigmoid(slope=25.0) -> Surrogate:
  """k s(kx) s(-kx)."""
  return surrogate.sigmoid(slope)


def snntorch_straight_through_estimator() -> Surrogate:
  """1."""
  return surrogate.straight_through()


def snntorch_triangular(threshold=1.0) -> Surrogate:
  """+threshold where x < 0, -threshold elsewhere."""
  return Surrogate(
      'snntorch_triangular',
      lambda x, t: jnp.where(x < 0, t, -t),
      (threshold,),
      lambda x, t: -t * jnp.abs(x),
  )


def snntorch_heaviside() -> Surrogate:
  """1 where x > 0, else 0."""
  return Surrogate('snntorch_heaviside', lambda x: x > 0, (), jax.nn.relu)


def snntorch_spike_rate_escape(beta=1.0, slope=25.0) -> Surrogate:
  """k exp(-b |x - 1|)."""

  def primitive(x, b, k):
    side = lambda y: -k / b * jnp.sign(y) * jnp.expm1(-b * jnp.abs(y))
    return side(x - 1) - side(-jnp.ones_like(x))

  return Surrogate(
      'snntorch_spike_rate_escape',
      lambda x, b, k: k * jnp.exp(-b * jnp.abs(x - 1)),
      (beta, slope),
      primitive,
  )


def snntorch_sparse_fast_sigmoid(slope=25.0, bound=1.0) -> Surrogate:
  """1 / (1 + k |x|)^2 where x > B, else 0."""
  return Surrogate(
      'snntorch_sparse_fast_sigmoid',
      lambda x, k, b: jnp.square(1 / (1 + k * jnp.abs(x))) * (x > b),
      (slope, bound),
  )


def norse_super(alpha=100.0) -> Surrogate:
  """1 / (1 + |x|)^2: release 1.1.0 ignores alpha.

  The development branch is `surrogate.fast_sigmoid(alpha)`.
  """
  del alpha
  return surrogate.fast_sigmoid(1.0)


def norse_triangle(alpha=0.3) -> Surrogate:
  """a max(0, 1 - |x|)."""
  return surrogate.triangle(alpha, 1.0)


def norse_tanh(alpha=1.0) -> Surrogate:
  """1 - tanh(a x)^2."""
  return surrogate.tanh(alpha)


def norse_circ(alpha=0.5) -> Surrogate:
  """a^3 / (a^2 + x^2)^1.5."""
  return surrogate.circle(alpha)


def norse_heavi_erfc(alpha=1.0) -> Surrogate:
  """(2 / sqrt pi) exp(-(a x)^2)."""
  return surrogate.gaussian(2 / math.sqrt(math.pi), 1 / (alpha * math.sqrt(2)))


def spikingjelly_atan(alpha=2.0) -> Surrogate:
  """(a / 2) / (1 + (pi a x / 2)^2)."""
  return surrogate.arctan(alpha)


def spikingjelly_sigmoid(alpha=4.0) -> Surrogate:
  """a s(ax) s(-ax)."""
  return surrogate.sigmoid(alpha)


def spikingjelly_soft_sign(alpha=2.0) -> Surrogate:
  """(a / 2) / (1 + a |x|)^2."""
  return Surrogate(
      'spikingjelly_soft_sign',
      lambda x, a: a / 2 * jnp.square(1 / (1 + a * jnp.abs(x))),
      (alpha,),
      lambda x, a: a / 2 * x / (1 + a * jnp.abs(x)),
  )


def spikingjelly_super_spike(alpha=1.0) -> Surrogate:
  """a / (1 + |x|)^2."""
  return Surrogate(
      'spikingjelly_super_spike',
      lambda x, a: a * jnp.square(1 / (1 + jnp.abs(x))),
      (alpha,),
      lambda x, a: a * x / (1 + jnp.abs(x)),
  )


def spikingjelly_piecewise_quadratic(alpha=1.0) -> Surrogate:
  """max(0, a - a^2 |x|)."""
  return surrogate.triangle(alpha, 1 / alpha)


def spikingjelly_piecewise_exp(alpha=1.0) -> Surrogate:
  """(a / 2) exp(-a |x|)."""
  return surrogate.exponential(alpha / 2, alpha)


def spikingjelly_erf(alpha=2.0) -> Surrogate:
  """(a / sqrt pi) exp(-(a x)^2)."""
  return surrogate.erfc(alpha)


def spikingjelly_piecewise_leaky_relu(w=1.0, c=0.01) -> Surrogate:
  """1 / (2 w) where |x| < w, else c."""
  return Surrogate(
      'spikingjelly_piecewise_leaky_relu',
      lambda x, w, c: jnp.where(jnp.abs(x) < w, 0.5 / w, c),
      (w, c),
      lambda x, w, c: jnp.clip(x, -w, w) / (2 * w)
      + c * (x - jnp.clip(x, -w, w)),
  )


def spikingjelly_leaky_k_relu(leak=0.0, k=1.0) -> Surrogate:
  """k where x >= 0, else leak."""
  return Surrogate(
      'spikingjelly_leaky_k_relu',
      lambda x, leak, k: jnp.where(x >= 0, k, leak),
      (leak, k),
      lambda x, leak, k: jnp.where(x >= 0, k, leak) * x,
  )


def spikingjelly_s2nn(alpha=4.0, beta=1.0) -> Surrogate:
  """a s(ax) s(-ax) where x < 0, else b / (1 + x)."""

  def derivative(x, a, b):
    below = a * surrogate.logistic_slope(a * x)
    return jnp.where(x < 0, below, b / (1 + jnp.abs(x)))

  return Surrogate(
      'spikingjelly_s2nn',
      derivative,
      (alpha, beta),
      lambda x, a, b: jnp.where(
          x < 0, jax.nn.sigmoid(a * x) - 0.5, b * jnp.log1p(jnp.abs(x))
      ),
  )


def spikingjelly_q_pseudo_spike(alpha=2.0) -> Surrogate:
  """(1 + 2 |x| / (a - 1))^-a."""
  return Surrogate(
      'spikingjelly_q_pseudo_spike',
      lambda x, a: jnp.power(1 + 2 / (a - 1) * jnp.abs(x), -a),
      (alpha,),
      lambda x, a: (
          jnp.sign(x) * (1 - jnp.power(1 + 2 / (a - 1) * jnp.abs(x), 1 - a)) / 2
      ),
  )


def spikingjelly_rect(alpha=1.0) -> Surrogate:
  """a where |x| < 1 / (2 a), else 0."""
  return Surrogate(
      'spikingjelly_rect',
      lambda x, a: a * (jnp.abs(x) < 0.5 / a),
      (alpha,),
      lambda x, a: a * jnp.clip(x, -0.5 / a, 0.5 / a),
  )


def spikingjelly_nonzero_sign_log_abs(alpha=1.0) -> Surrogate:
  """a / (1 + a |x|)."""
  return Surrogate(
      'spikingjelly_nonzero_sign_log_abs',
      lambda x, a: a / (1 + a * jnp.abs(x)),
      (alpha,),
      lambda x, a: jnp.sign(x) * jnp.log1p(a * jnp.abs(x)),
  )


def spikingjelly_squarewave_fourier_series(n=2, T_period=8.0) -> Surrogate:
  """(4 / T) sum_{i=1}^{n-1} cos(2 pi (2 i - 1) x / T); not positive."""
  waves = [2 * i - 1 for i in range(1, n)]

  def total(part, x, period) -> jax.Array:
    parts = [part(c, 2 * math.pi * c * x / period) for c in waves]
    return jnp.sum(jnp.stack(parts), 0)

  return Surrogate(
      'spikingjelly_squarewave_fourier_series',
      lambda x, t: 4 / t * total(lambda c, angle: jnp.cos(angle), x, t),
      (T_period,),
      lambda x, t: 2 / math.pi * total(lambda c, a: jnp.sin(a) / c, x, t),
  )


def spikingjelly_fake_numerical_gradient(alpha=0.3) -> Surrogate:
  """min(a, 1 / |x|)."""
  return Surrogate(
      'spikingjelly_fake_numerical_gradient',
      # Not of 1 / |x|, which is infinite for the smallest floats.
      lambda x, a: 1 / jnp.maximum(1 / a, jnp.abs(x)),
      (alpha,),
  )


def spikingjelly_log_tailed_relu(alpha=0.0) -> Surrogate:
  """a where x <= 0, 1 up to x = 1, then 1 / x."""
  return Surrogate(
      'spikingjelly_log_tailed_relu',
      lambda x, a: jnp.where(x <= 0, a, 1 / jnp.maximum(x, 1)),
      (alpha,),
      lambda x, a: jnp.where(
          x > 1, 1 + jnp.log(jnp.maximum(x, 1)), jnp.where(x > 0, x, a * x)
      ),
  )


def spyx_superspike(k=25.0) -> Surrogate:
  """1 / (1 + k |x|)^2."""
  return surrogate.fast_sigmoid(k)


def spyx_arctan(k=2.0) -> Surrogate:
  """1 / (pi (1 + (pi k x)^2))."""
  return Surrogate(
      'spyx_arctan',
      lambda x, k: 1 / (math.pi * (1 + jnp.square(math.pi * k * x))),
      (k,),
      lambda x, k: jnp.arctan(math.pi * k * x) / (math.pi**2 * k),
  )


def spyx_tanh(k=1.0) -> Surrogate:
  """sech(k x)^2."""
  return surrogate.tanh(k)


def spyx_boxcar(width=2.0, height=0.5) -> Surrogate:
  """h where |x| < w / 2."""
  return surrogate.boxcar(height, width)


def spyx_triangular(k=2.0) -> Surrogate:
  """max(0, 1 - k |x|)."""
  return surrogate.triangle(1.0, 1 / k)
