"""The surrogates of Norse 1.1.0, under their names and conventions."""

import math

import jax
import jax.numpy as jnp

from nmlib.neurons.spiking import spike_function
from nmlib.neurons.spiking import surrogate
from nmlib.neurons.spiking.surrogate import Surrogate


def super_spike(alpha=100.0) -> Surrogate:
  """1 / (1 + |x|)^2: release 1.1.0 ignores alpha.

  The development branch is `surrogate.fast_sigmoid(alpha)`.
  """
  del alpha
  return surrogate.fast_sigmoid(1.0)


def triangle(alpha=0.3) -> Surrogate:
  """a max(0, 1 - |x|)."""
  return surrogate.triangle(alpha, 1.0)


def tanh(alpha=1.0) -> Surrogate:
  """1 - tanh(a x)^2."""
  return surrogate.tanh(alpha)


def circ(alpha=0.5) -> Surrogate:
  """a^3 / (a^2 + x^2)^1.5."""
  return surrogate.circle(alpha)


def heavi_erfc(alpha=1.0) -> Surrogate:
  """(2 / sqrt pi) exp(-(a x)^2)."""
  return spike_function.make(
      'norse_heavi_erfc',
      lambda x, a: 2 / math.sqrt(math.pi) * jnp.exp(-jnp.square(a * x)),
      lambda x, a: jax.scipy.special.erf(a * x) / a,
      alpha=alpha,
  )
