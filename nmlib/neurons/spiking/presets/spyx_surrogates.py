"""The surrogates of Spyx 1.0.0, under their names and conventions."""

import math

import jax.numpy as jnp

from nmlib.neurons.spiking import spike_function
from nmlib.neurons.spiking import surrogate
from nmlib.neurons.spiking.surrogate import Surrogate


def superspike(k=25.0) -> Surrogate:
  """1 / (1 + k |x|)^2."""
  return surrogate.fast_sigmoid(k)


def arctan(k=2.0) -> Surrogate:
  """1 / (pi (1 + (pi k x)^2))."""
  return spike_function.make(
      'spyx_arctan',
      lambda x, k: 1 / (math.pi * (1 + jnp.square(math.pi * k * x))),
      lambda x, k: jnp.arctan(math.pi * k * x) / (math.pi**2 * k),
      k=k,
  )


def tanh(k=1.0) -> Surrogate:
  """sech(k x)^2."""
  return surrogate.tanh(k)


def boxcar(width=2.0, height=0.5) -> Surrogate:
  """h where |x| < w / 2."""
  return surrogate.boxcar(height, width)


def triangular(k=2.0) -> Surrogate:
  """max(0, 1 - k |x|)."""

  def primitive(x, k):
    inside = jnp.clip(x, -1 / k, 1 / k)
    return inside - k / 2 * inside * jnp.abs(inside)

  return spike_function.make(
      'spyx_triangular',
      lambda x, k: jnp.maximum(0, 1 - k * jnp.abs(x)),
      primitive,
      k=k,
  )
