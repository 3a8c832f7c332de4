"""A limit on the steps of an episode: it truncates, and never terminates."""

from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.environments import contract
from nmlib.neurons.core import checks


class State(NamedTuple):
  """Of the world inside, and how long it has been going on."""

  world: Any
  elapsed: jax.Array  # [], steps


def wrap(world: contract.World, max_steps: int) -> contract.Environment:
  """Returns the world with a time limit; it is given the same config.

  The step number `max_steps` says `truncated`, unless the world ends with it.

  Args:
    world: any that does not begin anew by itself: `auto_reset` comes after
      this one, as it would not tell that an episode is over.
    max_steps: of an episode.

  Raises:
    ValueError: if it is no whole number from 1; of a step, if the world begins
      anew by itself, which `info['final_observation']` shows.
  """
  checks.count('max_steps', max_steps)

  def begun(observation, state):
    return observation, State(state, jnp.zeros((), jnp.int32))

  def reset(key, config):
    return begun(*world.reset(key, config))

  def restart(key, state, config):
    return begun(*contract.restart(world, key, state.world, config))

  def step(key, state, action, config):
    inner = contract.Step(*world.step(key, state.world, action, config))
    if 'final_observation' in inner.info:
      raise ValueError(
          'time_limit.wrap must be given a world that does not begin anew by'
          " itself, got one with info['final_observation']; use"
          ' auto_reset.wrap(time_limit.wrap(world, max_steps)).'
      )
    elapsed = state.elapsed + 1
    over = jnp.logical_not(inner.terminated) & (elapsed >= max_steps)
    return inner._replace(
        state=State(inner.state, elapsed), truncated=inner.truncated | over
    )

  return contract.Environment(reset, step, restart)
