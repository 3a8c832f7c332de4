"""Running mean and variance of observations, and a world seen through them.

Chan, Golub and LeVeque (1983): statistics of parts are merged exactly. Agents
whose worlds share statistics keep them in the learner (`networks.agents`) and
give each network what it needs; `wrap` is for one world by itself.
"""

from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.environments import contract


class Statistics(NamedTuple):
  """Of observations; mean and squares have their structure."""

  count: jax.Array  # [], observations seen
  mean: Any
  squares: Any  # sums of squared distances from the mean


class State(NamedTuple):
  """Of the world inside, and of what it has shown."""

  world: Any
  statistics: Statistics


def initial(observation: Any) -> Statistics:
  """Returns statistics of nothing, for observations like this one."""
  zeros = jax.tree.map(
      lambda leaf: jnp.zeros(jnp.shape(leaf), _floating(leaf)), observation
  )
  dtype = jnp.result_type(*jax.tree.leaves(zeros))
  return Statistics(jnp.zeros((), dtype), zeros, zeros)


def update(statistics: Statistics, observations: Any) -> Statistics:
  """Returns statistics with observations [N, ...] added."""
  rows = jax.tree.map(lambda leaf: leaf.astype(_floating(leaf)), observations)
  first = jax.tree.leaves(rows)[0]
  mean = jax.tree.map(lambda leaf: jnp.mean(leaf, 0), rows)
  squares = jax.tree.map(
      lambda leaf, centre: jnp.sum(jnp.square(leaf - centre[None]), 0),
      rows,
      mean,
  )
  count = jnp.asarray(first.shape[0], statistics.count.dtype)
  return merge(statistics, Statistics(count, mean, squares))


def merge(one: Statistics, other: Statistics) -> Statistics:
  """Returns the statistics of what both have seen."""
  count = one.count + other.count
  safe = jnp.maximum(count, 1)
  share = other.count / safe
  apart = jax.tree.map(jnp.subtract, other.mean, one.mean)
  return Statistics(
      count,
      jax.tree.map(lambda mean, gap: mean + share * gap, one.mean, apart),
      jax.tree.map(
          lambda a, b, gap: a + b + jnp.square(gap) * one.count * share,
          one.squares,
          other.squares,
          apart,
      ),
  )


def normalise(
    statistics: Statistics, observation: Any, least: float = 1e-2
) -> Any:
  """Returns (observation - mean) / deviation, as it is before any was seen.

  Args:
    statistics: of such observations.
    observation: one.
    least: of a deviation, so that what hardly varies is not blown up.
  """
  known = statistics.count > 0

  def one(leaf, mean, squares):
    variance = squares / jnp.maximum(statistics.count, 1)
    deviation = jnp.sqrt(jnp.maximum(variance, least**2))
    return jnp.where(known, (leaf - mean) / deviation, leaf)

  return jax.tree.map(one, observation, statistics.mean, statistics.squares)


def wrap(world: contract.World, least: float = 1e-2) -> contract.Environment:
  """Returns the world whose observations are normalised by all until now.

  `info['raw_observation']` is the one that came. Statistics are part of the
  state and go on through episodes: wrap it before `auto_reset`.
  """

  def seen(raw, inner, statistics):
    statistics = update(statistics, jax.tree.map(lambda x: x[None], raw))
    return normalise(statistics, raw, least), State(inner, statistics)

  def reset(key, config):
    raw, inner = world.reset(key, config)
    return seen(raw, inner, initial(raw))

  def restart(key, state, config):
    raw, inner = contract.restart(world, key, state.world, config)
    return seen(raw, inner, state.statistics)

  def step(key, state, action, config):
    answer = contract.Step(*world.step(key, state.world, action, config))
    raw = answer.observation
    observation, state = seen(raw, answer.state, state.statistics)
    info = {**answer.info, 'raw_observation': raw}
    return answer._replace(observation=observation, state=state, info=info)

  return contract.Environment(reset, step, restart)


def _floating(leaf):
  return jnp.result_type(leaf, jnp.float32)
