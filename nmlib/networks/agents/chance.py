"""An agent that does anything, and learns nothing."""

import jax
import jax.numpy as jnp

from nmlib.networks.agents import agent
from nmlib.neurons.core import checks


def make(num_actions: int, segment: int) -> agent.Agent:
  """Returns the agent; its learner is empty, its best action the first.

  Args:
    num_actions: of numbered actions.
    segment: steps of each world.

  Raises:
    ValueError: if a number is no whole one from 1.
  """
  checks.count('num_actions', num_actions)
  checks.count('segment', segment)
  return agent.Agent(
      init=lambda key, observation: (),
      act=lambda key, learner, observation: (
          jax.random.randint(key, (), 0, num_actions),
          (),
      ),
      best=lambda learner, observation: jnp.int32(0),
      update=lambda key, learner, transitions: (learner, {}),
      segment=segment,
      num_actions=lambda *_: num_actions,
  )
