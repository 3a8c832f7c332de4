"""Double DQN: a network of action values, a replay, a slow copy.

van Hasselt, Guez and Silver (arXiv 1509.06461).
"""

import dataclasses
import functools
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax

from nmlib.environments import observation_statistics
from nmlib.networks.agents import agent
from nmlib.networks.agents import exploration
from nmlib.neurons.core import checks
from nmlib.neurons.core import limits
from nmlib.plasticity.reinforcement import double_q
from nmlib.plasticity.reinforcement import replay


@dataclasses.dataclass(frozen=True)
class Config:
  """Of the agent; updates begin once the memory holds `begin` transitions."""

  memory: replay.Config = replay.Config(20_000, 64)
  target: double_q.Config = double_q.Config()
  rate: limits.Positive = 1e-4  # of Adam
  epsilon: limits.Probability = 0.1  # of any action
  copy_every: limits.Count = 1000  # updates, the first of them included
  begin: limits.Count = 64
  segment: limits.Count = 1  # steps of each world
  updates: limits.Count = 1  # a segment

  def __post_init__(self):
    limits.check(self)
    if not self.memory.batch_size <= self.begin <= self.memory.capacity:
      raise ValueError(
          'double_dqn.Config.begin must be from the batch_size'
          f' {self.memory.batch_size} to the capacity {self.memory.capacity} of'
          f' its memory, got {self.begin}.'
      )


class Learner(NamedTuple):
  """Everything that is learned and remembered."""

  params: Any
  slow: Any  # the copy that judges
  opt_state: Any
  memory: replay.State
  updates: jax.Array  # [] int32
  statistics: observation_statistics.Statistics


def make(
    network: agent.Network, num_actions: int, config: Config = Config()
) -> agent.Agent:
  """Returns the agent.

  Args:
    network: of values Q(o, a) [A].
    num_actions: A.
    config: of the agent.

  Raises:
    ValueError: if `num_actions` is no whole number from 1; when a learner is
      begun, if the network answers with something else.
  """
  checks.count('num_actions', num_actions)
  optimizer = optax.adam(config.rate)

  def init(key, observation):
    params = network.init(key, observation)
    statistics = observation_statistics.initial(observation)
    found = agent.answer(network, params, statistics, observation)
    fits = getattr(found, 'shape', None) == (num_actions,)
    agent.check_answer(
        'the network', found, f'[num_actions={num_actions}] values', fits
    )
    blank = agent.blank(observation, jnp.int32(0))
    return Learner(
        params, params, optimizer.init(params),
        replay.initial_state(blank, config.memory), jnp.int32(0),
        statistics,
    )  # fmt: skip

  values = functools.partial(_values, network)

  def act(key, learner, observation):
    q = values(learner.params, learner, observation)
    return exploration.epsilon_greedy(key, q, config.epsilon), ()

  def best(learner, observation):
    q = values(learner.params, learner, observation)
    return jnp.argmax(q).astype(jnp.int32)

  def update(key, learner, transitions):
    memory = agent.remember(learner.memory, transitions, config.memory)
    statistics = observation_statistics.update(
        learner.statistics, agent.flat(transitions).observation
    )
    learner = learner._replace(memory=None, statistics=statistics)
    ready = memory.size >= config.begin
    step = functools.partial(_learn, network, optimizer, config, memory)
    learner, metrics = exploration.repeat_if(
        ready, key, step, learner, config.updates
    )
    return learner._replace(memory=memory), metrics

  return agent.Agent(
      init, act, best, update, config.segment, lambda *_: num_actions
  )


def _values(network, params, learner, observation):
  """Returns Q(o, a) [A] by some parameters and the learner's statistics."""
  seen = agent.seen(network, learner.statistics, observation)
  return network.apply(params, seen)


def _learn(network, optimizer, config, memory, key, learner):
  """Returns the learner after a step on a batch, and metrics."""
  due = learner.updates % config.copy_every == 0
  slow = jax.tree.map(
      lambda new, old: jnp.where(due, new, old), learner.params, learner.slow
  )
  learner = learner._replace(slow=slow)
  values = functools.partial(_values, network)
  batch = replay.draw(key, memory, config.memory)

  def loss(params):
    def one(step):
      ahead = step.next_observation
      wanted = double_q.target(
          step.reward,
          step.terminated,
          values(params, learner, ahead),
          values(slow, learner, ahead),
          config.target,
      )
      q = values(params, learner, step.observation)
      return jnp.square(double_q.error(q, step.action, wanted))

    return jnp.mean(jax.vmap(one)(batch))

  value, grads = jax.value_and_grad(loss)(learner.params)
  changes, moments = optimizer.update(grads, learner.opt_state)
  learner = learner._replace(
      params=optax.apply_updates(learner.params, changes),
      opt_state=moments,
      updates=learner.updates + 1,
  )
  return learner, {'loss': value}
