r"""Generalised advantage estimation, which tells an end from a time limit.

Schulman et al. (arXiv 1506.02438), equation 16, for one trajectory that may
hold several episodes.
"""

import dataclasses

import jax
import jax.numpy as jnp

from nmlib.neurons.core import checks
from nmlib.neurons.core import limits


@dataclasses.dataclass(frozen=True)
class Config:
  """Of `advantages`."""

  discount: limits.UnitInterval = 0.99  # gamma
  trace: limits.UnitInterval = 0.95  # lambda

  __post_init__ = limits.check


def advantages(
    rewards: jax.Array,
    values: jax.Array,
    next_values: jax.Array,
    terminated: jax.Array,
    truncated: jax.Array,
    config: Config,
) -> tuple[jax.Array, jax.Array]:
  r"""Returns advantages and the returns that values should predict, each [T].

  .. math::
    \delta_t = r_t + \gamma (1 - e_t) V(o'_t) - V(o_t), \quad
    A_t = \delta_t + \gamma \lambda (1 - e_t) (1 - c_t) A_{t+1}

  with e where the world has ended and c where a time limit has cut: the value
  after a cut counts, the next episode's advantage does not.

  Args:
    rewards: r [T].
    values: V(o_t) [T], of the observations that were acted on.
    next_values: V(o'_t) [T], of those that came of it: at the end of an episode
      of its own last observation (`final_observation`), not of the next
      episode's first.
    terminated: e [T], boolean.
    truncated: c [T], boolean.
    config: discount and trace.

  Returns:
    A, and A + V.

  Raises:
    ValueError: if shapes differ, or there is another axis than T.
  """
  shape = jnp.shape(rewards)
  if len(shape) != 1:
    raise ValueError(f'rewards must be [T], got {[*shape]}; vmap over worlds.')
  (steps,) = shape
  for name, array in (
      ('values', values),
      ('next_values', next_values),
      ('terminated', terminated),
      ('truncated', truncated),
  ):
    checks.shape(name, array, num_steps=steps)
  ahead = jnp.where(terminated, 0, next_values)
  errors = rewards + config.discount * ahead - values
  kept = jnp.where(
      jnp.logical_or(terminated, truncated),
      0,
      jnp.asarray(config.discount * config.trace, errors.dtype),
  )

  def back(advantage, now):
    error, keep = now
    advantage = error + keep * advantage
    return advantage, advantage

  last = jnp.zeros((), errors.dtype)
  _, found = jax.lax.scan(back, last, (errors, kept), reverse=True)
  return found, found + values
