"""The pair rule's settings, and what they make of a weight.

`pair` has the equations, and shows `Config` under its own name.
"""

from collections.abc import Callable
import dataclasses
import math
from typing import Any
from typing import Literal

import jax
import jax.numpy as jnp

from nmlib.neurons.core import limits


@dataclasses.dataclass(frozen=True)
class Config:
  """The rule; defaults pair all spikes, additively, without a delay.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  tau_plus: limits.Positive = 20.0  # ms, potentiation
  tau_minus: limits.Positive = 20.0  # ms, depression
  a_plus: limits.Finite = 0.01  # in units of the weight
  a_minus: limits.Finite = 0.01
  mu_plus: limits.NonNegative = 0.0
  mu_minus: limits.NonNegative = 0.0
  w_min: limits.Finite = 0.0
  w_max: limits.Finite = 1.0
  dt: limits.Positive = 1.0  # ms
  delay: limits.Natural = 0  # steps
  # 'dendritic': postsynaptic spikes reach the synapse late. 'axonal': those of
  # the presynaptic cell do.
  delay_side: Literal['dendritic', 'axonal'] = 'dendritic'
  # 'nearest': a spike pairs with the last one of the other side alone.
  # 'presynaptic': a presynaptic spike, with the last postsynaptic one before
  # it and the first after it. 'reduced': neighbours alone, nothing between.
  pairing: Literal['all', 'nearest', 'presynaptic', 'reduced'] = 'all'
  # What a pair of spikes that reach the synapse in one step does. 'skip': no
  # earlier postsynaptic spike depresses either.
  zero_lag: Literal['ignore', 'skip', 'depress', 'potentiate', 'both'] = (
      'ignore'
  )
  # Which of them acts first on the weight; 'together': both on the old one.
  order: Literal['post_first', 'pre_first', 'together'] = 'post_first'
  # When a weight is clipped to [w_min, w_max]: after each spike; once, when a
  # presynaptic spike reads it; never.
  bounds: Literal['event', 'read', 'none'] = 'event'
  decay: Literal['exact', 'euler'] = 'exact'  # of traces, a step
  # (w) -> size of a change, in place of A (1 - u)^mu_plus and of A u^mu_minus.
  potentiation: Callable[[jax.Array], Any] | None = None
  depression: Callable[[jax.Array], Any] | None = None

  def __post_init__(self):
    limits.check(self)
    if not self.w_min < self.w_max:
      raise ValueError(
          f'rule.Config.w_max must be above w_min={self.w_min}, got'
          f' {self.w_max}.'
      )
    for tau in ('tau_plus', 'tau_minus') if self.decay == 'euler' else ():
      if getattr(self, tau) < self.dt:
        raise ValueError(
            f'rule.Config.{tau} must be at least dt={self.dt} for traces that'
            f" decay by 'euler', got {getattr(self, tau)}."
        )

  @property
  def decays(self) -> tuple[float, float]:
    """What is left of the traces x and y after a step."""
    shares = self.dt / self.tau_plus, self.dt / self.tau_minus
    if self.decay == 'euler':
      return 1 - shares[0], 1 - shares[1]
    return math.exp(-shares[0]), math.exp(-shares[1])

  @property
  def trace_of_synapse(self) -> tuple[bool, bool]:
    """Whether x and y are of each synapse: the other side's spikes end them."""
    return self.pairing in ('presynaptic', 'reduced'), self.pairing == 'reduced'


def changed(
    weights: jax.Array,
    up: Callable[[jax.Array], jax.Array],
    down: Callable[[jax.Array], jax.Array],
    reads: jax.Array,
    config: Config,
) -> tuple[jax.Array, jax.Array]:
  """Returns weights after a step, and as presynaptic spikes read them.

  Args:
    weights: [N, M], or any part of it.
    up: their potentiation by postsynaptic spikes.
    down: their depression by presynaptic ones, positive.
    reads: 1 where a presynaptic spike is.
    config: of the rule.
  """
  if config.order == 'together':
    new = bounded(weights + up(weights) - down(weights), reads, config)
    return new, new
  potentiate = lambda w: bounded(w + up(w), 0 * reads, config)
  depress = lambda w: bounded(w - down(w), reads, config)
  if config.order == 'post_first':
    new = depress(potentiate(weights))
    return new, new
  read = depress(weights)
  return potentiate(read), read


def bounded(weights: jax.Array, reads: jax.Array, config: Config) -> jax.Array:
  """Returns weights, held to the bounds if this is when they are."""
  if config.bounds == 'none':
    return weights
  clipped = jnp.clip(weights, config.w_min, config.w_max)
  return (
      jnp.where(reads > 0, clipped, weights)
      if (config.bounds == 'read')
      else clipped
  )


def grown(weights: jax.Array, config: Config) -> jax.Array:
  """Returns what a potentiation at full trace adds to weights."""
  if config.potentiation is not None:
    return _by('potentiation', config.potentiation, weights)
  return _power(config.a_plus, config.w_max - weights, config.mu_plus, config)


def shrunk(weights: jax.Array, config: Config) -> jax.Array:
  """Returns what a depression at full trace takes from weights."""
  if config.depression is not None:
    return _by('depression', config.depression, weights)
  return _power(config.a_minus, weights - config.w_min, config.mu_minus, config)


def _by(name, function, weights):
  size = jnp.asarray(function(weights))
  if size.shape not in ((), weights.shape):
    raise ValueError(
        f'rule.Config.{name} must return a number for each weight, or one,'
        f' got shape {list(size.shape)} of weights {list(weights.shape)}.'
    )
  return size


def _power(amplitude, distance, mu, config):
  if mu == 0:
    return jnp.full_like(distance, amplitude)
  share = jnp.maximum(distance, 0) / (config.w_max - config.w_min)
  return amplitude * (share if mu == 1 else share**mu)
