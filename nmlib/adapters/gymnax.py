"""Worlds of gymnax 1.0 as ours, and ours as its environments.

The signatures are one; what differs is who begins anew. gymnax's `step` does,
ours does not (`nmlib.environments.auto_reset` does). gymnax itself is not
imported: whatever has its methods will do.
"""

import functools
from typing import Any

import jax
import jax.numpy as jnp

from nmlib.environments import auto_reset
from nmlib.environments import contract
from nmlib.environments import time_limit


def from_gymnax(environment: Any) -> contract.Environment:
  """Returns a world of an environment of gymnax.

  Its config are the environment's params; their time limit stays, as
  `truncated`. A step that reaches it and the world's end at once says
  `terminated` alone.

  Args:
    environment: with `reset_env`, `step_env` and `is_truncated`.

  Raises:
    ValueError: if it lacks one, as environments of gymnax before 1.0 do.
  """
  for name in ('reset_env', 'step_env', 'is_truncated'):
    if not hasattr(environment, name):
      raise ValueError(
          'environment must be one of gymnax 1.0, with reset_env, step_env and'
          f' is_truncated, got a {type(environment).__name__} without {name}.'
      )

  def reset(key, config):
    return environment.reset_env(key, config)

  def step(key, state, action, config):
    observation, state, reward, terminated, info = environment.step_env(
        key, state, action, config
    )
    terminated = jnp.asarray(terminated, bool)
    over = jnp.asarray(environment.is_truncated(state, config), bool)
    return contract.Step(
        observation, state, jnp.asarray(reward), terminated, over & ~terminated,
        dict(info),
    )  # fmt: skip

  return contract.Environment(
      reset, step, lambda key, state, config: reset(key, config)
  )


class Gymnax:
  """One of our worlds with the methods of gymnax's environments.

  `step` begins anew by itself and keeps `info['final_observation']`, as gymnax
  1.0 does. What a sweep varies is in the state, and stays through resets.
  """

  def __init__(
      self,
      world: contract.World,
      config: Any,
      *,
      max_steps: int | None = None,
      num_actions: int = 0,
      name: str = '',
  ):
    """Wraps the world.

    Args:
      world: any.
      config: of the world, `default_params`.
      max_steps: of an episode; None: the world's own.
      num_actions: of numbered actions; 0 if they are not.
      name: of the environment.
    """
    limited = world if max_steps is None else time_limit.wrap(world, max_steps)
    self._world = auto_reset.wrap(limited)
    self.default_params = config
    self.num_actions = num_actions
    self.name = name or getattr(world, '__name__', 'world').rpartition('.')[2]

  @functools.partial(jax.jit, static_argnames=('self', 'params'))
  def reset(self, key: jax.Array, params: Any = None) -> tuple[Any, Any]:
    """Returns observation and state."""
    return self._world.reset(key, self._config(params))

  @functools.partial(jax.jit, static_argnames=('self', 'params'))
  def step(
      self, key: jax.Array, state: Any, action: Any, params: Any = None
  ) -> tuple[Any, Any, jax.Array, jax.Array, jax.Array, dict[str, Any]]:
    """Returns observation, state, reward, terminated, truncated and info."""
    answer = self._world.step(key, state, action, self._config(params))
    info = {
        **answer.info,
        'terminated': answer.terminated,
        'truncated': answer.truncated,
    }
    return tuple(answer._replace(info=info))

  def _config(self, params):
    return self.default_params if params is None else params
