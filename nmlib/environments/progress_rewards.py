r"""A world whose reward is shaped by how far its task has come.

Around a world (and its time limit) that an agent learns in. Progress is judged
by a function that the user passes, such as a model of pairs of views, with what
it needs in the state: seeds that have models of their own are then swept.
"""

from collections.abc import Callable
from typing import Any
from typing import Literal
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.environments import contract
from nmlib.plasticity.reinforcement import shaping

Kind = Literal['sparse', 'shaped', 'naive']
# (judge, progress before, observation before, observation) -> progress [].
Judge = Callable[[Any, jax.Array, Any, Any], jax.Array]


class State(NamedTuple):
  """Of the world inside, and what is known of its progress."""

  world: Any
  observation: Any  # before the next step
  shaping: shaping.State  # Phi of it, used twice as it was computed
  judge: Any  # what the function is given; the same for ever


def wrap(
    world: contract.World,
    progress: Judge,
    config: shaping.Config,
    kind: Kind = 'shaped',
    judge: Any = None,
) -> contract.Environment:
  """Returns the world with another reward; it is given the same config.

  'sparse' is the world's own; 'shaped' adds gamma Phi(s') - Phi(s), with Phi
  counted as 0 where the world has ended and kept at a time limit; 'naive' is
  Phi(s') - Phi(s) alone, with Phi = 1 where it has ended. `info['progress']` is
  Phi(s'). An episode begins at 0.

  Args:
    world: any.
    progress: Phi(s') of what judges, Phi(s), s and s', in [0, 1]; it may depend
      on the way, for each value is used as it was computed.
    config: of the shaping; its discount must be the learner's
      (`shaping.check_learner`).
    kind: of the reward.
    judge: what `progress` is given, a pytree of arrays; a seed's own goes into
      the state.

  Raises:
    ValueError: if the kind is none of them.
  """
  if kind not in ('sparse', 'shaped', 'naive'):
    raise ValueError(
        f"kind must be 'sparse', 'shaped' or 'naive', got {kind!r}."
    )

  def begun(observation, state, judge):
    start = shaping.initial_state(jnp.zeros(()))
    return observation, State(state, observation, start, judge)

  def reset(key, world_config):
    return begun(*world.reset(key, world_config), judge)

  def restart(key, state, world_config):
    inner = contract.restart(world, key, state.world, world_config)
    return begun(*inner, state.judge)

  def step(key, state, action, world_config):
    inner = contract.Step(*world.step(key, state.world, action, world_config))
    before = state.shaping
    ahead = progress(
        state.judge, before.potential, state.observation, inner.observation
    )
    after, added = shaping.step(before, ahead, inner.terminated, config)
    reward = inner.reward
    if kind == 'shaped':
      reward = reward + added
    elif kind == 'naive':
      seen = jnp.where(inner.terminated, 1.0, ahead)
      reward = shaping.naive_reward(before.potential, seen)
    return inner._replace(
        state=State(inner.state, inner.observation, after, state.judge),
        reward=reward,
        info={**inner.info, 'progress': ahead},
    )

  return contract.Environment(reset, step, restart)
