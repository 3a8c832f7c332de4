"""The surrogates of snnTorch 1.0.0, under their names and conventions.

Two that are defects are kept, since published hyper-parameters rely on them:
`triangular` is negative above the threshold, `sparse_fast_sigmoid` is cut on
one side only. The peer's sigmoid overflows at steep slopes; ours is finite.
"""

import jax
import jax.numpy as jnp

from nmlib.neurons.spiking import spike_function
from nmlib.neurons.spiking import surrogate
from nmlib.neurons.spiking.surrogate import Surrogate


def fast_sigmoid(slope=25.0) -> Surrogate:
  """1 / (1 + k |x|)^2."""
  return surrogate.fast_sigmoid(slope)


def atan(alpha=2.0) -> Surrogate:
  """(a / 2) / (1 + (pi a x / 2)^2); the default of snnTorch's neurons."""
  return surrogate.arctan(alpha)


def sigmoid(slope=25.0) -> Surrogate:
  """k s(kx) s(-kx)."""
  return surrogate.sigmoid(slope)


def straight_through_estimator() -> Surrogate:
  """1."""
  return surrogate.straight_through()


def triangular(threshold=1.0) -> Surrogate:
  """+threshold where x < 0, -threshold elsewhere."""
  return spike_function.make(
      'snntorch_triangular',
      lambda x, t: jnp.where(x < 0, t, -t),
      lambda x, t: -t * jnp.abs(x),
      threshold=threshold,
  )


def heaviside() -> Surrogate:
  """1 where x > 0, else 0."""
  return spike_function.make('snntorch_heaviside', lambda x: x > 0, jax.nn.relu)


def spike_rate_escape(beta=1.0, slope=25.0) -> Surrogate:
  """k exp(-b |x - 1|)."""

  def primitive(x, b, k):
    side = lambda y: -k / b * jnp.sign(y) * jnp.expm1(-b * jnp.abs(y))
    return side(x - 1) - side(-jnp.ones_like(x))

  return spike_function.make(
      'snntorch_spike_rate_escape',
      lambda x, b, k: k * jnp.exp(-b * jnp.abs(x - 1)),
      primitive,
      beta=beta,
      slope=slope,
  )


def sparse_fast_sigmoid(slope=25.0, bound=1.0) -> Surrogate:
  """1 / (1 + k |x|)^2 where x > B, else 0."""
  return spike_function.make(
      'snntorch_sparse_fast_sigmoid',
      lambda x, k, b: jnp.square(1 / (1 + k * jnp.abs(x))) * (x > b),
      slope=slope,
      signed={'bound': bound},
  )
