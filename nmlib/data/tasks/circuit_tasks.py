"""Two tasks that copy one of a few candidates, and one that does not.

Symbolic forms of what Merullo et al. (arXiv 2310.08744) compare: indirect
objects ("When A and B went to the shop, A gave a book to" B; Wang et al. 2022,
arXiv 2211.00593), coloured objects ("a red pen, a blue cup, a black ball; what
color has the cup?" blue), and as a control a number's successor, modulo their
count. All prompts have `LENGTH` tokens and are answered after the last.

Names and colours are the same symbols: a network of few tokens has no cause to
copy two alphabets by the same heads.
"""

from collections.abc import Sequence
import dataclasses
from typing import Annotated
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.core import limits

LENGTH = 10  # tokens of a prompt
_WORDS = (
    'when', 'and', 'went', 'gave', 'to', 'see', 'what', 'color', 'next',
    'equals',
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Config:
  """Tokens are symbols, objects, numbers, fillers, words, in this order."""

  num_symbols: Annotated[int, limits.Range(3)] = 16  # names and colours
  num_objects: Annotated[int, limits.Range(3)] = 16
  num_numbers: Annotated[int, limits.Range(3)] = 10
  num_fillers: limits.Count = 8  # places and things; they tell nothing

  __post_init__ = limits.check

  @property
  def vocab_size(self) -> int:
    """V."""
    return self._first_word + len(_WORDS)

  @property
  def _first_word(self) -> int:
    return self._first_filler + self.num_fillers

  @property
  def _first_filler(self) -> int:
    return self.num_symbols + self.num_objects + self.num_numbers

  def names(self) -> list[str]:
    """Returns a word for each token, to show prompts."""
    counts = {
        's': self.num_symbols, 'o': self.num_objects, 'n': self.num_numbers,
        'f': self.num_fillers,
    }  # fmt: skip
    return [f'{k}{i}' for k, n in counts.items() for i in range(n)] + [*_WORDS]


class Prompt(NamedTuple):
  """One prompt and its twin."""

  tokens: jax.Array  # int32 [LENGTH]
  corrupt: jax.Array  # int32 [LENGTH], differs in one token, whose answer is
  answers: jax.Array  # int32 [2], the right one, and that of the twin
  wrong: jax.Array  # bool [LENGTH], where wrong candidates stand


def indirect_objects(key: jax.Array, config: Config = Config()) -> Prompt:
  """Draws `when A and B went P S gave F to`; S is A or B, the other answers.

  In the twin S is the other one too (S2 and IO change places).
  """
  keys = jax.random.split(key, 3)
  pair = _distinct(keys[0], config.num_symbols, 2)
  second = jax.random.randint(keys[1], (), 0, 2)
  subject, other = pair[second], pair[1 - second]
  fillers = _fillers(keys[2], 2, config)
  row = lambda name: _row(
      config, 'when', pair[0], 'and', pair[1], 'went', fillers[0], name,
      'gave', fillers[1], 'to',
  )  # fmt: skip
  tokens = row(subject)
  return Prompt(
      tokens, row(other), jnp.stack([other, subject]), tokens == subject
  )


def coloured_objects(key: jax.Array, config: Config = Config()) -> Prompt:
  """Draws `see C1 O1 C2 O2 C3 O3 what color O`, whose answer is O's colour.

  The twin asks for another of the three objects.
  """
  keys = jax.random.split(key, 3)
  colours = _distinct(keys[0], config.num_symbols, 3)
  objects = _distinct(keys[1], config.num_objects, 3) + config.num_symbols
  asked = _distinct(keys[2], 3, 2)
  scene = [x for pair in zip(colours, objects, strict=True) for x in pair]
  row = lambda i: _row(config, 'see', *scene, 'what', 'color', objects[i])
  tokens = row(asked[0])
  wrong = (tokens < config.num_symbols) & (tokens != colours[asked[0]])
  return Prompt(tokens, row(asked[1]), colours[asked], wrong)


def increment(key: jax.Array, config: Config = Config()) -> Prompt:
  """Draws `next F F F N F F F F equals`, answered by N + 1, modulo numbers.

  The twin has another number. No candidate stands in the prompt.
  """
  keys = jax.random.split(key, 2)
  first = config.num_symbols + config.num_objects
  pair = _distinct(keys[0], config.num_numbers, 2)
  fillers = _fillers(keys[1], 7, config)
  row = lambda number: _row(
      config, 'next', *fillers[:3], first + number, *fillers[3:], 'equals'
  )
  tokens = row(pair[0])
  return Prompt(
      tokens, row(pair[1]), first + (pair + 1) % config.num_numbers,
      jnp.zeros(LENGTH, bool),
  )  # fmt: skip


def _distinct(key, count, size) -> jax.Array:
  """Draws different numbers below a count, int32 [size]."""
  return jax.random.permutation(key, count)[:size].astype(jnp.int32)


def _fillers(key, size, config) -> jax.Array:
  drawn = jax.random.randint(key, (size,), 0, config.num_fillers, jnp.int32)
  return config._first_filler + drawn


def _row(config: Config, *parts) -> jax.Array:
  """Stacks words and tokens, int32 [LENGTH]."""
  words = {word: i for i, word in enumerate(_WORDS)}
  token = lambda part: (
      config._first_word + words[part] if isinstance(part, str) else part
  )
  return jnp.stack([jnp.int32(token(part)) for part in parts])


TASKS = {
    'indirect objects': indirect_objects,
    'coloured objects': coloured_objects,
    'increment': increment,
}


def prompts(
    key: jax.Array, count: int, config: Config = Config()
) -> dict[str, Prompt]:
  """Draws prompts [count, ...] of each of `TASKS`, by name."""
  draw = lambda i, task: jax.vmap(lambda key: task(key, config))(
      jax.random.split(jax.random.fold_in(key, i), count)
  )
  return {name: draw(i, task) for i, (name, task) in enumerate(TASKS.items())}


def lesson(
    key: jax.Array,
    shares: Sequence[float] | jax.Array,
    config: Config = Config(),
    answer_weight: float = 1.0,
    *,
    label_weight: float = 0.1,
) -> tuple[jax.Array, jax.Array, jax.Array]:
  """Draws what a network learns from: one prompt of one of the tasks.

  Besides the answer after the last token, a scene of coloured objects teaches
  at each object the colour before it, on which its answer builds.

  Args:
    key: of the draw.
    shares: probability of each of `TASKS`, [3].
    config: of the prompts.
    answer_weight: of the answer.
    label_weight: of an object's colour, in a scene.

  Returns:
    Tokens, targets and their weights, [LENGTH] each.
  """
  chosen, *keys = jax.random.split(key, 1 + len(TASKS))
  task = jax.random.choice(chosen, len(TASKS), p=jnp.asarray(shares))
  drawn = [d(k, config) for d, k in zip(TASKS.values(), keys, strict=True)]
  prompt = jax.tree.map(lambda *rows: jnp.stack(rows)[task], *drawn)
  places = np.arange(LENGTH)
  last, objects = places == LENGTH - 1, np.isin(places, (2, 4, 6))
  targets = jnp.where(last, prompt.answers[0], jnp.roll(prompt.tokens, 1))
  labels = label_weight * objects * (task == 1)
  return prompt.tokens, targets, jnp.where(last, answer_weight, labels)
