"""Worlds of few observations, shown by their numbers instead.

A world whose observation is one of C images is learned in faster by number:
what each shows and where actions lead are tables.
"""

from collections.abc import Callable
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.environments import contract


class Tables(NamedTuple):
  """Of a world without chance."""

  images: jax.Array  # [C, ...], what is observed
  ahead: jax.Array  # [C, A], where actions lead


def wrap(
    world: contract.World, number: Callable[[Any], jax.Array]
) -> contract.Environment:
  """Returns the world whose observation is `number(state)` [] (integer)."""

  def begun(observation, state):
    del observation
    return number(state), state

  def step(key, state, action, config):
    answer = contract.Step(*world.step(key, state, action, config))
    return answer._replace(observation=number(answer.state))

  return contract.Environment(
      lambda key, config: begun(*world.reset(key, config)),
      step,
      lambda key, state, config: begun(
          *contract.restart(world, key, state, config)
      ),
  )


def tables(
    world: Any,
    states: Any,
    num_actions: int,
    number: Callable[[Any], jax.Array],
    config: Any,
) -> Tables:
  """Returns the tables of a world.

  Args:
    world: with `step`, which needs no key, and `observe(state, config)`.
    states: [C, ...], one of each number, in order.
    num_actions: A.
    number: of a state.
    config: of the world.
  """
  go = lambda state, action: number(
      world.step(None, state, action, config).state
  )
  both = jax.vmap(jax.vmap(go, (None, 0)), (0, None))
  return Tables(
      jax.vmap(lambda state: world.observe(state, config))(states),
      both(states, jnp.arange(num_actions)),
  )
