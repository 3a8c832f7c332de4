"""Single episodes: what they return, and what happened in them."""

from collections.abc import Callable
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

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


def evaluate(
    key: jax.Array,
    policy: Callable[[Any], Any],
    world: contract.World,
    config: Any,
    number: int,
) -> dict[str, jax.Array]:
  """Returns `eval/return`, `eval/least_return`, `eval/length` [] of episodes.

  Args:
    key: of all of them.
    policy: as of `episode`, like the rest.
    world: which ends.
    config: of the world.
    number: of episodes.
  """
  returns, lengths = jax.vmap(lambda k: episode(k, policy, world, config))(
      jax.random.split(key, number)
  )
  return {
      'eval/return': jnp.mean(returns),
      'eval/least_return': jnp.min(returns),
      'eval/length': jnp.mean(lengths.astype(returns.dtype)),
  }


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


def episodes_until(
    history: Mapping[str, tuple[np.ndarray, np.ndarray]], least: float
) -> np.ndarray:
  """Returns how many episodes [S] a seed had before it first did so well.

  Args:
    history: of an `agent_stage`, as `fit` returns it.
    least: return of an evaluation; a seed that never gets there counts all of
      its episodes.
  """
  steps, returns = history['eval/return']
  at, number = history['episodes']
  reached = returns >= least
  when = np.where(reached.any(0), reached.argmax(0), len(steps) - 1)
  return np.array(
      [
          np.interp(steps[i], at, row, left=0)
          for i, row in zip(when, number.T, strict=True)
      ]
  )
