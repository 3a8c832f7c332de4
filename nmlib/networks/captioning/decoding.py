"""Descriptions from models of words: beam search, weighted PMI.

Of any model that is a step, (state, word) -> (state, log-probabilities [W]).
"""

from collections.abc import Callable
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons.core import checks

Step = Callable[[Any, jax.Array], tuple[Any, jax.Array]]


class Beams(NamedTuple):
  """B descriptions, the likeliest first."""

  tokens: jax.Array  # int32 [B, T]; `stop` from the first stop on
  scores: jax.Array  # log-probabilities [B]; -inf: there are fewer than B


def beam_search(
    step: Step,
    state: Any,
    *,
    start: int,
    stop: int,
    beam: int = 50,
    length: int = 15,
) -> Beams:
  """Keeps the `beam` likeliest beginnings, word after word.

  Shapes are static: `jit` it, `vmap` it over sets of regions. With beam 1 it is
  greedy; with beam W^T it finds the likeliest of all descriptions.

  Args:
    step: of one beginning; it is mapped over the beams.
    state: before the first word, a pytree of arrays.
    start: the word that is read first, and not scored.
    stop: the word that ends a description; at `length` it ends without.
    beam: B.
    length: T, the most words, stop included.

  Raises:
    ValueError: if a size is not positive.
  """
  checks.count('beam', beam)
  checks.count('length', length)
  wide = lambda leaf: jnp.broadcast_to(leaf[None], (beam, *leaf.shape))
  state = jax.tree.map(lambda leaf: wide(jnp.asarray(leaf)), state)
  shapes = jax.eval_shape(jax.vmap(step), state, jnp.zeros(beam, jnp.int32))
  size, dtype = shapes[1].shape[1], shapes[1].dtype
  for name, word in (('start', start), ('stop', stop)):
    checks.indices(name, jnp.asarray(word), size)
  after_stop = jnp.full(size, -jnp.inf, dtype).at[stop].set(0)

  def one(carry, t):
    state, words, scores, ended, tokens = carry
    state, log_probs = jax.vmap(step)(state, words)
    log_probs = jnp.where(ended[:, None], after_stop[None], log_probs)
    every = (scores[:, None] + log_probs).ravel()
    scores, place = jax.lax.top_k(every, beam)
    parent, words = place // size, (place % size).astype(jnp.int32)
    state, ended, tokens = jax.tree.map(
        lambda leaf: leaf[parent], (state, ended, tokens)
    )
    tokens = tokens.at[:, t].set(words)
    return (state, words, scores, ended | (words == stop), tokens), None

  # All beams are one at first: only the first of them counts.
  scores = jnp.full(beam, -jnp.inf, dtype).at[0].set(0)
  begin = (
      state, jnp.full(beam, start, jnp.int32), scores, jnp.zeros(beam, bool),
      jnp.full((beam, length), stop, jnp.int32),
  )  # fmt: skip
  (_, _, scores, _, tokens), _ = jax.lax.scan(one, begin, jnp.arange(length))
  return Beams(tokens, scores)


def until_stop(tokens: jax.Array, stop: int) -> jax.Array:
  """Marks words [..., T] up to the first stop, itself included, bool."""
  before = jnp.cumsum(tokens == stop, -1) - (tokens == stop)
  return before == 0


def sequence_log_probability(
    log_probs: jax.Array, tokens: jax.Array, stop: int
) -> jax.Array:
  """Returns the log-probability [] of words up to the first stop.

  Args:
    log_probs: [T, W], row t of the word at t, given those before.
    tokens: int [T], without the start, which is not scored.
    stop: the word that ends; it is scored, and nothing after it.

  Raises:
    ValueError: if the shapes do not fit.
  """
  checks.shape('tokens', tokens, 'T')
  checks.shape('log_probs', log_probs, T=len(tokens), W=log_probs.shape[-1])
  said = jnp.take_along_axis(log_probs, tokens[:, None], 1)[:, 0]
  return jnp.sum(jnp.where(until_stop(tokens, stop), said, 0))


def inputs_of(tokens: jax.Array, start: int) -> jax.Array:
  """Returns what a model reads to tell words [T]: start, all but the last."""
  return jnp.concatenate([jnp.full_like(tokens[:1], start), tokens[:-1]])


def wpmi(
    conditional: jax.Array,
    prior: jax.Array,
    weight: float = 0.2,
) -> jax.Array:
  """Returns log p(d | E) - weight log p(d), weighted PMI (arXiv 2201.11114).

  Args:
    conditional: log p(d | E), of any shape.
    prior: log p(d), of that shape.
    weight: lambda; 0: likelihood alone.
  """
  # A description that the beams did not fill stays impossible.
  known = jnp.where(jnp.isneginf(conditional), 0, prior)
  return conditional - weight * known


def rerank(
    beams: Beams, prior: jax.Array, weight: float = 0.2
) -> tuple[jax.Array, jax.Array]:
  """Returns the words [T] of the greatest wPMI, and that [].

  Args:
    beams: B descriptions with log p(d | E).
    prior: their log p(d) [B].
    weight: lambda.

  Raises:
    ValueError: if the prior is not [B].
  """
  checks.shape('prior', prior, B=len(beams.scores))
  scores = wpmi(beams.scores, prior, weight)
  best = jnp.argmax(scores)
  return beams.tokens[best], scores[best]
