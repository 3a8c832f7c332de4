r"""Evolution strategies: a gradient of what can only be tried out.

Salimans et al., "Evolution Strategies as a Scalable Alternative to
Reinforcement Learning" (arXiv 1703.03864): with P perturbations
:math:`\epsilon_i` and their mirror images, and returns shaped by rank,

.. math::
  \nabla = \frac{1}{2 P \sigma} \textstyle\sum_i
  (F(\theta + \sigma \epsilon_i) - F(\theta - \sigma \epsilon_i)) \epsilon_i

Three functions, and any optax transformation. evosax has the same as `Open_ES`,
with which a test compares these where it is installed; it keeps its own state
in 32 bits, and needs flax and matplotlib, which `nmlib.plasticity` does not.
"""

from typing import Any

import jax
import jax.numpy as jnp
import optax

from nmlib.neurons.core import checks
from nmlib.neurons.core import limits

_POSITIVE = limits.Range(0, open='low')


def perturb(key: jax.Array, params: Any, num_pairs: int) -> Any:
  """Draws noise, [P, ...] of each leaf, from N(0, 1).

  Raises:
    ValueError: if num_pairs is no whole number from 1, or a leaf is not of
      floating numbers.
  """
  checks.count('num_pairs', num_pairs)
  leaves, tree = jax.tree.flatten(params)
  leaves = [jnp.asarray(leaf) for leaf in leaves]
  for leaf in leaves:
    if not jnp.issubdtype(leaf.dtype, jnp.floating):
      raise ValueError(f'params must be floating numbers, got {leaf.dtype}.')
  keys = jax.random.split(key, max(1, len(leaves)))
  noise = [
      jax.random.normal(k, (num_pairs, *leaf.shape), leaf.dtype)
      for k, leaf in zip(keys, leaves, strict=False)
  ]
  return jax.tree.unflatten(tree, noise)


def population(params: Any, noise: Any, sigma: float) -> Any:
  """Returns what is tried, [2 P, ...] of each leaf: plus first, then minus.

  Args:
    params: a pytree.
    noise: as `perturb` draws it.
    sigma: of the perturbations, positive.

  Raises:
    ValueError: if sigma is not positive.
  """
  _check_sigma(sigma)
  return jax.tree.map(
      lambda leaf, e: jnp.asarray(leaf)[None]
      + sigma * jnp.concatenate([e, -e]),
      params,
      noise,
  )


def centred_ranks(returns: jax.Array) -> jax.Array:
  """Returns ranks [n] of returns [n], from -1/2 to 1/2.

  Ties are ranked by their place, as evosax does; returns that are all equal
  rank 0 and move nothing. NaN, as of a diverged trial, counts as -inf: the
  worst.

  Raises:
    ValueError: if returns have another shape, or are fewer than two.
  """
  checks.shape('returns', returns, 'n')
  count = returns.shape[0]
  if count < 2:
    raise ValueError(f'returns must be two or more to be ranked, got {count}.')
  dtype = _floating(returns).dtype
  if jnp.issubdtype(returns.dtype, jnp.floating):
    returns = jnp.where(jnp.isnan(returns), -jnp.inf, returns)
  ranks = jnp.argsort(jnp.argsort(returns)).astype(dtype)
  same = jnp.all(returns == returns[0])
  return jnp.where(same, 0, ranks / (count - 1) - 0.5)


def gradient(noise: Any, fitness: jax.Array, sigma: float) -> Any:
  """Returns the estimated gradient of the expected fitness: ascend it.

  Args:
    noise: as `perturb` draws it.
    fitness: [2 P], of each member of the `population`, such as ranks.
    sigma: of the perturbations, positive.

  Raises:
    ValueError: if fitness has another shape, or sigma is not positive.
  """
  _check_sigma(sigma)
  pairs = jax.tree.leaves(noise)[0].shape[0]
  checks.shape('fitness', fitness, **{'2 num_pairs': 2 * pairs})
  fitness = _floating(fitness)
  gain = (fitness[:pairs] - fitness[pairs:]) / (2 * pairs * sigma)
  return jax.tree.map(
      lambda e: jnp.tensordot(gain.astype(e.dtype), e, 1), noise
  )


def ascend(
    params: Any,
    moments: Any,
    noise: Any,
    returns: jax.Array,
    sigma: float,
    optimizer: optax.GradientTransformation,
) -> tuple[Any, Any]:
  """Moves parameters towards returns, by their ranks.

  Args:
    params: a pytree.
    moments: of the optimizer, whose `init` takes `params`.
    noise: as `perturb` draws it.
    returns: [2 P], higher is better, of each member of the `population`.
    sigma: of the perturbations.
    optimizer: an optax transformation; it descends, as they do.

  Returns:
    Parameters and moments.
  """
  rise = gradient(noise, centred_ranks(returns), sigma)
  fall = jax.tree.map(jnp.negative, rise)
  updates, moments = optimizer.update(fall, moments, params)
  return optax.apply_updates(params, updates), moments


def _floating(values):
  values = jnp.asarray(values)
  exact = not jnp.issubdtype(values.dtype, jnp.floating)
  return values.astype(float) if exact else values


def _check_sigma(sigma):
  if checks.is_concrete(sigma) and not _POSITIVE.holds(float(sigma)):
    raise ValueError(f'sigma must be positive, got {sigma}.')
