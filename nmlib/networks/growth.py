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

from nmlib.neurons import dendrite_nodes

Dendrites = dict[str, dendrite_nodes.Dendrite]


class Candidates(NamedTuple):
  """Candidate dendrites while they learn."""

  params: Dendrites
  best: Dendrites  # of each neuron, so far
  score: dict[str, jax.Array]  # [N]: of `best`
  opt_state: Any


def start(
    params: Dendrites,
    num_neurons: dict[str, int],
    optimizer: optax.GradientTransformation,
) -> Candidates:
  """Returns candidates that have not been scored yet."""
  score = {name: jnp.full(n, -1.0, float) for name, n in num_neurons.items()}
  return Candidates(params, params, score, optimizer.init(params))


def improve(
    candidates: Candidates,
    values: Callable[[Dendrites], dict[str, jax.Array]],
    errors: dict[str, jax.Array],
    optimizer: optax.GradientTransformation,
    kind: str = 'normalized',
) -> Candidates:
  """Scores the candidates, keeps what is better, climbs one step.

  The kept score of a neuron never falls, whatever the optimizer does.

  Args:
    candidates: before.
    values: answers of the candidates to the samples, [P, N] for each layer.
    errors: remaining errors of the same samples, [P, N].
    optimizer: that descends; scores are negated.
    kind: of score, as in `dendrite_nodes.candidate_score`.
  """

  def total(params):
    answers = values(params)
    scores = {
        name: dendrite_nodes.candidate_score(answers[name], errors[name], kind)
        for name in params
    }
    return -sum(jnp.sum(score) for score in scores.values()), scores

  (_, scores), gradient = jax.value_and_grad(total, has_aux=True)(
      candidates.params
  )
  best, kept = {}, {}
  for name, score in scores.items():
    better = score > candidates.score[name]
    kept[name] = jnp.where(better, score, candidates.score[name])
    old, new = candidates.best[name], candidates.params[name]
    axes = jax.tree.map(lambda _: -1, old)
    best[name] = dendrite_nodes.better_rows(old, new, better, axes)
  updates, moments = optimizer.update(
      gradient, candidates.opt_state, candidates.params
  )
  moved: Any = optax.apply_updates(candidates.params, updates)
  return Candidates(moved, best, kept, moments)


class History(NamedTuple):
  """Validation scores since the last switch, as far as they matter."""

  best: jax.Array  # []
  stale: jax.Array  # [], int32: scores since the best
  switched: jax.Array  # [], bool: once true it stays


def new_history() -> History:
  """Starts afresh: the drop after growing must not end the phase."""
  return History(jnp.float32(-jnp.inf), jnp.int32(0), jnp.bool_(False))


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
  margin = score - history.best
  first = jnp.isneginf(history.best)
  better = first | ((margin > absolute) & (margin > relative * jnp.abs(score)))
  stale = jnp.where(better, 0, history.stale + 1)
  return History(
      jnp.where(better, score, history.best),
      stale,
      history.switched | (stale >= patience),
  )


def chosen_rate(scores: jax.Array) -> jax.Array:
  """Index of the learning rate to commit to, rates falling from first to last.

  Lower the rate for as long as the best score [R] of a short trial improves.
  """
  improves = scores[1:] > scores[:-1]
  return jnp.sum(jnp.cumprod(improves.astype(jnp.int32)))
