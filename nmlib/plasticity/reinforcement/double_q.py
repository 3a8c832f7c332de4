r"""Double Q-learning: one estimate chooses the action, another judges it.

van Hasselt (2010) with two tables; van Hasselt, Guez and Silver (arXiv
1509.06461), equation 4, with a slow copy of a network. Only `terminated` ends
a target: after a time limit the value of the last observation counts.
"""

import dataclasses

import jax
import jax.numpy as jnp

from nmlib.neurons.core import checks
from nmlib.neurons.core import limits


@dataclasses.dataclass(frozen=True)
class Config:
  """Of `target`."""

  discount: limits.UnitInterval = 0.99  # gamma

  __post_init__ = limits.check


def target(
    reward: jax.Array,
    terminated: jax.Array,
    choosing: jax.Array,
    judging: jax.Array,
    config: Config,
) -> jax.Array:
  r"""Returns r + gamma (1 - e) Q'(o', argmax_a Q(o', a)), without a gradient.

  Args:
    reward: r [].
    terminated: e [], whether the world has ended. Whether a time limit has cut
      is not asked.
    choosing: Q(o', a) [A], of the estimate that is learned.
    judging: Q'(o', a) [A], of the other one. The same twice is plain
      Q-learning.
    config: discount.

  Raises:
    ValueError: if the two are not of the same actions, or there is another
      axis than A.
  """
  _check_values('choosing', choosing)
  for name, number in (('reward', reward), ('terminated', terminated)):
    if jnp.ndim(number):
      raise ValueError(
          f'{name} must be [], got {list(jnp.shape(number))}; vmap over'
          ' transitions.'
      )
  (actions,) = jnp.shape(choosing)
  checks.shape('judging', judging, num_actions=actions)
  ahead = judging[jnp.argmax(choosing)]
  ahead = jnp.where(terminated, 0, ahead)
  return jax.lax.stop_gradient(reward + config.discount * ahead)


def error(values: jax.Array, action: jax.Array, wanted: jax.Array) -> jax.Array:
  """Returns wanted - Q(o, action) [], of values Q(o, a) [A].

  Raises:
    ValueError: if a concrete action is none of the A, or there is another axis
      than A.
  """
  _check_values('values', values)
  action = jnp.asarray(action)
  checks.shape('action', action)
  checks.indices('action', action, len(values))
  return wanted - values[action]


def update_tables(
    tables: jax.Array,
    which: jax.Array,
    place: jax.Array,
    action: jax.Array,
    reward: jax.Array,
    terminated: jax.Array,
    next_place: jax.Array,
    rate: float | jax.Array,
    config: Config,
) -> jax.Array:
  """Returns two tables [2, S, A] of which one has learned a transition.

  Args:
    tables: Q [2, S, A].
    which: of the two learns, 0 or 1; draw it.
    place: state [].
    action: taken in it [].
    reward: that came [].
    terminated: whether the world ended [].
    next_place: state that came [].
    rate: alpha, of learning.
    config: discount.

  Raises:
    ValueError: if tables are not [2, S, A], or concrete numbers of table,
      state or action are none of theirs.
  """
  if jnp.ndim(tables) != 3 or len(tables) != 2:
    raise ValueError(
        f'tables must be [2, S, A], got {list(jnp.shape(tables))}.'
    )
  states = tables.shape[1]
  for name, number, size in (
      ('which', which, 2),
      ('place', place, states),
      ('next_place', next_place, states),
  ):
    number = jnp.asarray(number)
    checks.shape(name, number)
    checks.indices(name, number, size)
  own, other = tables[which], tables[1 - which]
  wanted = target(
      reward, terminated, own[next_place], other[next_place], config
  )
  change = rate * error(own[place], action, wanted)
  return tables.at[which, place, action].add(change)


def _check_values(name, values):
  """Refuses values that are not [A]."""
  if jnp.ndim(values) != 1:
    raise ValueError(
        f'{name} must be [A], got {list(jnp.shape(values))}; vmap over'
        ' transitions.'
    )
