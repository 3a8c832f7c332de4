"""One small world told in several languages: sums, counters, colours, plurals.

A question names a sum and a thing, its answer says the result modulo the number
of digits, the thing's colour and its plural:

  <begin> how-many 3 plus 1 of plum ask -> are 4 heads blue plums stop <end>

A sentence is the same in every language but for its words, and for two rules of
grammar that are a language's own: which counter (`heads`) a number takes, and
whether the colour comes before the thing. Digits and the two marks are shared
by all; every other word is a language's own, except that related languages have
a share of their content words (things, plurals, colours) in common, and of
their counters' rule, and the same order. `ask` says in which language to
answer, so that a translation is an answer in one language, the `ask` of
another, and the answer in that; it is as long as a question with its answer.

After the world that our spec of Zhang et al. (arXiv 2505.21505) asks for; the
paper has no generated data. The rules are there since what a network can add up
from a word's meaning and its language asks for no neuron of that language.
"""

import dataclasses
from typing import Annotated

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.core import checks
from nmlib.neurons.core import limits

BEGIN, END, DIGIT = 0, 1, 2  # tokens; digits are DIGIT + 0, DIGIT + 1, ...
LENGTH = 15  # tokens of a prompt and its answer, with both marks
PROMPT = 8  # of them before the answer
NUMBER = PROMPT + 1  # where the result stands
_HOW, _PLUS, _OF, _ASK, _ARE, _STOP, _COUNTER = 0, 1, 3, 4, 5, 6, 7
_NUM_COUNTERS = 3


@dataclasses.dataclass(frozen=True)
class Config:
  """Languages and their words.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  num_languages: Annotated[int, limits.Range(2)] = 5  # K
  related: tuple[tuple[int, int], ...] = ((1, 2), (3, 4))  # pairs
  shared: limits.UnitInterval = 0.5  # of content words, within a pair
  num_things: limits.Count = 10
  num_colours: limits.Count = 5
  num_digits: limits.Count = 5  # sums are modulo this

  def __post_init__(self):
    limits.check(self)
    members = [language for pair in self.related for language in pair]
    known = set(range(self.num_languages))
    if len(set(members)) < len(members) or not set(members) <= known:
      raise ValueError(
          'multilingual.Config.related must be pairs of different languages'
          f' below {self.num_languages}, each in one pair, got {self.related}.'
      )

  @property
  def num_content(self) -> int:
    """Content words of a language: things, plurals, colours."""
    return 2 * self.num_things + self.num_colours

  @property
  def vocab_size(self) -> int:
    """V, marks, digits and the words of all languages."""
    return int(words(self).max()) + 1


def words(config: Config) -> np.ndarray:
  """Returns the token of each word in each language, int [K, W].

  The words are things, plurals, colours, then those of function: 'how many',
  plus, minus, 'of', 'ask', 'are', 'stop', three counters. Shared words are
  spread evenly.
  """
  size = config.num_content + _COUNTER + _NUM_COUNTERS
  table = np.zeros((config.num_languages, size), np.int64)
  elder = {max(pair): min(pair) for pair in config.related}
  free = DIGIT + config.num_digits
  # Word i is shared where the running count of shared words rises.
  rank = np.floor(config.shared * np.arange(config.num_content + 1) + 1e-9)
  in_common = np.append(
      np.diff(rank) > 0, np.zeros(size - config.num_content, bool)
  )
  for language in range(config.num_languages):
    own = np.ones(size, bool)
    if language in elder:
      own = ~in_common
      table[language] = table[elder[language]]
    table[language, own] = free + np.arange(own.sum())
    free += own.sum()
  return table


def counters(config: Config) -> np.ndarray:
  """Returns which counter each number takes, int [K, digits], in [0, 3)."""
  draw = np.random.Generator(np.random.Philox(key=0))
  shape = config.num_languages, config.num_digits
  rule = draw.integers(0, _NUM_COUNTERS, shape)
  common = np.arange(config.num_digits) % 2 == 0
  for pair in config.related:
    rule[max(pair), common] = rule[min(pair), common]
  return rule


def colour_first(config: Config) -> np.ndarray:
  """Returns whose colours come before things, bool [K]: every other family."""
  elder = {max(pair): min(pair) for pair in config.related}
  first: dict[int, bool] = {}
  for language in range(config.num_languages):
    if language not in elder:
      first[language] = len(first) % 2 == 0
  members = range(config.num_languages)
  return np.array(
      [first[elder.get(language, language)] for language in members]
  )


def question(
    key: jax.Array, config: Config, language: jax.Array | int
) -> jax.Array:
  """Draws a question and its answer in a language, int32 [LENGTH].

  Numbers, operation and thing are uniform.

  Args:
    key: of the draw.
    config: static.
    language: int [], in [0, K).

  Raises:
    ValueError: if there is no such language.
  """
  checks.indices('language', jnp.asarray(language), config.num_languages)
  of_numbers, of_sign, of_thing = jax.random.split(key, 3)
  a, b = jax.random.randint(of_numbers, (2,), 0, config.num_digits)
  minus = jax.random.randint(of_sign, (), 0, 2)
  thing = jax.random.randint(of_thing, (), 0, config.num_things)
  result = jnp.where(minus == 1, a - b, a + b) % config.num_digits
  tell = jnp.asarray(words(config), jnp.int32)[language]
  said = tell[config.num_content :]
  asked = [said[_HOW], DIGIT + a, said[_PLUS + minus], DIGIT + b]
  asked += [said[_OF], tell[thing], said[_ASK]]
  return _row([BEGIN, *asked, *_answer(config, language, result, thing), END])


def translation(
    key: jax.Array,
    config: Config,
    source: jax.Array | int,
    target: jax.Array | int,
) -> jax.Array:
  """Draws an answer in one language and then in another, int32 [LENGTH].

  Args:
    key: of the draw.
    config: static.
    source: int [], language of what is translated.
    target: int [], that of the translation.

  Raises:
    ValueError: if there is no such language.
  """
  checks.indices('source', jnp.asarray(source), config.num_languages)
  checks.indices('target', jnp.asarray(target), config.num_languages)
  of_result, of_thing = jax.random.split(key)
  result = jax.random.randint(of_result, (), 0, config.num_digits)
  thing = jax.random.randint(of_thing, (), 0, config.num_things)
  said = _answer(config, source, result, thing)
  there = _answer(config, target, result, thing)
  ask = jnp.asarray(words(config))[target, config.num_content + _ASK]
  return _row([BEGIN, *said, ask, *there, END])


def is_answer() -> np.ndarray:
  """Returns which tokens are of the answer, without END, bool [LENGTH - 1].

  The tokens are those that a model reads; those that it is to write, the
  answer and END, follow the positions from PROMPT - 1 on.
  """
  return np.arange(LENGTH - 1) >= PROMPT


def is_written() -> np.ndarray:
  """Returns which positions are followed by an answer's token or END."""
  return np.arange(LENGTH - 1) >= PROMPT - 1


def _answer(config, language, result, thing):
  """Returns the six words of an answer."""
  tell = jnp.asarray(words(config))[language]
  said = tell[config.num_content :]
  counter = jnp.asarray(counters(config))[language, result]
  first = jnp.asarray(colour_first(config))[language]
  colour = tell[2 * config.num_things + thing % config.num_colours]
  plural = tell[config.num_things + thing]
  pair = jnp.where(first, colour, plural), jnp.where(first, plural, colour)
  number = DIGIT + result
  return said[_ARE], number, said[_COUNTER + counter], *pair, said[_STOP]


def _row(tokens) -> jax.Array:
  return jnp.stack([jnp.asarray(token, jnp.int32) for token in tokens])
