"""Q-learning by tables, double or plain, of worlds whose states are numbered.

Watkins (1989); with two tables van Hasselt (2010).
"""

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.networks.agents import agent
from nmlib.networks.agents import exploration
from nmlib.neurons.core import checks
from nmlib.neurons.core import dtypes
from nmlib.neurons.core import limits
from nmlib.plasticity.reinforcement import double_q


@dataclasses.dataclass(frozen=True)
class Config:
  """Of an agent whose observation is the number of a state."""

  num_states: limits.Count  # S
  num_actions: limits.Count  # A
  target: double_q.Config = double_q.Config()
  rate: limits.UnitInterval = 0.1  # alpha
  epsilon: limits.Probability = 0.1  # of any action
  optimism: limits.Finite = 0.0  # of values before anything was learned
  double: bool = True
  segment: limits.Count = 1  # steps of each world an update
  param_dtype: dtypes.Floating = 'float32'

  __post_init__ = limits.check


class Learner(NamedTuple):
  """What is learned."""

  params: jax.Array  # Q [2, S, A], both the same if plain


def values(learner: Learner, observation: jax.Array) -> jax.Array:
  """Returns Q(o, a) [A], the mean of both tables.

  Raises:
    ValueError: if the observation is no number of a state, or, where it can be
      seen, none of the S.
  """
  observation = jnp.asarray(observation)
  checks.shape('observation', observation)
  checks.indices('observation', observation, learner.params.shape[1])
  return jnp.mean(learner.params[:, observation], axis=0)


def make(config: Config) -> agent.Agent:
  """Returns the agent; transitions are learned one by one, steps first."""

  def init(key, observation):
    del key, observation
    shape = 2, config.num_states, config.num_actions
    dtype = dtypes.named(config.param_dtype)
    return Learner(jnp.full(shape, config.optimism, dtype))

  def act(key, learner, observation):
    q = values(learner, observation)
    return exploration.epsilon_greedy(key, q, config.epsilon), ()

  def best(learner, observation):
    return jnp.argmax(values(learner, observation)).astype(jnp.int32)

  def update(key, learner, transitions):
    def one(tables, now):
      t, step = now
      which = jax.random.bernoulli(jax.random.fold_in(key, t)).astype(int)
      return _learned(tables, which, step, config), None

    steps = agent.flat(transitions)
    numbers = jnp.arange(len(steps.reward))
    tables, _ = jax.lax.scan(one, learner.params, (numbers, steps))
    change = jnp.mean(jnp.abs(tables - learner.params))
    return Learner(tables), {'change': change}

  return agent.Agent(
      init, act, best, update, config.segment, lambda *_: config.num_actions
  )


def _learned(tables, which, step, config):
  """Returns tables that have learned one transition."""
  if config.double:
    return double_q.update_tables(
        tables, which, step.observation, step.action, step.reward,
        step.terminated, step.next_observation, config.rate, config.target,
    )  # fmt: skip
  ahead = tables[0, step.next_observation]
  wanted = double_q.target(
      step.reward, step.terminated, ahead, ahead, config.target
  )
  here = tables[0, step.observation]
  change = config.rate * double_q.error(here, step.action, wanted)
  return tables.at[:, step.observation, step.action].add(change)
