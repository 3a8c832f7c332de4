"""What every world is: two functions, and a third for worlds that differ."""

from collections.abc import Callable
from typing import Any
from typing import NamedTuple
from typing import Protocol

import jax
import jax.numpy as jnp

from nmlib.neurons.core import checks


class Step(NamedTuple):
  """What a step answers with."""

  observation: Any
  state: Any
  reward: jax.Array  # []
  terminated: jax.Array  # [] boolean: the world has ended, nothing comes after
  truncated: jax.Array  # [] boolean: it was watched for long enough
  info: dict[str, Any]


class World(Protocol):
  """A module or a tuple with these two; it may have a `restart` too."""

  @property
  def reset(self) -> Callable[..., tuple[Any, Any]]:
    """Of a key and a config: begins an episode."""
    ...

  @property
  def step(self) -> Callable[..., Step]:
    """Of a key, a state, an action and a config."""
    ...


class Environment(NamedTuple):
  """A world made of functions, such as a wrapped one."""

  reset: Callable[..., tuple[Any, Any]]
  step: Callable[..., Step]
  restart: Callable[..., tuple[Any, Any]]


def restart(
    world: World, key: jax.Array, state: Any, config: Any
) -> tuple[Any, Any]:
  """Begins a new episode in the same world.

  `world.restart(key, state, config)` where it has one, so that what a sweep
  varies stays; `world.reset(key, config)` otherwise.

  Returns:
    Observation and state.
  """
  own = getattr(world, 'restart', None)
  return world.reset(key, config) if own is None else own(key, state, config)


def numbered(action: jax.typing.ArrayLike, num_actions: int) -> jax.Array:
  """Returns an action [] that is one of A, as an array.

  Raises:
    ValueError: if it is no whole number (NaN is none), or, where it can be
      seen, not in [0, A).
  """
  action = jnp.asarray(action)
  checks.shape('action', action)
  if not jnp.issubdtype(action.dtype, jnp.integer):
    given = action if checks.is_concrete(action) else action.dtype
    raise ValueError(f'action must be a whole number, got {given}.')
  checks.indices('action', action, num_actions)
  return action
