"""ListOps: nested lists of digits under operators, and what they come to.

Nangia and Bowman (arXiv 1804.06028, 2018), in the longer form of the Long
Range Arena (Tay et al., arXiv 2011.04006, 2021): up to 10 arguments, depth up
to 10, 500 to 2000 tokens. A row is a function of the seed and its index.
"""

import dataclasses
from typing import Annotated
from typing import NamedTuple

import numpy as np

from nmlib.neurons.core import checks
from nmlib.neurons.core import limits

OPERATORS = ('[MIN', '[MAX', '[MED', '[SM')
# Token 0 is padding; parentheses of the published files carry nothing.
VOCABULARY = ('', *map(str, range(10)), *OPERATORS, ']')
_TOKEN = {name: number for number, name in enumerate(VOCABULARY)}


@dataclasses.dataclass(frozen=True)
class Config:
  """Sizes; defaults are those of the Long Range Arena.

  Raises:
    ValueError: naming the field, if a value is out of range.
  """

  max_depth: limits.Count = 10
  max_args: Annotated[int, limits.Range(2)] = 10
  min_length: limits.Natural = 500  # tokens, more than this
  max_length: limits.Natural = 2000  # fewer than this
  # That an argument is a digit, not a list.
  value_probability: limits.Fraction = 0.75

  def __post_init__(self):
    limits.check(self)
    if self.max_length < self.min_length + 2:
      raise ValueError(
          'listops.Config.max_length must be at least 2 above'
          f' min_length={self.min_length}, got {self.max_length}.'
      )


class Rows(NamedTuple):
  tokens: np.ndarray  # [N, max_length], int32, padded with 0
  lengths: np.ndarray  # [N], int32
  labels: np.ndarray  # [N], int32 in 0 .. 9


def rows(seed: int, count: int, config: Config) -> Rows:
  """Draws `count` expressions; row i depends on the seed and i alone.

  Trees are drawn as the published generator draws them: at each depth below
  the largest, a digit with the value probability, else an operator with 2 to
  max_args arguments; too short or too long ones are drawn again.

  Raises:
    ValueError: if no tree of that length comes in 10,000 draws.
  """
  tokens = np.zeros((count, config.max_length), np.int32)
  lengths = np.zeros(count, np.int32)
  labels = np.zeros(count, np.int32)
  for i in range(count):
    random = np.random.Generator(
        np.random.Philox(key=seed, counter=[0, 0, 0, i])
    )
    drawn = _draw_fitting(random, config)
    tokens[i, : len(drawn)] = drawn
    lengths[i], labels[i] = len(drawn), evaluate(drawn)
  return Rows(tokens, lengths, labels)


def evaluate(tokens) -> int:
  """Returns the digit that an expression, a sequence of tokens, comes to.

  MED is the median, rounded down; SM the sum modulo 10.

  Raises:
    ValueError: if the tokens are no whole expression, or no tokens.
  """
  checks.indices('tokens', np.asarray(tokens, int), len(VOCABULARY))
  stack: list[list[int]] = [[]]
  operators = []
  for token in tokens:
    name = VOCABULARY[token]
    if name in OPERATORS:
      operators.append(name)
      stack.append([])
    elif name == ']':
      if not operators or not stack[-1]:
        raise ValueError(f'no list to close in {to_text(tokens)!r}.')
      stack[-2].append(_apply(operators.pop(), stack.pop()))
    elif name:
      stack[-1].append(int(name))
    else:
      raise ValueError(f'padding inside {to_text(tokens)!r}.')
  if operators or len(stack[0]) != 1:
    raise ValueError(f'{to_text(tokens)!r} is no whole expression.')
  return stack[0][0]


def to_text(tokens) -> str:
  """Returns an expression as it is written: [MAX 2 9 [MIN 4 7 ] 0 ].

  Raises:
    ValueError: if there is no such token.
  """
  checks.indices('tokens', np.asarray(tokens, int), len(VOCABULARY))
  return ' '.join(VOCABULARY[token] for token in tokens if token)


def from_text(text: str) -> list[int]:
  """Returns the tokens of an expression; parentheses are left out.

  Raises:
    ValueError: naming a word that is none of ListOps'.
  """
  words = [w for w in text.split() if w not in ('(', ')')]
  for word in words:
    if word not in _TOKEN or not word:
      raise ValueError(
          f'{word!r} is no token of ListOps; they are {VOCABULARY[1:]}.'
      )
  return [_TOKEN[word] for word in words]


def _apply(operator: str, values: list[int]) -> int:
  match operator:
    case '[MIN':
      return min(values)
    case '[MAX':
      return max(values)
    case '[MED':
      return int(np.median(values))
    case _:
      return sum(values) % 10


def _draw_fitting(random: np.random.Generator, config: Config) -> list[int]:
  for _ in range(10_000):
    out: list[int] = []
    if _draw(random, 1, out, config):
      if config.min_length < len(out) < config.max_length:
        return out
  raise ValueError(
      f'no expression of {config.min_length} to {config.max_length} tokens in'
      f' 10,000 draws with {config}; widen the lengths or allow more depth.'
  )


def _draw(random, depth: int, out: list[int], config: Config) -> bool:
  """Appends a tree; False once it is too long."""
  if len(out) >= config.max_length:
    return False
  value = random.random() < config.value_probability
  if value or depth >= config.max_depth:
    out.append(_TOKEN[str(random.integers(10))])
    return True
  out.append(_TOKEN[OPERATORS[random.integers(len(OPERATORS))]])
  for _ in range(random.integers(2, config.max_args + 1)):
    if not _draw(random, depth + 1, out, config):
      return False
  out.append(_TOKEN[']'])
  return True
