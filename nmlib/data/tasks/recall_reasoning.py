"""Facts to recall and chains to follow, in prompts that one token tells apart.

A prompt shows chains of two steps, pair by pair in random order, then asks:

  a b  d e  b c  e f   relation a   ->   answer

After the relation 'then' the answer is c, two steps along what was just shown,
of symbols that are drawn anew for every prompt: it can only be worked out.
After 'next' it is b (for a curriculum). After one of R relations of facts it is
attribute[relation, a], whatever was shown: it can only be remembered. Prompts
of both tasks have the same length, symbols and answers, and the same
distribution of all tokens but the relation. The corrupt twin of a prompt has
one other token and another answer: of a chain the first step leads elsewhere
(a e, so the answer is f), of a fact another relation is asked for.

The control is text of words that occur nowhere else, a random bigram chain.
What to learn all of this from is in `recall_lessons`.

The protocol is ours: of Fartale et al. (arXiv 2510.03366) only the abstract is
at hand.
"""

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp

from nmlib.neurons.core import checks
from nmlib.neurons.core import limits

GROUPS = ('first step', 'second step', 'others', 'relation', 'subject')


@dataclasses.dataclass(frozen=True)
class Config:
  """Tokens are symbols from 0, relations of facts, 'then', 'next', words."""

  num_symbols: limits.Count = 16
  num_relations: limits.Count = 8  # R, of facts
  num_chains: limits.Count = 2  # of two steps, shown in a prompt
  num_words: limits.Count = 16  # of the control
  num_followers: limits.Count = 4  # words that may follow a word

  def __post_init__(self):
    limits.check(self)
    if self.num_chains < 2 or self.num_symbols < 3 * self.num_chains:
      raise ValueError(
          'recall_reasoning.Config.num_chains must be at least 2, of three'
          f' symbols each of num_symbols={self.num_symbols}, got'
          f' {self.num_chains}.'
      )
    if self.num_relations % 2:
      raise ValueError(
          'recall_reasoning.Config.num_relations must be even, twins in pairs,'
          f' got {self.num_relations}.'
      )
    if self.num_followers > self.num_words:
      raise ValueError(
          'recall_reasoning.Config.num_followers must be at most num_words='
          f'{self.num_words}, got {self.num_followers}.'
      )

  @property
  def then(self) -> int:
    """The relation of two steps."""
    return self.num_symbols + self.num_relations

  @property
  def next(self) -> int:
    """The relation of one step."""
    return self.then + 1

  @property
  def first_word(self) -> int:
    """The first of the words."""
    return self.then + 2

  @property
  def vocab_size(self) -> int:
    """V, all tokens."""
    return self.first_word + self.num_words

  @property
  def length(self) -> int:
    """T, tokens of a prompt."""
    return 4 * self.num_chains + 2


class World(NamedTuple):
  """What can be learned by heart."""

  attributes: jax.Array  # int [R, symbols], a permutation a relation; those
  # of relations 2 i and 2 i + 1 differ for every symbol
  followers: jax.Array  # int [words, followers], tokens


class Prompt(NamedTuple):
  """A prompt and its twin."""

  clean: jax.Array  # int [T]
  corrupt: jax.Array  # int [T], with one other token
  answers: jax.Array  # int [2], of the clean one and of the corrupt one
  groups: jax.Array  # bool [G, T], the positions of each of `GROUPS`


def world(key: jax.Array, config: Config) -> World:
  """Draws facts and the bigrams of the control."""
  keys = jax.random.split(key, 3)
  rows = lambda key, count, size: jnp.argsort(
      jax.random.uniform(key, (count, size)), -1
  )
  half, size = config.num_relations // 2, config.num_symbols
  even, cycle = rows(keys[0], half, size), rows(keys[1], half, size)
  odd = jax.vmap(
      lambda even, q: jnp.zeros_like(q).at[q].set(jnp.roll(q, 1))[even]
  )(even, cycle)
  follow = rows(keys[2], config.num_words, config.num_words)
  return World(
      jnp.stack([even, odd], 1).reshape(-1, size),
      config.first_word + follow[:, : config.num_followers],
  )


def recall(key: jax.Array, known: World, config: Config) -> Prompt:
  """Draws a prompt that asks for a fact.

  Raises:
    ValueError: if the world is of another config.
  """
  check(known, config)
  which, rest = jax.random.split(key)
  relation = jax.random.randint(which, (), 0, config.num_relations)
  chains, order = shown(rest, config)
  both = jnp.stack([relation, relation ^ 1])  # of the prompt and of its twin
  answers = known.attributes[both, chains[0, 0]]
  clean, groups = _prompt(chains, order, config.num_symbols + both[0])
  corrupt = clean.at[-2].set(config.num_symbols + both[1])
  return Prompt(clean, corrupt, answers, groups)


def chain(key: jax.Array, config: Config, steps: int = 2) -> Prompt:
  """Draws a prompt that asks for a symbol one or two steps along a chain.

  Raises:
    ValueError: if steps is neither 1 nor 2.
  """
  if steps not in (1, 2):
    raise ValueError(f'steps must be 1 or 2, got {steps}.')
  chains, order = shown(key, config)
  relation = config.then if steps == 2 else config.next
  clean, groups = _prompt(chains, order, relation)
  place = 2 * jnp.argmax(order == 0) + 1  # of the bridge in the first step
  corrupt = clean.at[place].set(chains[1, 1])
  return Prompt(clean, corrupt, chains[:2, steps], groups)


def text(
    key: jax.Array, known: World, config: Config, length: int
) -> jax.Array:
  """Draws words int [length], each follower as likely as the others.

  Raises:
    ValueError: if the world is of another config, or there are no words.
  """
  check(known, config)
  checks.count('length', length)

  def step(word, draw):
    return known.followers[word - config.first_word, draw], word

  start, rest = jax.random.split(key)
  word = jax.random.randint(start, (), config.first_word, config.vocab_size)
  draws = jax.random.randint(rest, (length,), 0, config.num_followers)
  return jax.lax.scan(step, word, draws)[1].astype(jnp.int32)


def check(known: World, config: Config) -> None:
  """Refuses a world of another config."""
  facts = {'R': config.num_relations, 'symbols': config.num_symbols}
  words = {'words': config.num_words, 'followers': config.num_followers}
  checks.shape('known.attributes', known.attributes, **facts)
  checks.shape('known.followers', known.followers, **words)


def shown(key: jax.Array, config: Config) -> tuple[jax.Array, jax.Array]:
  """Draws symbols [chains, 3], and the order of pairs [2 chains] in a prompt.

  Pairs are numbered chain by chain, two steps each.
  """
  symbols, order = jax.random.split(key)
  count = config.num_chains
  drawn = shuffled(symbols, config.num_symbols)[: 3 * count]
  return drawn.reshape(count, 3), shuffled(order, 2 * count)


def shuffled(key: jax.Array, size: int) -> jax.Array:
  """Draws an order int [size], by one sort: every row of a batch has some."""
  return jnp.argsort(jax.random.uniform(key, (size,)))


def tokens_of(
    chains: jax.Array, order: jax.Array
) -> tuple[jax.Array, jax.Array]:
  """Returns the tokens of pairs in an order, and each one's pair."""
  pairs = jnp.stack([chains[:, :2], chains[:, 1:]], 1).reshape(-1, 2)
  return pairs[order].ravel(), jnp.repeat(order, 2)


def _prompt(chains, order, relation):
  """Returns a prompt about the first chain, and its groups."""
  shown, pair = tokens_of(chains, order)
  asked = jnp.stack([jnp.asarray(relation, shown.dtype), chains[0, 0]])
  places = jnp.concatenate([jnp.minimum(pair, 2), jnp.array([3, 4])])
  groups = places[None] == jnp.arange(len(GROUPS))[:, None]
  return jnp.concatenate([shown, asked]), groups
