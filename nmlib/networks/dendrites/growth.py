"""When a network grows, and how it trains on: switches and learning rates.

Brenner and Itti (arXiv 2501.18018, 2025). What grows is in
`dendrite_candidates`.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons.core import checks


def is_better(
    new: jax.Array,
    old: jax.Array,
    relative: float = 1e-3,
    absolute: float = 1e-5,
) -> jax.Array:
  """Whether a score beats an old one by enough; higher is better.

  Args:
    new: score, of any sign.
    old: the score to beat; -inf if there is none.
    relative: share of the new score by which it must exceed the old.
    absolute: amount by which it must.
  """
  margin = new - old
  enough = (margin > absolute) & (margin > relative * jnp.abs(new))
  return jnp.isneginf(old) | enough


class History(NamedTuple):
  """Validation scores since the last switch, as far as they matter."""

  best: jax.Array  # []
  stale: jax.Array  # [], int32: scores since the best
  switched: jax.Array  # [], bool: once true it stays
  recent: jax.Array  # [lookback]: the last scores, newest first; nan if none


def new_history(lookback: int = 1) -> History:
  """Starts afresh: the drop after growing must not end the phase.

  Args:
    lookback: scores whose mean counts as the score; 1 smoothes nothing.

  Raises:
    ValueError: if lookback is not positive.
  """
  checks.count('lookback', lookback)
  return History(
      jnp.float32(-jnp.inf),
      jnp.int32(0),
      jnp.bool_(False),
      jnp.full(lookback, jnp.nan, jnp.float32),
  )


def follow(
    history: History,
    score: jax.Array,
    patience: int,
    relative: float = 1e-3,
    absolute: float = 1e-5,
) -> History:
  """Switches after `patience` scores in a row that are no new best.

  Args:
    history: before.
    score: of the validation set; higher is better, of any sign.
    patience: scores to wait.
    relative: share by which a new best must exceed the old.
    absolute: amount by which it must.

  Raises:
    ValueError: if patience is not positive.
  """
  checks.count('patience', patience)
  recent = jnp.roll(history.recent, 1).at[0].set(score)
  smooth = jnp.nanmean(recent)
  better = is_better(smooth, history.best, relative, absolute)
  stale = jnp.where(better, 0, history.stale + 1)
  return History(
      jnp.where(better, smooth, history.best),
      stale,
      history.switched | (stale >= patience),
      recent,
  )


def chosen_rate(scores: jax.Array) -> jax.Array:
  """Index of the learning rate to commit to, rates falling from first to last.

  Lower the rate for as long as the best score [R] of a short trial improves.
  """
  improves = scores[1:] > scores[:-1]
  return jnp.sum(jnp.cumprod(improves.astype(jnp.int32)))
