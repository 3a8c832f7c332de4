r"""PPO: steps on a segment, until the policy has gone far enough.

Schulman et al. (arXiv 1707.06347). As NCAP trains it (Bhattasali et al., arXiv
2201.05242, by the library tonic): every iteration is a step on all of the
segment, actor and critic have an Adam each, and the actor rests for the rest of
an update once the divergence from the policy that acted is above a limit. Of
the two, the step that finds it so is not taken here. With `batches` above 1 an
iteration is a pass over the segment in a new order, as in Schulman's code.
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
from nmlib.networks.agents import distributions
from nmlib.neurons.core import limits
from nmlib.plasticity.reinforcement import clipped_policy_gradient
from nmlib.plasticity.reinforcement import gae


@dataclasses.dataclass(frozen=True)
class Config:
  """Defaults are those of NCAP's training."""

  segment: limits.Count = 4096  # steps of each world an update
  iterations: limits.Count = 80  # over the segment, an update
  batches: limits.Count = 1  # of each iteration; 1: all at once, in order
  advantage: gae.Config = gae.Config(discount=0.99, trace=0.97)
  clipping: clipped_policy_gradient.Config = clipped_policy_gradient.Config()
  max_divergence: limits.Positive = 0.015  # of the actor, an update
  actor_rate: limits.Positive = 3e-4
  critic_rate: limits.Positive = 1e-3
  entropy_bonus: limits.NonNegative = 0.0

  __post_init__ = limits.check


class Params(NamedTuple):
  """Of the two networks."""

  actor: Any
  critic: Any


class Learner(NamedTuple):
  """Everything that is learned, and the moments of both Adams."""

  params: Params
  opt_state: Params
  statistics: observation_statistics.Statistics


class _Batch(NamedTuple):
  steps: agent.Transition  # [N, ...]
  seen: Any  # observations as the actor and critic are given them, a Params
  values: jax.Array  # [N]
  advantages: jax.Array  # [N], of mean 0 and deviation 1
  returns: jax.Array  # [N]


def make(
    actor: agent.Network, critic: agent.Network, config: Config = Config()
) -> agent.Agent:
  """Returns the agent.

  Args:
    actor: a policy: its output is one of `distributions`. NCAP's circuit is
      one with a mean and a fixed deviation, which is given raw observations.
    critic: of values [].
    config: sizes of an update.

  Raises (when a learner is begun):
    ValueError: if a network answers with something else.
  """
  optimizers = Params(
      optax.adam(config.actor_rate), optax.adam(config.critic_rate)
  )
  networks = Params(actor, critic)

  def init(key, observation):
    keys = jax.random.split(key)
    params = Params(
        actor.init(keys[0], observation), critic.init(keys[1], observation)
    )
    statistics = observation_statistics.initial(observation)
    _check_answers(networks, params, statistics, observation)
    moments = Params(
        *(o.init(p) for o, p in zip(optimizers, params, strict=True))
    )
    return Learner(params, moments, statistics)

  def policy(learner, observation):
    seen = agent.seen(actor, learner.statistics, observation)
    return actor.apply(learner.params.actor, seen)

  def act(key, learner, observation):
    chosen = policy(learner, observation)
    action = distributions.sample(key, chosen)
    return action, distributions.log_probability(chosen, action)

  def best(learner, observation):
    return distributions.mode(policy(learner, observation))

  def update(key, learner, transitions):
    batch = _batch(networks, learner, transitions, config)
    learner, metrics = _fit(networks, optimizers, learner, batch, key, config)
    statistics = observation_statistics.update(
        learner.statistics, batch.steps.observation
    )
    return learner._replace(statistics=statistics), metrics

  def num_actions(learner, observation):
    chosen = policy(learner, observation)
    numbered = isinstance(chosen, distributions.Categorical)
    return chosen.logits.shape[-1] if numbered else None

  return agent.Agent(init, act, best, update, config.segment, num_actions)


def _check_answers(networks, params, statistics, observation):
  """Refuses networks that are no policy and no critic."""
  actor, critic = (
      agent.answer(network, of_it, statistics, observation)
      for network, of_it in zip(networks, params, strict=True)
  )
  is_policy = isinstance(actor, distributions.Distribution)
  agent.check_answer(
      'the actor', actor,
      'a Normal or Categorical of distributions, as heads.gaussian_policy does',
      is_policy,
  )  # fmt: skip
  is_value = getattr(critic, 'shape', None) == ()
  agent.check_answer(
      'the critic', critic, 'one value [], as heads.critic does', is_value
  )


def _batch(networks, learner, transitions, config) -> _Batch:
  """Returns what an update learns from: all steps, with their advantages."""
  actor, critic = networks
  see = lambda network: lambda observations: jax.vmap(
      lambda one: agent.seen(network, learner.statistics, one)
  )(observations)
  value = lambda one: critic.apply(
      learner.params.critic, agent.seen(critic, learner.statistics, one)
  )
  values = jax.vmap(jax.vmap(value))(transitions.observation)
  ahead = jax.vmap(jax.vmap(value))(transitions.next_observation)
  estimate = functools.partial(gae.advantages, config=config.advantage)
  advantages, returns = jax.vmap(estimate, in_axes=1, out_axes=1)(
      transitions.reward.astype(values.dtype), values, ahead,
      transitions.terminated, transitions.truncated,
  )  # fmt: skip
  spread = jnp.std(advantages)
  apart = advantages - jnp.mean(advantages)
  scaled = apart / jnp.where(spread > 0, spread, 1)
  steps = agent.flat(transitions)
  seen = Params(*(see(network)(steps.observation) for network in networks))
  return _Batch(steps, seen, values.ravel(), scaled.ravel(), returns.ravel())


def _orders(key, batch: _Batch, config: Config) -> jax.Array | None:
  """Returns which steps are in each batch, [steps, N / batches]; None: all."""
  count, batches = len(batch.values), config.batches
  if batches == 1:
    return None
  if count % batches:
    raise ValueError(
        f'config.batches must divide the {count} steps of an update, got'
        f' {batches}.'
    )
  order = lambda key: jax.random.permutation(key, count)
  orders = jax.vmap(order)(jax.random.split(key, config.iterations))
  return orders.reshape(-1, count // batches)


def _fit(networks, optimizers, learner, whole, key, config):
  """Returns the learner after all iterations, and metrics of the last ones."""
  actor, critic = networks

  def actor_loss(params, batch):
    policies = jax.vmap(actor.apply, (None, 0))(params, batch.seen.actor)
    logs = jax.vmap(distributions.log_probability)(policies, batch.steps.action)
    loss, measures = clipped_policy_gradient.policy_loss(
        logs, batch.steps.memo, batch.advantages, config.clipping
    )
    entropy = jnp.mean(jax.vmap(distributions.entropy)(policies))
    return loss - config.entropy_bonus * entropy, (measures, entropy)

  def critic_loss(params, batch):
    values = jax.vmap(critic.apply, (None, 0))(params, batch.seen.critic)
    return clipped_policy_gradient.value_loss(
        values, batch.values, batch.returns, config.clipping
    )

  def iteration(carry, rows):
    params, moments, going = carry
    own = lambda leaf: leaf if rows is None else leaf[rows]
    batch = jax.tree.map(own, whole)
    (_, (measures, entropy)), grads = jax.value_and_grad(
        actor_loss, has_aux=True
    )(params.actor, batch)
    going = going & (measures.divergence <= config.max_divergence)
    moved = _descend(optimizers.actor, grads, moments.actor, params.actor)
    of_actor = jax.tree.map(
        lambda new, old: jnp.where(going, new, old),
        moved,
        (params.actor, moments.actor),
    )
    loss, grads = jax.value_and_grad(critic_loss)(params.critic, batch)
    of_critic = _descend(
        optimizers.critic, grads, moments.critic, params.critic
    )
    params, moments = (
        Params(*both) for both in zip(of_actor, of_critic, strict=True)
    )
    metrics = {
        'divergence': measures.divergence,
        'clipped': measures.clipped,
        'entropy': entropy,
        'critic_loss': loss,
        'actor_steps': going.astype(loss.dtype),
    }
    return (params, moments, going), metrics

  start = learner.params, learner.opt_state, jnp.ones((), bool)
  (params, moments, _), metrics = jax.lax.scan(
      iteration,
      start,
      _orders(key, whole, config),
      length=config.iterations * config.batches,
  )
  steps = jnp.sum(metrics.pop('actor_steps'))
  last = {name: values[-1] for name, values in metrics.items()}
  learner = learner._replace(params=params, opt_state=moments)
  return learner, {**last, 'actor_steps': steps}


def _descend(optimizer, grads, moments, params):
  """Returns parameters and moments after a step."""
  updates, moments = optimizer.update(grads, moments, params)
  return optax.apply_updates(params, updates), moments
