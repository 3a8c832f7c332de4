"""Trials of a network that learns to fire: a target, and what it starts from.

As Bagley et al. (arXiv 1810.03199) draw them for `spike_learner`: another
network of the same kind makes the target, or its trains are given. Every
network of a trial has the same noise.
"""

from collections.abc import Callable
from typing import Literal
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.networks.spiking import spike_learner
from nmlib.neurons.initializers import dale

# Of the weights' sizes, as `dale.of_signs` draws them; of half_max, which is
# uniform, the naive ones are at most half as large.
Setting = Literal['uniform', 'half_max', 'sparse', 'gaussian']


class Trial(NamedTuple):
  """What a network is given."""

  reference: jax.Array  # [N, N], V, of the target; naive if it has none
  naive: jax.Array  # [N, N], V, to row from column
  signs: jax.Array  # [N] of the columns, +1 or -1
  drive: jax.Array  # R I, V, [T, N], the same for every network
  target: jax.Array  # [T, N], spikes


def of_network(
    key: jax.Array,
    length: int,
    drive: tuple[float, float],
    config: spike_learner.Config,
    setting: Setting = 'uniform',
    *,
    highest: float,
    inhibitory: float = 0.2,
) -> Trial:
  """Draws a network that makes the target, and one of its signs to learn it.

  Args:
    key: of the draws.
    length: T, steps.
    drive: mean and standard deviation of R I, V.
    config: of both networks.
    setting: of the weights.
    highest: size of the weights, V.
    inhibitory: share of the neurons.
  """
  who, reference, naive, noise = jax.random.split(key, 4)
  size = config.num_units
  signs = dale.random_signs(who, size, round(inhibitory * size))
  kind = 'uniform' if setting == 'half_max' else setting
  draw = lambda key: dale.of_signs(key, signs, highest, kind)
  reference, naive = draw(reference), draw(naive)
  if setting == 'half_max':
    naive = naive * 0.5
  driven = _drive(noise, drive, (length, size))
  target = spike_learner.simulate(reference, driven, config)
  return Trial(reference, naive, signs, driven, target)


def of_trains(
    key: jax.Array,
    make: Callable[[jax.Array], jax.Array],
    drive: tuple[float, float],
    *,
    weight: float,
) -> Trial:
  """Draws a target, and a network without inhibition to learn it.

  Args:
    key: of the draws.
    make: the target's spikes [T, N] from their key.
    drive: mean and standard deviation of R I, V.
    weight: mean and standard deviation of the naive weights before those
      below 0 become 0, V.
  """
  fired, naive, noise = jax.random.split(key, 3)
  target = make(fired)
  size = target.shape[1]
  spread = 1 + jax.random.normal(naive, (size, size))
  naive = weight * jnp.maximum(spread, 0)
  driven = _drive(noise, drive, target.shape)
  return Trial(naive, naive, jnp.ones(size), driven, target)


def _drive(key, drive, shape):
  mean, deviation = drive
  return mean + deviation * jax.random.normal(key, shape)
