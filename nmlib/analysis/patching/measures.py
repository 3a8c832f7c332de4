"""What patching measures, and how sure it is of it."""

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from nmlib.neurons.core import checks


def logit_difference(logits: jax.Array, answers: jax.Array) -> jax.Array:
  """Returns the logit [...] of the first answer less that of the second.

  Args:
    logits: [..., V].
    answers: int [..., 2], the right one and the wrong one.

  Raises:
    ValueError: if an answer is not below V, where it can be seen.
  """
  checks.indices('answers', jnp.asarray(answers), logits.shape[-1])
  chosen = jnp.take_along_axis(logits, answers, -1)
  return chosen[..., 0] - chosen[..., 1]


def normalized_effect(
    values: npt.ArrayLike, start: npt.ArrayLike, end: npt.ArrayLike
) -> jax.Array:
  """Returns how far means [...] have gone from the start (0) to the end (1).

  The ratio of means, not the mean of ratios: single examples with a small
  difference would rule the latter.

  Args:
    values: metrics [..., B].
    start: metrics [B] of the run that was patched.
    end: metrics [B] of the run that the patches are from.

  Returns:
    Effects [...]; NaN where start and end have the same mean.
  """
  values, start, end = (
      jnp.mean(jnp.asarray(a), -1) for a in (values, start, end)
  )
  whole = end - start
  return jnp.where(
      whole == 0, jnp.nan, (values - start) / jnp.where(whole == 0, 1, whole)
  )


def bootstrap_interval(
    values: npt.ArrayLike,
    start: npt.ArrayLike,
    end: npt.ArrayLike,
    *,
    confidence: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> np.ndarray:
  """Returns low and high [2, E] of `normalized_effect`, examples resampled.

  Args:
    values: metrics [E, B].
    start: [B].
    end: [B].
    confidence: share of resamples between the two.
    resamples: how many.
    seed: of the draws.

  Raises:
    ValueError: if there are fewer than two examples.
  """
  size = len(np.asarray(start))
  if size < 2:
    raise ValueError(f'an interval needs two examples at least, got {size}.')
  tail = (1 - confidence) / 2
  draws = resampled(jax.random.key(seed), resamples, size)
  effects = jax.lax.map(
      lambda index: normalized_effect(
          *(jnp.asarray(a)[..., index] for a in (values, start, end))
      ),
      draws,
  )
  return np.quantile(np.asarray(effects), [tail, 1 - tail], axis=0)


def resampled(key: jax.Array, resamples: int, size: int) -> jax.Array:
  """Draws numbers of `size` examples with replacement, int [R, size]."""
  return jax.random.randint(key, (resamples, size), 0, size)
