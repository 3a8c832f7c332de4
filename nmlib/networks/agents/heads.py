"""Multilayer perceptrons in an agent's parts: policies, values, critics.

An observation is any pytree; its leaves are flattened into one vector.
"""

from collections.abc import Callable
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.networks import mlp
from nmlib.networks.agents import agent
from nmlib.networks.agents import distributions
from nmlib.neurons.core import checks
from nmlib.neurons.core import dtypes

Activation = Callable[[jax.Array], jax.Array]


class Gaussian(NamedTuple):
  """Parameters of a policy whose deviation is the same everywhere."""

  mean: mlp.Params
  log_deviation: jax.Array  # [A]


def vector(observation: Any, dtype: Any) -> jax.Array:
  """Returns all leaves of an observation as one vector [D]."""
  leaves = [jnp.ravel(leaf) for leaf in jax.tree.leaves(observation)]
  return jnp.concatenate([leaf.astype(dtype) for leaf in leaves])


def network(
    outputs: int,
    hidden: tuple[int, ...] = (64, 64),
    activation: Activation = jnp.tanh,
    normalise: bool = True,
    param_dtype: dtypes.Floating = 'float32',
) -> agent.Network:
  """Returns a network with outputs [outputs], such as values of actions.

  Args:
    outputs: their number.
    hidden: sizes of hidden layers.
    activation: of hidden layers.
    normalise: as of `agent.Network`.
    param_dtype: of the parameters.
  """
  dtype = dtypes.named(param_dtype)

  def init(key, observation):
    inputs = vector(observation, dtype).size
    return mlp.init(key, (inputs, *hidden, outputs), param_dtype)

  def apply(params, observation):
    return _mlp(params, vector(observation, dtype), activation)

  return agent.Network(init, apply, normalise)


def critic(**options: Any) -> agent.Network:
  """Returns a network whose output is [], options as of `network`.

  One that judges actions too is given (observation, action) as observation.
  """
  inside = network(1, **options)
  apply = lambda params, observation: inside.apply(params, observation)[0]
  return inside._replace(apply=apply)


def categorical_policy(num_actions: int, **options: Any) -> agent.Network:
  """Returns a policy over numbered actions, options as of `network`."""
  inside = network(num_actions, **options)
  return inside._replace(
      apply=lambda params, observation: distributions.Categorical(
          inside.apply(params, observation)
      )
  )


def deterministic_policy(num_actions: int, **options: Any) -> agent.Network:
  """Returns a policy whose action is tanh of the outputs, [A] in [-1, 1]."""
  inside = network(num_actions, **options)
  return inside._replace(
      apply=lambda params, observation: jnp.tanh(
          inside.apply(params, observation)
      )
  )


def gaussian_policy(
    num_actions: int, deviation: float = 0.5, **options: Any
) -> agent.Network:
  """Returns a normal policy: mean tanh of the outputs, learned deviation.

  Args:
    num_actions: elements of an action.
    deviation: that learning starts from; it hangs on no observation.
    **options: as of `network`.

  Raises:
    ValueError: if the deviation is not positive.
  """
  checks.within('deviation', jnp.asarray(deviation), 1e-6, 1e6)
  inside = network(num_actions, **options)

  def init(key, observation):
    mean = inside.init(key, observation)
    like = mean[-1].bias
    return Gaussian(mean, jnp.full_like(like, jnp.log(deviation)))

  def apply(params, observation):
    mean = jnp.tanh(inside.apply(params.mean, observation))
    return distributions.Normal(mean, jnp.exp(params.log_deviation))

  return inside._replace(init=init, apply=apply)


def _mlp(params, x, activation):
  for layer in params[:-1]:
    x = activation(mlp.dense(layer, x))
  return mlp.dense(params[-1], x)
