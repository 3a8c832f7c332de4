"""Prompts of Merullo et al. (arXiv 2310.08744) as text: two tasks, in pairs.

Coloured objects are drawn as the authors' generator draws them. Indirect
objects (Wang et al. 2022, arXiv 2211.00593) have the two orders of names of the
original templates, ABBA and BABA, in sentences of ours. A pair differs in the
word that decides the answer.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from nmlib.data.text import tokenizers

OBJECTS = tuple(
    'pencil notebook pen cup plate jug mug puzzle textbook leash necklace'
    ' bracelet bottle ball envelope lighter bowl'.split()
)
COLOURS = tuple('red orange yellow green blue purple brown black'.split())
SURFACES = 'table', 'desk', 'floor'
OPENINGS = 'there is', 'you see', 'I see'
NAMES = tuple(
    'Mary John Tom James Anna Paul Mark Sarah Laura Peter Susan David Alice'
    ' George Emma Robert'.split()
)
_PLACES = tuple('store garden school station beach office park'.split())
_THINGS = tuple('book drink ring letter basket camera'.split())
CHILDREN = 'Lily', 'Tim', 'Timmy'  # a token each of stories260K
_STORIES = (
    'Once upon a time, there was a child named {}. {} loved to play. One day,',
    'Once upon a time, there was a child named {}. {} had a ball. One day,',
    'Once upon a time, there was a child named {}. {} was very happy. Then,',
)
_SENTENCES = (
    'When {a} and {b} went to the {place}, {s} gave a {thing} to',
    'After {a} and {b} met at the {place}, {s} handed a {thing} to',
    'Then {a} and {b} walked to the {place}. There {s} gave a {thing} to',
    'While {a} and {b} were at the {place}, {s} passed a {thing} to',
)


class Pair(NamedTuple):
  """A prompt and its twin; answers start with their space."""

  text: str
  corrupt: str
  answer: str
  other: str  # the twin's answer, wrong here
  wrong: tuple[str, ...]  # words of the text, with their space, that mislead


class Tokens(NamedTuple):
  """Pairs of one length T."""

  tokens: np.ndarray  # int32 [B, T]
  corrupt: np.ndarray  # int32 [B, T]
  answers: np.ndarray  # int32 [B, 2], the right one, and that of the twin
  wrong: np.ndarray  # bool [B, T], where misleading words stand last


def coloured_objects(rng: np.random.Generator, count: int) -> list[Pair]:
  """Draws pairs of two questions, the first of them answered.

  The twin asks for another of the three objects of the second question.

  Raises:
    ValueError: if count is negative.
  """
  pairs = []
  for _ in range(_natural(count)):
    scene, colours, objects = _scene(rng)
    shown = int(rng.integers(3))
    first = f'{scene} {_asked(objects[shown])} {colours[shown].capitalize()}\n'
    scene, colours, objects = _scene(rng)
    chosen, other = (int(i) for i in rng.choice(3, 2, replace=False))
    text, corrupt = (
        f'{first}{scene} {_asked(objects[i])}' for i in (chosen, other)
    )
    right, twin = (f' {colours[i].capitalize()}' for i in (chosen, other))
    wrong = tuple(f' {c}' for i, c in enumerate(colours) if i != chosen)
    pairs.append(Pair(text, corrupt, right, twin, wrong))
  return pairs


def indirect_objects(
    rng: np.random.Generator, count: int, names: Sequence[str] = NAMES
) -> list[Pair]:
  """Draws pairs whose second name is the subject, once A and once B.

  In the twin the subject is the other one (S2 and IO change places).

  Args:
    rng: of the draws.
    count: how many.
    names: two or more, a token each.

  Raises:
    ValueError: if count is negative, or there are not two different names.
  """
  _different(names)
  pairs = []
  for _ in range(_natural(count)):
    a, b = rng.choice(list(names), 2, replace=False)
    subject, other = (a, b) if rng.integers(2) else (b, a)
    sentence, place, thing = (
        str(rng.choice(words)) for words in (_SENTENCES, _PLACES, _THINGS)
    )
    text, corrupt = (
        sentence.format(a=a, b=b, s=s, place=place, thing=thing)
        for s in (subject, other)
    )
    pairs.append(
        Pair(text, corrupt, f' {other}', f' {subject}', (f' {subject}',))
    )
  return pairs


def children(names: Sequence[str] = CHILDREN) -> list[Pair]:
  """Returns starts of stories that name a child, who is to be named again.

  The twin names another one of `names`, a token each; all pairs are made.

  Raises:
    ValueError: if there are not two different names.
  """
  _different(names)
  return [
      Pair(story.format(a, a), story.format(b, b), a, b, ())
      for story in _STORIES for a in names for b in names if a != b
  ]  # fmt: skip


def encode(
    pairs: Sequence[Pair], tokenizer: tokenizers.Tokenizer
) -> dict[int, Tokens]:
  """Returns the pairs as tokens, by length T: lengths are never padded.

  No token is put in front, as the authors put none.

  Raises:
    ValueError: if an answer or misleading word is not one token, or a twin is
      of another length.
  """
  one = {}
  for word in {w for p in pairs for w in (p.answer, p.other, *p.wrong)}:
    ids = tokenizer.encode(word)
    if len(ids) != 1:
      raise ValueError(
          f'{word!r} must be one token of the tokenizer, got {len(ids)}; take'
          " another tokenizer (the paper: GPT-2's), or other words."
      )
    one[word] = ids[0]
  rows: dict[int, list[tuple]] = {}
  for pair in pairs:
    tokens, corrupt = (tokenizer.encode(t) for t in (pair.text, pair.corrupt))
    if len(tokens) != len(corrupt):
      raise ValueError(
          'a prompt and its twin must have as many tokens, got'
          f' {len(tokens)} and {len(corrupt)} of {pair.text!r}.'
      )
    wrong = np.zeros(len(tokens), bool)
    for word in pair.wrong:
      wrong[np.flatnonzero(np.equal(tokens, one[word]))[-1:]] = True
    answers = one[pair.answer], one[pair.other]
    rows.setdefault(len(tokens), []).append((tokens, corrupt, answers, wrong))
  found = {}
  for length, group in sorted(rows.items()):
    *ids, wrong = (np.array(column) for column in zip(*group, strict=True))
    tokens, corrupt, answers = (a.astype(np.int32) for a in ids)
    found[length] = Tokens(tokens, corrupt, answers, wrong)
  return found


def of_one_length(
    pairs: Sequence[Pair], tokenizer: tokenizers.Tokenizer, *begin: int
) -> Tokens:
  """Returns those of the pairs that have the most common length, as tokens.

  Args:
    pairs: to choose from.
    tokenizer: as of `encode`.
    *begin: tokens to put in front of each.

  Raises:
    ValueError: as of `encode`; or if there is no pair.
  """
  if not pairs:
    raise ValueError('there must be a pair at least, got none.')
  groups = encode(pairs, tokenizer)
  most = max(groups.values(), key=lambda group: len(group.tokens))
  ahead = np.tile(np.array(begin, np.int32), (len(most.tokens), 1))
  put = lambda rows: np.concatenate([ahead, rows], 1)
  wrong = np.pad(most.wrong, ((0, 0), (len(begin), 0)))
  return Tokens(put(most.tokens), put(most.corrupt), most.answers, wrong)


def splits(
    seed: int, tokenizer: tokenizers.Tokenizer, count: int
) -> dict[str, tuple[Tokens, ...]]:
  """Draws three splits of prompts of each task, `count` of one length in each.

  Raises:
    ValueError: as of `encode`; or if too few prompts have one length.
  """
  rng, found = np.random.default_rng(seed), {}
  for name, draw in (
      ('indirect objects', indirect_objects),
      ('coloured objects', coloured_objects),
  ):  # fmt: skip
    most = of_one_length(draw(rng, 12 * count), tokenizer)
    if len(most.tokens) < 3 * count:
      raise ValueError(
          f'{3 * count} prompts must have one length, got {len(most.tokens)} of'
          f' {name}; ask for fewer.'
      )
    found[name] = tuple(
        Tokens(*(a[i::3][:count] for a in most)) for i in range(3)
    )
  return found


def _different(names) -> None:
  if len(set(names)) < max(2, len(names)):
    raise ValueError(f'names must be two or more different ones, got {names}.')


def _scene(rng) -> tuple[str, list[str], list[str]]:
  """Returns the first sentence of a question, its colours and objects."""
  colours, objects = (
      [str(x) for x in rng.choice(words, 3, replace=False)]
      for words in (COLOURS, OBJECTS)
  )
  surface, opening = (str(rng.choice(w)) for w in (SURFACES, OPENINGS))
  each = [
      f'{"an" if colour[0] in "aeiou" else "a"} {colour} {thing}'
      for colour, thing in zip(colours, objects, strict=True)
  ]
  text = f'Q: On the {surface}, {opening} {each[0]}, {each[1]}, and {each[2]}.'
  return text, colours, objects


def _asked(thing: str) -> str:
  return f'What color is the {thing}?\nA:'


def _natural(count: int) -> int:
  if count < 0:
    raise ValueError(f'count must be 0 or more, got {count}.')
  return count
