r"""The policy gradient of PPO, which stops where a policy has gone far enough.

Schulman et al. (arXiv 1707.06347), equation 7. Signs are those of losses, to
be minimised. N are steps of any number of trajectories.
"""

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons.core import checks
from nmlib.neurons.core import limits


@dataclasses.dataclass(frozen=True)
class Config:
  """Of `policy_loss` and `value_loss`."""

  clip: limits.Positive = 0.2  # epsilon, of the ratio of probabilities
  value_clip: limits.Positive | None = None  # of the change of a value

  __post_init__ = limits.check


class Measures(NamedTuple):
  """How far the policy has gone from the one that acted."""

  divergence: jax.Array  # estimate of KL(old, new), non-negative
  clipped: jax.Array  # share of steps that no longer teach


def policy_loss(
    log_probabilities: jax.Array,
    old_log_probabilities: jax.Array,
    advantages: jax.Array,
    config: Config,
) -> tuple[jax.Array, Measures]:
  r"""Returns the loss [] and measures.

  .. math::
    -\mathrm{mean} \min(\rho A, \mathrm{clip}(\rho, 1 - \epsilon,
    1 + \epsilon) A), \quad \rho = \pi(a | o) / \pi_{old}(a | o)

  Args:
    log_probabilities: log pi [N], of the actions taken.
    old_log_probabilities: log pi_old [N], when they were taken.
    advantages: A [N]; no gradient flows into them.
    config: clip.

  Raises:
    ValueError: if shapes differ, or there is another axis than N.
  """
  _check_steps(
      log_probabilities=log_probabilities,
      old_log_probabilities=old_log_probabilities,
      advantages=advantages,
  )
  advantages = jax.lax.stop_gradient(advantages)
  log_ratio = log_probabilities - old_log_probabilities
  ratio = jnp.exp(log_ratio)
  near = jnp.clip(ratio, 1 - config.clip, 1 + config.clip)
  gain = jnp.minimum(ratio * advantages, near * advantages)
  measures = Measures(
      divergence=jnp.mean(jnp.expm1(log_ratio) - log_ratio),
      clipped=jnp.mean(
          near * advantages < ratio * advantages, dtype=ratio.dtype
      ),
  )
  return -jnp.mean(gain), jax.lax.stop_gradient(measures)


def value_loss(
    values: jax.Array, old_values: jax.Array, returns: jax.Array, config: Config
) -> jax.Array:
  """Returns half the mean square of values - returns [].

  With `config.value_clip` the greater of that and of the same with values that
  changed by so much at most (not of the paper; common in its programs).

  Args:
    values: V [N].
    old_values: V [N], when the actions were taken.
    returns: that values should predict [N].
    config: value_clip.

  Raises:
    ValueError: if shapes differ, or there is another axis than N.
  """
  _check_steps(values=values, old_values=old_values, returns=returns)
  squares = jnp.square(values - returns)
  if config.value_clip is not None:
    change = jnp.clip(
        values - old_values, -config.value_clip, config.value_clip
    )
    squares = jnp.maximum(squares, jnp.square(old_values + change - returns))
  return jnp.mean(squares) / 2


def normalized(advantages: jax.Array, epsilon: float = 1e-8) -> jax.Array:
  """Returns advantages [N] less their mean, over their standard deviation."""
  centred = advantages - jnp.mean(advantages)
  return centred / (jnp.std(advantages) + epsilon)


def _check_steps(**arrays):
  """Refuses arrays that are not all [N]."""
  name, first = next(iter(arrays.items()))
  if jnp.ndim(first) != 1:
    raise ValueError(
        f'{name} must be [N], got {list(jnp.shape(first))}; flatten steps and'
        ' worlds into one axis, or vmap.'
    )
  (steps,) = jnp.shape(first)
  for name, array in arrays.items():
    checks.shape(name, array, num_steps=steps)
