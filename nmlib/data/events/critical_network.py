r"""Spikes of a network at, below or above criticality: neuronal avalanches.

A probabilistic integrate-and-fire network of excitable units (Kinouchi &
Copelli 2006): unit i, unless it is refractory, fires with the probability

.. math::
  p_i(t) = 1 - \prod_j (1 - A_{ij} s_j(t - 1)),

and is critical where the largest eigenvalue of A, the branching ratio, is 1
(Larremore, Shew & Restrepo 2011). A silent network is started by one spike of a
random unit. Sizes and couplings are our choice.
"""

import dataclasses

import jax
import jax.numpy as jnp

from nmlib.neurons.core import limits


@dataclasses.dataclass(frozen=True)
class Config:
  """Sizes of a network.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  num_units: limits.Count = 500  # N
  num_steps: limits.Count = 10_000  # T
  branching: limits.NonNegative = 1.0  # largest eigenvalue of A
  refractory: limits.Natural = 1  # steps without a spike after one
  start: limits.Probability = 0.1  # of a spike, a silent step

  __post_init__ = limits.check


def couplings(key: jax.Array, config: Config) -> jax.Array:
  """Draws A [N, N]: uniform from 0, all to all, scaled to the eigenvalue.

  Raises:
    ValueError: if the units are too few to branch so much: an entry of A,
      which is a probability, could exceed 1.
  """
  if 4 * config.branching > config.num_units:
    raise ValueError(
        'critical_network.Config.num_units must be at least 4 times'
        f' branching={config.branching}, got {config.num_units}.'
    )
  matrix = jax.random.uniform(key, (config.num_units, config.num_units))

  def sharpen(vector, _):  # power iteration; A has no negative entry
    vector = matrix @ vector
    size = jnp.linalg.norm(vector)
    return vector / size, size

  start = jnp.ones(config.num_units) / config.num_units**0.5
  _, sizes = jax.lax.scan(sharpen, start, length=100)
  return config.branching * matrix / sizes[-1]


def spikes(key: jax.Array, config: Config) -> jax.Array:
  """Returns the spikes [T, N], float32, of a network that starts silent.

  Args:
    key: of couplings and spikes.
    config: of the network.
  """
  coupling_key, run_key = jax.random.split(key)
  log_miss = jnp.log1p(-couplings(coupling_key, config))

  def step(state, key):
    fired, rest = state
    fire_key, start_key, who_key = jax.random.split(key, 3)
    chance = -jnp.expm1(log_miss @ fired)
    fires = jax.random.uniform(fire_key, fired.shape) < chance
    starts = jax.random.bernoulli(start_key, config.start)
    who = jax.random.randint(who_key, (), 0, config.num_units)
    starts = starts & ~jnp.any(fired) & (jnp.arange(fired.size) == who)
    fires = (fires | starts) & (rest == 0)
    rest = jnp.where(fires, config.refractory, jnp.maximum(rest - 1, 0))
    fired = fires.astype(jnp.float32)
    return (fired, rest), fired

  start = jnp.zeros(config.num_units), jnp.zeros(config.num_units, int)
  keys = jax.random.split(run_key, config.num_steps)
  return jax.lax.scan(step, start, keys)[1]
