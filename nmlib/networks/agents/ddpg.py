"""DDPG: a policy that follows the gradient of what its critic says.

Lillicrap et al. (arXiv 1509.02971). Actions are in [-1, 1]. Defaults are those
of NCAP's training (Bhattasali et al., arXiv 2201.05242, by the library tonic);
the actor's rate and that of the slow copies we know from memory alone.
"""

import dataclasses
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax

from nmlib.environments import observation_statistics
from nmlib.networks.agents import agent
from nmlib.networks.agents import exploration
from nmlib.neurons.core import limits
from nmlib.plasticity.reinforcement import replay


@dataclasses.dataclass(frozen=True)
class Config:
  """Of the agent; steps are counted over all worlds."""

  memory: replay.Config = replay.Config(1_000_000, 100)
  discount: limits.UnitInterval = 0.99  # gamma
  segment: limits.Count = 50  # steps of each world
  updates: limits.Count = 50  # a segment
  begin: limits.Count = 10_000  # steps before the first update
  random_steps: limits.Natural = 20_000  # of uniform actions, before any policy
  noise: limits.NonNegative = 0.1  # deviation of exploring actions
  actor_rate: limits.Positive = 1e-3
  critic_rate: limits.Positive = 1e-3
  slow_rate: limits.UnitInterval = 0.005  # of the copies

  def __post_init__(self):
    limits.check(self)
    if self.begin < self.memory.batch_size:
      raise ValueError(
          'ddpg.Config.begin must be at least the batch_size'
          f' {self.memory.batch_size} of its memory, got {self.begin}.'
      )


class Params(NamedTuple):
  """Of the two networks."""

  actor: Any
  critic: Any


class Learner(NamedTuple):
  """Everything that is learned and remembered."""

  params: Params
  slow: Params
  opt_state: Params
  memory: replay.State
  steps: jax.Array  # [] int32, over all worlds
  statistics: observation_statistics.Statistics


def make(
    actor: agent.Network, critic: agent.Network, config: Config = Config()
) -> agent.Agent:
  """Returns the agent.

  Args:
    actor: its output is the action [A], in [-1, 1].
    critic: given (observation, action), its output is [].
    config: of the agent.

  Raises (when a learner is begun):
    ValueError: if a network answers with something else.
  """
  optimizers = Params(
      optax.adam(config.actor_rate), optax.adam(config.critic_rate)
  )

  def init(key, observation):
    keys = jax.random.split(key)
    of_actor = actor.init(keys[0], observation)
    statistics = observation_statistics.initial(observation)
    action = agent.answer(actor, of_actor, statistics, observation)
    _check_actor(action)
    action = jnp.zeros(action.shape, action.dtype)
    params = Params(of_actor, critic.init(keys[1], (observation, action)))
    _check_critic(critic, params.critic, statistics, observation, action)
    begun = lambda optimizer, part: optimizer.init(part)
    moments = Params(*map(begun, optimizers, params))
    blank = agent.blank(observation, action)
    return Learner(
        params, params, moments, replay.initial_state(blank, config.memory),
        jnp.int32(0), statistics,
    )  # fmt: skip

  def choose(params, learner, observation):
    seen = agent.seen(actor, learner.statistics, observation)
    return actor.apply(params, seen)

  def judge(params, learner, observation, action):
    seen = agent.seen(critic, learner.statistics, observation)
    return critic.apply(params, (seen, action))

  def best(learner, observation):
    return choose(learner.params.actor, learner, observation)

  def act(key, learner, observation):
    action = best(learner, observation)
    return _explored(key, action, learner.steps, config), ()

  def update(key, learner, transitions):
    memory = agent.remember(learner.memory, transitions, config.memory)
    steps = agent.flat(transitions)
    learner = learner._replace(
        memory=None,
        steps=learner.steps + len(steps.reward),
        statistics=observation_statistics.update(
            learner.statistics, steps.observation
        ),
    )
    ready = learner.steps >= config.begin
    draw = lambda key: replay.draw(key, memory, config.memory)
    step = lambda key, learner: _descended(
        optimizers, choose, judge, learner, draw(key), config
    )
    done = exploration.repeat_if(ready, key, step, learner, config.updates)
    return done[0]._replace(memory=memory), done[1]

  return agent.Agent(init, act, best, update, config.segment)


def _check_actor(action):
  """Refuses an answer, in shapes, that is no action."""
  fits = len(getattr(action, 'shape', ())) == 1
  agent.check_answer(
      'the actor', action,
      'an action [A], as heads.deterministic_policy does', fits,
  )  # fmt: skip


def _check_critic(critic, params, statistics, observation, action):
  """Refuses a network that does not judge (observation, action)."""
  seen = agent.seen(critic, statistics, observation)
  value = jax.eval_shape(critic.apply, params, (seen, action))
  fits = getattr(value, 'shape', None) == ()
  agent.check_answer(
      'the critic', value, 'one value [], as heads.critic does', fits
  )


def _explored(key, action, steps, config):
  """Returns the action with noise, or while it is early anything."""
  near, far = jax.random.split(key)
  noise = jax.random.normal(near, action.shape, action.dtype)
  around = jnp.clip(action + config.noise * noise, -1, 1)
  anything = jax.random.uniform(
      far, action.shape, action.dtype, minval=-1, maxval=1
  )
  return jnp.where(steps < config.random_steps, anything, around)


def _descended(optimizers, choose, judge, learner, batch, config):
  """Returns the learner after a step of critic and actor, and metrics."""
  params, slow = learner.params, learner.slow

  def critic_loss(of_critic):
    def one(step):
      ahead = step.next_observation
      later = judge(
          slow.critic, learner, ahead, choose(slow.actor, learner, ahead)
      )
      later = jnp.where(step.terminated, 0, later)
      wanted = jax.lax.stop_gradient(step.reward + config.discount * later)
      value = judge(of_critic, learner, step.observation, step.action)
      return jnp.square(value - wanted)

    return jnp.mean(jax.vmap(one)(batch))

  loss, grads = jax.value_and_grad(critic_loss)(params.critic)
  changes, of_critic = optimizers.critic.update(grads, learner.opt_state.critic)
  new_critic = optax.apply_updates(params.critic, changes)

  def actor_loss(of_actor):
    one = lambda seen: judge(
        new_critic, learner, seen, choose(of_actor, learner, seen)
    )
    return -jnp.mean(jax.vmap(one)(batch.observation))

  value, grads = jax.value_and_grad(actor_loss)(params.actor)
  changes, of_actor = optimizers.actor.update(grads, learner.opt_state.actor)
  new = Params(optax.apply_updates(params.actor, changes), new_critic)
  slow = jax.tree.map(
      lambda old, now: old + config.slow_rate * (now - old), slow, new
  )
  learner = learner._replace(
      params=new, slow=slow, opt_state=Params(of_actor, of_critic)
  )
  return learner, {'critic_loss': loss, 'value': -value}
