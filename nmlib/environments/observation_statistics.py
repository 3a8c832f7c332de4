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

  count: jax.Array  # [] int32, observations seen; stays once it is full
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
  return Statistics(jnp.zeros((), jnp.int32), zeros, zeros)


def update(statistics: Statistics, observations: Any) -> Statistics:
  """Returns statistics with observations [N, ...] added; N may be 0.

  Raises:
    ValueError: if they are no rows of what the statistics are of.
  """
  rows = jax.tree.map(
      lambda leaf: jnp.asarray(leaf, _floating(leaf)), observations
  )
  _check_structure(rows, statistics.mean)
  first = jax.tree.leaves(rows)[0]
  jax.tree.map(
      lambda leaf, mean: _check('observations', leaf, first.shape[:1], mean),
      rows,
      statistics.mean,
  )
  if first.shape[0] == 0:
    return statistics
  mean = jax.tree.map(lambda leaf: jnp.mean(leaf, 0), rows)
  squares = jax.tree.map(
      lambda leaf, centre: jnp.sum(jnp.square(leaf - centre[None]), 0),
      rows,
      mean,
  )
  count = jnp.asarray(first.shape[0], statistics.count.dtype)
  return merge(statistics, Statistics(count, mean, squares))


def merge(one: Statistics, other: Statistics) -> Statistics:
  """Returns the statistics of what both have seen.

  Raises:
    ValueError: if they are of observations that differ.
  """
  _check_structure(other.mean, one.mean)
  jax.tree.map(
      lambda leaf, mean: _check('means', leaf, (), mean), other.mean, one.mean
  )
  count = one.count + other.count
  count = jnp.where(count < one.count, one.count, count)  # past 2^31 - 1

  def part(gap):  # in the numbers' own width: JAX divides int32 in 32 bits
    return other.count / jnp.maximum(count, 1).astype(gap.dtype)

  apart = jax.tree.map(jnp.subtract, other.mean, one.mean)
  return Statistics(
      count,
      jax.tree.map(lambda mean, gap: mean + part(gap) * gap, one.mean, apart),
      jax.tree.map(
          lambda a, b, gap: a + b + jnp.square(gap) * one.count * part(gap),
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

  Raises:
    ValueError: if the observation is none that the statistics are of.
  """
  _check_structure(observation, statistics.mean)
  known = statistics.count > 0

  def one(leaf, mean, squares):
    _check('observation', leaf, (), mean)
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


def _check_structure(found, expected):
  trees = jax.tree.structure(found), jax.tree.structure(expected)
  if trees[0] != trees[1]:
    raise ValueError(
        f'observations must be as the statistics are, {trees[1]}, got'
        f' {trees[0]}.'
    )


def _check(name, leaf, rows, mean):
  expected, found = [*rows, *mean.shape], list(jnp.shape(leaf))
  if found != expected:
    raise ValueError(
        f'{name} must have shape {expected}, as the statistics, got {found}.'
    )


def _floating(leaf):
  return jnp.result_type(leaf, jnp.float32)
