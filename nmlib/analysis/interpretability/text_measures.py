"""What a language model's text is like: perplexity, marked words."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.core import checks


class Perplexity(NamedTuple):
  """Two means of one thing; the first has a heavy tail."""

  of_sentences: jax.Array  # [], mean of each sentence's exp of mean nats
  of_tokens: jax.Array  # [], exp of the mean nats of all tokens


def sentence_perplexity(
    nats: jax.Array, mask: jax.Array | None = None
) -> Perplexity:
  """Returns the perplexity of sentences, in both ways that are in use.

  EigenShift (arXiv 2509.16660) reports the mean over sentences, which a single
  hard one can rule; models are usually compared by the mean over tokens.

  Args:
    nats: losses [n, T], such as of `transformer.token_losses`.
    mask: bool [n, T], tokens that count; None: all. A sentence without one is
      left out.

  Raises:
    ValueError: if shapes do not fit, concrete nats are negative, or a concrete
      mask holds nothing.
  """
  checks.shape('nats', nats, 'n', 'T')
  checks.within('nats', nats, 0, np.inf)
  weights = _weights(mask, nats)
  count = weights.sum(1)
  nats = jnp.where(weights > 0, nats, 0).sum(1)  # of what counts
  each = jnp.exp(nats / jnp.maximum(count, 1))
  some = count > 0
  return Perplexity(
      jnp.sum(jnp.where(some, each, 0)) / jnp.sum(some),
      jnp.exp(jnp.sum(nats) / jnp.sum(count)),
  )


def marked_token_rate(
    tokens: jax.Array, marked: jax.Array, mask: jax.Array | None = None
) -> jax.Array:
  """Returns the share [] of tokens that are in a lexicon.

  Args:
    tokens: int [n, T], such as continuations.
    marked: bool [V], the lexicon.
    mask: bool [n, T], tokens that count; None: all.

  Raises:
    ValueError: if shapes do not fit, a concrete token is unknown, or a concrete
      mask holds nothing.
  """
  checks.shape('tokens', tokens, 'n', 'T')
  checks.shape('marked', marked, 'V')
  checks.indices('tokens', tokens, len(marked))
  marked = jnp.asarray(marked, bool)
  said = marked[tokens].astype(jnp.result_type(float))
  weights = _weights(mask, said)
  return jnp.sum(said * weights) / jnp.sum(weights)


def occurrences(tokens: jax.Array, patterns: jax.Array) -> jax.Array:
  """Returns where a word of a lexicon begins, bool [..., T].

  Args:
    tokens: int [..., T].
    patterns: int [W, m], each word's tokens; -1 fills up shorter ones.

  Raises:
    ValueError: if tokens have no axis, or a concrete word has no token.
  """
  checks.shape('patterns', patterns, 'W', 'm')
  if checks.is_concrete(patterns) and (np.asarray(patterns)[:, 0] < 0).any():
    raise ValueError('each of patterns must begin with a token, got -1.')
  if not jnp.ndim(tokens):
    raise ValueError('tokens must be [..., T], got a number.')
  length, width = tokens.shape[-1], patterns.shape[1]
  ends = [(0, 0)] * (tokens.ndim - 1) + [(0, width - 1)]
  padded = jnp.pad(tokens, ends, constant_values=-2)  # is no token
  ahead = jnp.stack([padded[..., j : j + length] for j in range(width)], -1)
  words = jnp.asarray(patterns).reshape((1,) * tokens.ndim + patterns.shape)
  same = (ahead[..., None, :] == words) | (words < 0)
  return same.all(-1).any(-1)


def _weights(mask, like: jax.Array) -> jax.Array:
  """Returns the mask as numbers; refuses what holds nothing."""
  if mask is None:
    mask = jnp.ones(like.shape, bool)
  checks.shape('mask', mask, n=like.shape[0], T=like.shape[1])
  checks.within('mask', mask, 0, 1)
  mask = jnp.asarray(mask)
  if checks.is_concrete(mask) and not np.asarray(mask).any():
    raise ValueError('mask must hold a token at least, got none.')
  return mask.astype(like.dtype)
