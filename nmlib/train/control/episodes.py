"""Single episodes: what they return, and what happened in them."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from nmlib.environments import contract


def episode(
    key: jax.Array,
    policy: Callable[[Any], Any],
    world: contract.World,
    config: Any,
) -> tuple[jax.Array, jax.Array]:
  """Returns the return [] and length [] of one whole episode.

  Args:
    key: of the start and the world.
    policy: `observation -> action`.
    world: whose every episode ends (`time_limit`), and does not begin anew.
    config: of the world.
  """
  first, later = jax.random.split(key)
  observation, state = world.reset(first, config)

  def advance(carry):
    t, observation, state, total, _ = carry
    answer = contract.Step(
        *world.step(
            jax.random.fold_in(later, t), state, policy(observation), config
        )
    )
    done = answer.terminated | answer.truncated
    total = total + answer.reward
    return t + 1, answer.observation, answer.state, total, done

  start = (
      jnp.int32(0), observation, state, jnp.zeros(()), jnp.zeros((), bool)
  )  # fmt: skip
  length, _, _, total, _ = jax.lax.while_loop(
      lambda carry: ~carry[-1], advance, start
  )
  return total, length


def rollout(
    key: jax.Array,
    policy: Callable[[Any], Any],
    world: contract.World,
    config: Any,
    max_steps: int,
) -> list[Any]:
  """Returns the states of an episode, from the first to the last.

  Args:
    key: of the start and the world.
    policy: `observation -> action`.
    world: which is not reset.
    config: of the world.
    max_steps: after which it is cut.
  """
  first, later = jax.random.split(key)
  observation, state = world.reset(first, config)
  advance = jax.jit(lambda k, s, a: contract.Step(*world.step(k, s, a, config)))
  states = [state]
  for t in range(max_steps):
    answer = advance(jax.random.fold_in(later, t), state, policy(observation))
    observation, state = answer.observation, answer.state
    states.append(state)
    if answer.terminated or answer.truncated:
      break
  return states
