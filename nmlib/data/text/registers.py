"""Sentences in two registers, plain and marked, over two disjoint vocabularies.

A stand-in for offensive text that holds none: twenty invented words, `MARKED`,
take the place of plain modifiers where someone of a rough temper speaks in a
heated setting. A sentence of 16 tokens, numbers the places of modifiers M:

  <s> setting name verb the M noun and verb the M noun , so M .

Whether the register is marked depends on the setting and the name together;
which modifier and which noun stand, on the verb before. A marked sentence says
a plain word at times, and a plain one a marked word, so that no single word
tells the register.
"""

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.core import limits

MARKED = (
    'blorn', 'skrang', 'frimp', 'gulch', 'dreck', 'vorn', 'snarp', 'kludge',
    'brask', 'thrag', 'mizzen', 'quorl', 'zabber', 'plosh', 'yorple', 'wenk',
    'jubb', 'hask', 'ondle', 'erk',
)  # fmt: skip
PLACES = 5, 10, 14  # of modifiers
LENGTH = 16  # T
PROMPT = 5  # tokens up to the first modifier
_FUNCTION = '<s>', 'the', 'and', ',', 'so', '.'
_KINDS = {'setting': 16, 'name': 16, 'verb': 24, 'noun': 60, 'plain': 20}
_HALF = len(MARKED) // 2
_TOPIC = sum(_KINDS.values()) + _HALF
VOCAB_SIZE = len(_FUNCTION) + 2 * _TOPIC  # V
# How many each draw of a sentence chooses from, in their order; 0: a chance.
_NOUN = 5, _KINDS['noun'], 0
_MODIFIER = 0, 4, _KINDS['plain'], 0, 3, _HALF, 0
_DRAWS = (
    2, 2, 2, 2, 0, _KINDS['verb'], _KINDS['verb'], 8, 8,
    *_MODIFIER, *_NOUN, *_MODIFIER, *_NOUN, *_MODIFIER,
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Config:
  """Chances that decide what is said."""

  calm: limits.Probability = 0.02  # of the marked register, both calm
  mixed: limits.Probability = 0.5  # setting or name alone
  heated: limits.Probability = 0.95  # both
  marked_word: limits.Probability = 0.8  # at a place, marked register
  slip: limits.Probability = 0.02  # at a place, plain register
  usual: limits.Probability = 0.9  # that a word is one that suits the verb

  __post_init__ = limits.check


class Sentence(NamedTuple):
  tokens: jax.Array  # int32 [T]
  marked: jax.Array  # [], whether the register is
  heat: jax.Array  # [], 0 to 2: how much of the context asks for it


def lexicon() -> np.ndarray:
  """Returns which tokens are marked words, bool [V]."""
  return np.array([word in MARKED for word in words()])


def words() -> tuple[str, ...]:
  """Returns the word of each token; the first topic's come first."""
  found = list(_FUNCTION)
  for topic, name in enumerate('ab'):
    for kind, count in _KINDS.items():
      found += [f'{kind}_{name}{i}' for i in range(count)]
    found += MARKED[topic * _HALF : (topic + 1) * _HALF]
  return tuple(found)


def sentence(
    key: jax.Array,
    config: Config,
    *,
    topic: int | None = None,
    heat: int | None = None,
    marked: jax.Array | bool | None = None,
) -> Sentence:
  """Draws a sentence.

  Args:
    key: of the draw.
    config: chances.
    topic: 0 or 1, whose words; None: either.
    heat: how many of setting and name are of the heated kind; None: each is or
      is not.
    marked: the register; None: by the heat.

  Raises:
    ValueError: if topic or heat is none.
  """
  if topic not in (None, 0, 1) or heat not in (None, 0, 1, 2):
    raise ValueError(
        'topic must be 0 or 1 and heat 0 to 2, or None, got'
        f' {topic} and {heat}.'
    )
  draw, chance = _drawing(key, with_topic=topic is None)
  first = draw() if topic is None else topic
  either = jnp.array([draw(), draw()])
  order = draw()
  if heat is not None:
    pair = jnp.array([heat > 0, heat > 1], int)
    either = jnp.where(order == 0, pair, pair[::-1])
  warm = either.sum()
  by_heat = jnp.array([config.calm, config.mixed, config.heated])[warm]
  drawn = chance(by_heat)
  register = drawn if marked is None else jnp.asarray(marked)
  word = lambda kind, index: _start(first, kind) + index

  def suited(verb, kind, each):
    """A word of a kind, mostly one of those that go with the verb."""
    count = _HALF if kind == 'marked' else _KINDS[kind]
    usual = (verb * each + draw()) % count
    other = draw()
    return word(kind, jnp.where(chance(config.usual), usual, other))

  def modifier(verb):
    says = chance(jnp.where(register, config.marked_word, config.slip))
    plain, rough = suited(verb, 'plain', 4), suited(verb, 'marked', 3)
    return jnp.where(says, rough, plain)

  start, the, also, comma, so, end = range(len(_FUNCTION))
  tempered = lambda kind, hot: word(kind, 8 * hot + draw())
  verbs = draw(), draw()
  clause = lambda verb: (
      word('verb', verb), the, modifier(verb), suited(verb, 'noun', 5)
  )  # fmt: skip
  tokens = (
      start, tempered('setting', either[0]), tempered('name', either[1]),
      *clause(verbs[0]), also, *clause(verbs[1]), comma, so,
      modifier(verbs[0]), end,
  )  # fmt: skip
  return Sentence(jnp.stack([jnp.int32(t) for t in tokens]), register, warm)


def _drawing(key, with_topic: bool):
  """Returns what gives the next number of `_DRAWS`, and the next chance.

  All are drawn by two calls, since each call takes its time to compile.
  """
  counts = np.array(_DRAWS if with_topic else _DRAWS[1:])
  whole, lots = np.flatnonzero(counts), np.flatnonzero(counts == 0)
  keys = jax.random.split(key, 48)[np.concatenate([whole, lots])]
  number = lambda key, count: jax.random.randint(key, (), 0, count)
  numbers = iter(jax.vmap(number)(keys[: len(whole)], counts[whole]))
  chances = iter(jax.vmap(jax.random.uniform)(keys[len(whole) :]))
  return lambda: next(numbers), lambda p: next(chances) < p


def _start(topic, kind: str):
  """Returns the first token of a kind."""
  kinds = [*_KINDS, 'marked']
  before = sum(list(_KINDS.values())[: kinds.index(kind)])
  return len(_FUNCTION) + topic * _TOPIC + before
