"""What policies answer with: distributions over actions."""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons.core import checks


class Normal(NamedTuple):
  """Independent normal distributions over the elements of an action."""

  mean: jax.Array  # [A]
  deviation: jax.Array | float  # broadcasts to [A], positive


class Categorical(NamedTuple):
  """A distribution over numbered actions."""

  logits: jax.Array  # [A], log probabilities up to a constant


Distribution = Normal | Categorical


def sample(key: jax.Array, policy: Distribution) -> jax.Array:
  """Draws an action: [A], or a number [] (int32)."""
  if isinstance(policy, Categorical):
    return jax.random.categorical(key, policy.logits).astype(jnp.int32)
  noise = jax.random.normal(key, policy.mean.shape, policy.mean.dtype)
  return policy.mean + policy.deviation * noise


def mode(policy: Distribution) -> jax.Array:
  """Returns the likeliest action, the first of equal ones."""
  if isinstance(policy, Categorical):
    return jnp.argmax(policy.logits).astype(jnp.int32)
  return policy.mean


def log_probability(
    policy: Distribution, action: jax.typing.ArrayLike
) -> jax.Array:
  """Returns log pi(action) [], a density where actions are continuous.

  Raises:
    ValueError: if the action is not one of the policy's: of another shape, no
      integer where actions are numbered, or, where it can be seen, none of
      them.
  """
  action = jnp.asarray(action)
  if isinstance(policy, Categorical):
    checks.shape('action', action)
    checks.indices('action', action, policy.logits.shape[-1])
    return jax.nn.log_softmax(policy.logits)[action]
  if action.shape != policy.mean.shape:
    raise ValueError(
        f'action must be {list(policy.mean.shape)} as the mean is, got shape'
        f' {list(action.shape)}.'
    )
  deviation = jnp.broadcast_to(policy.deviation, policy.mean.shape)
  z = (action - policy.mean) / deviation
  each = -(jnp.square(z) + math.log(2 * math.pi)) / 2 - jnp.log(deviation)
  return jnp.sum(each)


def entropy(policy: Distribution) -> jax.Array:
  """Returns the entropy [] in nats, a differential one of `Normal`."""
  if isinstance(policy, Categorical):
    logs = jax.nn.log_softmax(policy.logits)
    odds = jnp.exp(logs)
    # p log p is 0 where p is, and so is its gradient by a finite logit.
    return -jnp.sum(odds * jnp.where(odds > 0, logs, 0))
  deviation = jnp.broadcast_to(policy.deviation, policy.mean.shape)
  return jnp.sum(jnp.log(deviation) + (1 + math.log(2 * math.pi)) / 2)
