"""Candidate dendrites: how they learn, and which of them a neuron keeps.

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

from nmlib.networks.dendrites import dendritic
from nmlib.networks.dendrites import growth
from nmlib.neurons.dendrites import perforated as dendrite_nodes

Dendrites = dict[str, dendrite_nodes.Dendrite]
Layers = dict[str, jax.Array]


class Candidates(NamedTuple):
  """Candidate dendrites while they learn."""

  params: Dendrites
  best: Dendrites  # of each neuron, so far
  score: Layers  # [N]: of `best`
  opt_state: Any
  # Running means, for small batches: values, errors, covariances, [N] each.
  means: dict[str, tuple[jax.Array, jax.Array, jax.Array]]
  updates: jax.Array  # [], int32
  reference: Layers  # [N]: score that counted as progress last
  stale: jax.Array  # [], int32: updates since any neuron made progress


def start(
    params: Dendrites, optimizer: optax.GradientTransformation
) -> Candidates:
  """Returns candidates that have not been scored yet."""
  num_neurons = {
      name: jax.tree.leaves(dendrite.layer)[0].shape[-1]
      for name, dendrite in params.items()
  }
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
    values: Callable[[Dendrites], Layers],
    errors: Layers,
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

  gradient, means = jax.grad(total, has_aux=True)(candidates.params)
  known = candidates.updates + 1 >= 1 / (1 - decay)
  best, kept, reference, progress = _keep(
      candidates, means, known, relative, absolute
  )
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


def _keep(candidates, means, known, relative, absolute):
  """Returns best, its scores, references, and whether any neuron progressed."""
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
    rises = better & growth.is_better(score, least, relative, absolute)
    reference[name] = jnp.where(rises, score, least)
    progress |= jnp.any(rises)
  return best, kept, reference, progress


def best_of(many: Dendrites, scores: Layers) -> tuple[Dendrites, Layers]:
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


def samples(
    network: dendritic.Network,
    params: dendritic.Params,
    loss: Callable[[jax.Array, Any], jax.Array],
    inputs: Any,
    labels: Any,
    *,
    activation: dendrite_nodes.Activation = jax.nn.sigmoid,
) -> tuple[Callable[[Dendrites], Layers], Layers]:
  """Returns what `improve` takes: answers to examples, remaining errors.

  Args:
    network: the network, see `dendritic`.
    params: with the dendrites that it has.
    loss: `(outputs, label) -> []` of one example.
    inputs: [B, ...].
    labels: [B, ...].
    activation: of dendrites.

  Returns:
    A function of candidates, and dL/da, both [P, N] for each layer: examples,
    uses and positions are samples.
  """

  def values(candidates):
    one = lambda x: dendritic.candidate_values(
        network, params, candidates, x, activation=activation
    )
    return _pooled(jax.vmap(one)(inputs))

  def errors(x, label):
    return dendritic.errors(
        network, params, x, lambda y: loss(y, label), activation=activation
    )

  return values, _pooled(jax.vmap(errors)(inputs, labels))


def mean_correlation(values: Layers, errors: Layers) -> jax.Array:
  """Returns the mean over all neurons of |r|, Pearson's, [].

  Args:
    values: answers of dendrites, [P, neurons] for each layer.
    errors: of their neurons, likewise.
  """
  found = [
      dendrite_nodes.candidate_score(values[name], error, 'pearson')
      for name, error in errors.items()
  ]
  return jnp.mean(jnp.concatenate(found))


def _pooled(layers: Layers) -> Layers:
  """[B, P, N] to [B P, N]."""
  return {name: v.reshape(-1, v.shape[-1]) for name, v in layers.items()}
