"""The surrogates of SpikingJelly 2.0.0, under their names and conventions.

"arctan" at x = 0 is 1 here and in snnTorch, 0.318 in Spyx; "super spike" is
alpha here, 1 in Norse and Spyx.
"""

import math

import jax
import jax.numpy as jnp

from nmlib.neurons.spiking import spike_function
from nmlib.neurons.spiking import surrogate
from nmlib.neurons.spiking.surrogate import Surrogate


def atan(alpha=2.0) -> Surrogate:
  """(a / 2) / (1 + (pi a x / 2)^2)."""
  return surrogate.arctan(alpha)


def sigmoid(alpha=4.0) -> Surrogate:
  """a s(ax) s(-ax)."""
  return surrogate.sigmoid(alpha)


def soft_sign(alpha=2.0) -> Surrogate:
  """(a / 2) / (1 + a |x|)^2."""
  return spike_function.make(
      'spikingjelly_soft_sign',
      lambda x, a: a / 2 * jnp.square(1 / (1 + a * jnp.abs(x))),
      lambda x, a: a / 2 * x / (1 + a * jnp.abs(x)),
      alpha=alpha,
  )


def super_spike(alpha=1.0) -> Surrogate:
  """a / (1 + |x|)^2."""
  return spike_function.make(
      'spikingjelly_super_spike',
      lambda x, a: a * jnp.square(1 / (1 + jnp.abs(x))),
      lambda x, a: a * x / (1 + jnp.abs(x)),
      alpha=alpha,
  )


def piecewise_quadratic(alpha=1.0) -> Surrogate:
  """max(0, a - a^2 |x|)."""

  def primitive(x, a):
    inside = jnp.clip(x, -1 / a, 1 / a)
    return a * inside - jnp.square(a) / 2 * inside * jnp.abs(inside)

  return spike_function.make(
      'spikingjelly_piecewise_quadratic',
      lambda x, a: a * jnp.maximum(0, 1 - a * jnp.abs(x)),
      primitive,
      alpha=alpha,
  )


def piecewise_exp(alpha=1.0) -> Surrogate:
  """(a / 2) exp(-a |x|)."""
  return surrogate.exponential(alpha / 2, alpha)


def erf(alpha=2.0) -> Surrogate:
  """(a / sqrt pi) exp(-(a x)^2)."""
  return surrogate.erfc(alpha)


def piecewise_leaky_relu(w=1.0, c=0.01) -> Surrogate:
  """1 / (2 w) where |x| < w, else c."""
  return spike_function.make(
      'spikingjelly_piecewise_leaky_relu',
      lambda x, w, c: jnp.where(jnp.abs(x) < w, 0.5 / w, c),
      lambda x, w, c: jnp.clip(x, -w, w) / (2 * w)
      + c * (x - jnp.clip(x, -w, w)),
      w=w,
      signed={'c': c},
  )


def leaky_k_relu(leak=0.0, k=1.0) -> Surrogate:
  """k where x >= 0, else leak."""
  return spike_function.make(
      'spikingjelly_leaky_k_relu',
      lambda x, k, leak: jnp.where(x >= 0, k, leak),
      lambda x, k, leak: jnp.where(x >= 0, k, leak) * x,
      k=k,
      signed={'leak': leak},
  )


def s2nn(alpha=4.0, beta=1.0) -> Surrogate:
  """a s(ax) s(-ax) where x < 0, else b / (1 + x)."""

  def derivative(x, a, b):
    below = a * surrogate.logistic_slope(a * x)
    return jnp.where(x < 0, below, b / (1 + jnp.abs(x)))

  return spike_function.make(
      'spikingjelly_s2nn',
      derivative,
      lambda x, a, b: jnp.where(
          x < 0, jax.nn.sigmoid(a * x) - 0.5, b * jnp.log1p(jnp.abs(x))
      ),
      alpha=alpha,
      beta=beta,
  )


def q_pseudo_spike(alpha=2.0) -> Surrogate:
  """(1 + 2 |x| / (a - 1))^-a, a > 1."""
  if not isinstance(alpha, jax.core.Tracer) and not alpha > 1:
    raise ValueError(
        f'surrogate.spikingjelly_q_pseudo_spike: alpha must be above 1, got'
        f' {alpha}.'
    )
  return spike_function.make(
      'spikingjelly_q_pseudo_spike',
      lambda x, a: jnp.power(1 + 2 / (a - 1) * jnp.abs(x), -a),
      lambda x, a: (
          jnp.sign(x) * (1 - jnp.power(1 + 2 / (a - 1) * jnp.abs(x), 1 - a)) / 2
      ),
      alpha=alpha,
  )


def rect(alpha=1.0) -> Surrogate:
  """a where |x| < 1 / (2 a), else 0."""
  return spike_function.make(
      'spikingjelly_rect',
      lambda x, a: a * (jnp.abs(x) < 0.5 / a),
      lambda x, a: a * jnp.clip(x, -0.5 / a, 0.5 / a),
      alpha=alpha,
  )


def nonzero_sign_log_abs(alpha=1.0) -> Surrogate:
  """a / (1 + a |x|)."""
  return spike_function.make(
      'spikingjelly_nonzero_sign_log_abs',
      lambda x, a: a / (1 + a * jnp.abs(x)),
      lambda x, a: jnp.sign(x) * jnp.log1p(a * jnp.abs(x)),
      alpha=alpha,
  )


def squarewave_fourier_series(n=2, T_period=8.0) -> Surrogate:
  """(4 / T) sum_{i=1}^{n-1} cos(2 pi (2 i - 1) x / T); not positive.

  Of x modulo T, exactly: cosines of larger angles are noise, or NaN.
  """
  if not n >= 2:
    raise ValueError(
        'surrogate.spikingjelly_squarewave_fourier_series: n must be at least'
        f' 2, got {n}.'
    )
  waves = [2 * i - 1 for i in range(1, n)]

  def total(part, x, period) -> jax.Array:
    angle = 2 * math.pi * (jnp.fmod(x, period) / period)
    return jnp.sum(jnp.stack([part(c, c * angle) for c in waves]), 0)

  return spike_function.make(
      'spikingjelly_squarewave_fourier_series',
      lambda x, t: 4 / t * total(lambda c, angle: jnp.cos(angle), x, t),
      lambda x, t: 2 / math.pi * total(lambda c, a: jnp.sin(a) / c, x, t),
      T_period=T_period,
  )


def fake_numerical_gradient(alpha=0.3) -> Surrogate:
  """min(a, 1 / |x|)."""
  return spike_function.make(
      'spikingjelly_fake_numerical_gradient',
      # Not of 1 / |x|, which is infinite for the smallest floats.
      lambda x, a: 1 / jnp.maximum(1 / a, jnp.abs(x)),
      alpha=alpha,
  )


def log_tailed_relu(alpha=0.0) -> Surrogate:
  """a where x <= 0, 1 up to x = 1, then 1 / x."""
  return spike_function.make(
      'spikingjelly_log_tailed_relu',
      lambda x, a: jnp.where(x <= 0, a, 1 / jnp.maximum(x, 1)),
      lambda x, a: jnp.where(
          x > 1, 1 + jnp.log(jnp.maximum(x, 1)), jnp.where(x > 0, x, a * x)
      ),
      signed={'alpha': alpha},
  )
