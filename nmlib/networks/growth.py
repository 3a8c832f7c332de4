"""The rules by which dendrites grow: candidates, when to switch, which rate.

Brenner and Itti (arXiv 2501.18018, 2025). Everything else is frozen while
candidates learn, so candidates of different neurons do not interact and each
neuron keeps the best weights that it has seen.
"""

from collections.abc import Callable
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax

from nmlib.neurons.dendrites import perforated as dendrite_nodes

Dendrites = dict[str, dendrite_nodes.Dendrite]


class Candidates(NamedTuple):
  """Candidate dendrites while they learn."""

  params: Dendrites
  best: Dendrites  # of each neuron, so far
  score: dict[str, jax.Array]  # [N]: of `best`
  opt_state: Any
  # Running means, for small batches: values, errors, covariances, [N] each.
  means: dict[str, tuple[jax.Array, jax.Array, jax.Array]]
  updates: jax.Array  # [], int32
  reference: dict[str, jax.Array]  # [N]: score that counted as progress last
  stale: jax.Array  # [], int32: updates since any neuron made progress


def start(
    params: Dendrites,
    num_neurons: dict[str, int],
    optimizer: optax.GradientTransformation,
) -> Candidates:
  """Returns candidates that have not been scored yet."""
  unknown = {n: jnp.full(size, -1.0, float) for n, size in num_neurons.items()}
  zeros = {n: (jnp.zeros(size),) * 3 for n, size in num_neurons.items()}
  return Candidates(
      params,
      params,
      unknown,
      optimizer.init(params),
      zeros,
      jnp.int32(0),
      unknown,
      jnp.int32(0),
  )


def improve(
    candidates: Candidates,
    values: Callable[[Dendrites], dict[str, jax.Array]],
    errors: dict[str, jax.Array],
    optimizer: optax.GradientTransformation,
    kind: str = 'normalized',
    *,
    decay: float = 0.0,
    relative: float = 1e-2,
    absolute: float = 1e-5,
) -> Candidates:
  """Scores the candidates, keeps what is better, climbs one step.

  The kept score of a neuron never falls, whatever the optimizer does.

  Args:
    candidates: before.
    values: answers of the candidates to the samples, [P, N] for each layer.
    errors: remaining errors of the same samples, [P, N].
    optimizer: that descends; scores are negated.
    kind: of score, as in `dendrite_nodes.candidate_score`.
    decay: of the running means by which values and errors are centred and
      scores smoothed, for samples that are a small batch; nothing is kept
      until the means have seen 1 / (1 - decay) batches. 0: the samples are
      the whole set, whose own means are exact.
    relative: share by which a score must rise to count as progress.
    absolute: amount by which it must.

  Raises:
    ValueError: if decay is not in [0, 1).
  """
  if not 0 <= decay < 1:
    raise ValueError(f'decay must be in [0, 1), got {decay}.')
  # Means of batches so far, each weighted by its age, sum of weights one.
  weight = (1 - decay) / (1 - decay ** (candidates.updates + 1.0))
  blend = lambda old, new: old + weight * (jax.lax.stop_gradient(new) - old)

  def total(params):
    answers = values(params)
    objective, means = jnp.float32(0), {}
    for name in params:
      old = candidates.means[name]
      means[name] = tuple(
          blend(mean, jnp.mean(x, axis=0))
          for mean, x in zip(old, (answers[name], errors[name]), strict=False)
      )
      covariance = dendrite_nodes.candidate_covariance(
          answers[name], errors[name], kind, means[name]
      )
      # The sign of one batch is as noisy as its size.
      means[name] += (blend(old[2], covariance),)
      objective -= jnp.sum(jnp.sign(means[name][2]) * covariance)
    return objective, means

  (_, means), gradient = jax.value_and_grad(total, has_aux=True)(
      candidates.params
  )
  known = candidates.updates + 1 >= 1 / (1 - decay)
  best, kept, reference = {}, {}, {}
  progress = jnp.bool_(False)
  for name, (_, _, covariance) in means.items():
    score = jnp.abs(covariance)
    better = known & (score > candidates.score[name])
    kept[name] = jnp.where(better, score, candidates.score[name])
    old, new = candidates.best[name], candidates.params[name]
    axes = jax.tree.map(lambda _: -1, old)
    best[name] = dendrite_nodes.better_rows(old, new, better, axes)
    least = candidates.reference[name]
    rises = better & is_better(score, least, relative, absolute)
    reference[name] = jnp.where(rises, score, least)
    progress |= jnp.any(rises)
  updates, moments = optimizer.update(
      gradient, candidates.opt_state, candidates.params
  )
  moved: Any = optax.apply_updates(candidates.params, updates)
  return Candidates(
      moved,
      best,
      kept,
      moments,
      means,
      candidates.updates + 1,
      reference,
      jnp.where(progress, 0, candidates.stale + 1),
  )


def best_of(
    many: Dendrites, scores: dict[str, jax.Array]
) -> tuple[Dendrites, dict[str, jax.Array]]:
  """Gives each neuron the best of C candidates that learnt side by side.

  Args:
    many: their best weights, [C, ...].
    scores: of those, [C, N] for each layer.

  Returns:
    One dendrite for each neuron, and its score [N].
  """

  def one(name):
    winner = jnp.argmax(scores[name], axis=0)

    def take(leaf):
      index = winner.reshape((1,) * (leaf.ndim - 1) + (-1,))
      return jnp.take_along_axis(leaf, index, axis=0)[0]

    return jax.tree.map(take, many[name])

  kept = {name: jnp.max(score, axis=0) for name, score in scores.items()}
  return {name: one(name) for name in many}, kept


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
  if lookback < 1:
    raise ValueError(f'lookback must be at least 1, got {lookback}.')
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
  if patience < 1:
    raise ValueError(f'patience must be at least 1, got {patience}.')
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
