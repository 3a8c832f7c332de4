"""A captioner with a language model: describing sets of regions by wPMI.

The whole of MILAN (Hernandez et al., arXiv 2201.11114) after the regions: both
models share a vocabulary, whose words 0 and 1 are start and stop.
"""

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.networks.captioning import captioner
from nmlib.networks.captioning import decoding
from nmlib.networks.captioning import lstm_language_model as language
from nmlib.neurons.core import checks
from nmlib.neurons.core import limits

START, STOP = 0, 1


@dataclasses.dataclass(frozen=True)
class Config:
  """Sizes of both models, and how descriptions are searched.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  num_features: limits.Count
  vocab_size: limits.Count
  hidden: limits.Count = 512
  embedding: limits.Count = 128
  dropout_rate: limits.Fraction = 0.5
  length: limits.Count = 15  # words of a description, stop included
  beam: limits.Count = 50
  weight: limits.NonNegative = 0.2  # lambda of wPMI

  __post_init__ = limits.check

  @property
  def caption(self) -> captioner.Config:
    """Of p(d | E)."""
    return captioner.Config(
        self.num_features, self.vocab_size, self.hidden, self.embedding,
        dropout_rate=self.dropout_rate,
    )  # fmt: skip

  @property
  def language(self) -> language.Config:
    """Of p(d)."""
    return language.Config(
        self.vocab_size, self.hidden, self.embedding,
        dropout_rate=self.dropout_rate,
    )  # fmt: skip


class Params(NamedTuple):
  caption: captioner.Params
  language: language.Params


class Costs(NamedTuple):
  """Of one description."""

  caption: jax.Array  # nats a word of p(d | E), []
  language: jax.Array  # nats a word of p(d), []
  penalty: jax.Array  # of attention, []


class Description(NamedTuple):
  """The best of all beams, by two measures."""

  likelihood: jax.Array  # int32 [T]
  wpmi: jax.Array  # int32 [T]


def init_models(key: jax.Array, config: Config) -> Params:
  """Draws both models."""
  keys = jax.random.split(key)
  return Params(
      captioner.init(keys[0], config.caption),
      language.init(keys[1], config.language),
  )


def costs(
    params: Params,
    features: jax.Array,
    tokens: jax.Array,
    config: Config,
    *,
    key: jax.Array | None = None,
) -> Costs:
  """Returns what both models pay for a description.

  Args:
    params: of both.
    features: of the regions [k, F].
    tokens: int [T], stop after the last word; what follows costs nothing.
    config: static.
    key: turns dropout on.

  Raises:
    ValueError: if shapes do not fit or a word is out of range.
  """
  keys = (None, None) if key is None else jax.random.split(key)
  read = decoding.inputs_of(tokens, START)
  state = captioner.initial_state(params.caption, features, config.caption)
  _, seen = captioner.unroll(
      params.caption, state, read, features, config.caption, key=keys[0]
  )
  state = language.initial_state(config.language)
  _, prior = language.unroll(
      params.language, state, read, config.language, key=keys[1]
  )
  size = jnp.sum(decoding.until_stop(tokens, STOP))
  caption, words = (
      -decoding.sequence_log_probability(log_probs, tokens, STOP) / size
      for log_probs in (seen.log_probs, prior)
  )
  penalty = captioner.doubly_stochastic_penalty(seen.attention)
  return Costs(caption, words, penalty)


def describe(
    params: Params, features: jax.Array, config: Config
) -> Description:
  """Searches by likelihood, and ranks what was found by wPMI: "rerank".

  Args:
    params: of both models.
    features: of the regions [k, F].
    config: static.

  Raises:
    ValueError: if the features are not [k, F].
  """
  checks.shape('features', features, 'k', num_features=config.num_features)

  def word(state, token):
    state, out = captioner.step(
        params.caption, state, token, features, config.caption
    )
    return state, out.log_probs

  beams = decoding.beam_search(
      word, captioner.initial_state(params.caption, features, config.caption),
      start=START, stop=STOP, beam=config.beam, length=config.length,
  )  # fmt: skip

  def prior(tokens):
    read = decoding.inputs_of(tokens, START)
    state = language.initial_state(config.language)
    _, log_probs = language.unroll(
        params.language, state, read, config.language
    )
    return decoding.sequence_log_probability(log_probs, tokens, STOP)

  best, _ = decoding.rerank(beams, jax.vmap(prior)(beams.tokens), config.weight)
  return Description(beams.tokens[0], best)
