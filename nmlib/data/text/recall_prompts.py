"""Prompts of recall and of reasoning for models of real text.

Twins differ in one token and have another answer, prompts of both tasks are
equally long: as of `nmlib.data.tasks.recall_reasoning`. The protocol is ours
(of Fartale et al., arXiv 2510.03366, only the abstract is at hand).
"""

from collections.abc import Callable
from typing import Any
from typing import NamedTuple

import numpy as np

CAPITALS = {
    'France': 'Paris', 'Germany': 'Berlin', 'Italy': 'Rome', 'Spain': 'Madrid',
    'Japan': 'Tokyo', 'China': 'Beijing', 'Russia': 'Moscow', 'Egypt': 'Cairo',
    'Greece': 'Athens', 'Norway': 'Oslo', 'Sweden': 'Stockholm', 'Cuba':
    'Havana', 'Austria': 'Vienna', 'Poland': 'Warsaw', 'Portugal': 'Lisbon',
    'Ireland': 'Dublin', 'Peru': 'Lima', 'Kenya': 'Nairobi', 'Iran': 'Tehran',
    'Iraq': 'Baghdad', 'England': 'London', 'Canada': 'Ottawa', 'Chile':
    'Santiago', 'Syria': 'Damascus', 'Turkey': 'Ankara', 'Finland': 'Helsinki',
}  # fmt: skip

# Unrelated text.
CONTROL = (
    'The rain had stopped, and the children went out to look for snails under'
    ' the wet leaves. Their grandmother stood at the door and counted them.'
)


GROUPS = ('changed', 'others', 'last')  # 'last' is never 'changed'


class Batch(NamedTuple):
  """Prompts with their twins."""

  clean: np.ndarray  # int [B, T]
  corrupt: np.ndarray  # int [B, T]
  answers: np.ndarray  # int [B, 2], of prompts and of twins
  groups: np.ndarray  # bool [B, G, T], the positions of each of `GROUPS`


def story_bigrams(
    rng: np.random.Generator, stories: np.ndarray, count: int, length: int,
    *, least: int = 4, share: float = 0.6,
) -> Batch:  # fmt: skip
  """Draws windows of stories that end where one token nearly always follows.

  Args:
    rng: of the draws.
    stories: int [N, n] tokens.
    count: B.
    length: T, tokens of a window.
    least: how often such a token occurs at least.
    share: of its successors that are the most frequent one, at least.

  Raises:
    ValueError: if there are no two such tokens with other successors.
  """
  pairs = np.stack([stories[:, :-1], stories[:, 1:]], -1)
  follows: dict[int, int] = {}
  for token in np.unique(stories):
    after = pairs[pairs[..., 0] == token][:, 1]
    if len(after) >= least:
      values, counts = np.unique(after, return_counts=True)
      if counts.max() >= share * len(after):
        follows[int(token)] = int(values[counts.argmax()])
  if len(set(follows.values())) < 2:
    raise ValueError(
        'stories must have two tokens at least with successors of their own,'
        f' got {len(follows)}.'
    )
  places = [
      (row, end)
      for row, end in np.ndindex(pairs.shape[:2])
      if end + 1 >= length
      and follows.get(int(stories[row, end])) == stories[row, end + 1]
  ]
  rows = []
  for row, end in (places[i] for i in rng.integers(0, len(places), count)):
    clean = stories[row, end + 1 - length : end + 1]
    answer = follows[int(clean[-1])]
    twin = rng.choice([t for t, after in follows.items() if after != answer])
    rows.append((clean, np.r_[clean[:-1], twin], (answer, follows[int(twin)])))
  return _batch(rows)


def copies(
    rng: np.random.Generator, tokens: np.ndarray, count: int, length: int
) -> Batch:
  """Draws different tokens in a row, and the start of the row once more.

  The twin's last token is another of the row.

  Raises:
    ValueError: if the length is below 6, or there are too few tokens.
  """
  again = length // 2 - 1
  size = length - again
  if length < 6 or len(np.unique(tokens)) < size:
    raise ValueError(
        f'length must be at least 6 and tokens {size} different ones, got'
        f' {length} and {len(np.unique(tokens))}.'
    )
  rows = []
  for _ in range(count):
    row = rng.choice(np.unique(tokens), size, replace=False)
    other = rng.integers(0, again - 1)  # not the last of those shown again
    answers = row[again], row[other + 1]
    clean = np.r_[row, row[:again]]
    rows.append((clean, np.r_[clean[:-1], row[other]], answers))
  return _batch(rows)


def facts_and_chains(
    rng: np.random.Generator, encode: Callable[[str], list[int]], count: int
) -> tuple[Batch, Batch]:
  """Draws capitals to recall, and chains of two steps between them.

  Both prompts begin with two chains of sentences 'A leads to B.', and are
  answered by capitals, which are one token; the shorter ones begin with dots.

  Raises:
    ValueError: if too few countries and capitals are one token.
  """
  known = {c: t for c, t in CAPITALS.items()
           if len(encode(f' {c}')) == len(encode(f' {t}')) == 1}  # fmt: skip
  if len(known) < 6:
    raise ValueError(
        'six countries at least must be one token with their capitals, got'
        f' {list(known)}.'
    )
  token = lambda word: encode(f' {word}')[0]
  facts, chains = [], []
  for _ in range(count):
    a, b, c, d, e, f = rng.choice(list(known.values()), 6, replace=False)
    order = rng.permutation(4)
    pairs = (b, c), (d, e), (e, f)
    twins = []
    for bridge in (b, e):  # a twin's first step leads into the other chain
      roads = [f' {x} leads to {y}.' for x, y in ((a, bridge), *pairs)]
      twins.append('Roads:' + ''.join(roads[i] for i in order))
    one, two = rng.choice(list(known), 2, replace=False)
    facts.append(
        (
            *(
                encode(f'{twins[0]} The capital of {x} is called')
                for x in (one, two)
            ),
            (token(known[one]), token(known[two])),
        )
    )
    chains.append(
        (
            *(encode(f'{x} Two roads on from {a} is') for x in twins),
            (token(c), token(f)),
        )
    )
  longest = max(len(row[0]) for row in (*facts, *chains))
  pad = lambda x: encode('.') * (longest - len(x)) + x
  padded = lambda rows: _batch([(pad(x), pad(y), a) for x, y, a in rows])
  return padded(facts), padded(chains)


def story_splits(
    seed: int, stories: np.ndarray, count: int, length: int = 16
) -> tuple[Batch, Batch, np.ndarray]:
  """Draws bigrams of stories against copies, as `recall_lessons.splits` does.

  Args:
    seed: of the draws.
    stories: int [N, n] tokens.
    count: B, prompts of a task in a split.
    length: T.

  Returns:
    Batches with a leading axis of the two tasks, to discover by and to test;
    texts int [B, 2 T], the starts of stories.

  Raises:
    ValueError: as of `story_bigrams` and `copies`.
  """
  rng = np.random.default_rng(seed)
  both = lambda: _stacked(
      story_bigrams(rng, stories, count, length),
      copies(rng, stories, count, length),
  )
  text = stories[rng.integers(0, len(stories), count), : 2 * length]
  return both(), both(), text


def fact_splits(
    seed: int, encode: Callable[[str], list[int]], count: int
) -> tuple[Batch, Batch, np.ndarray]:
  """Draws capitals against chains, as `story_splits`; one text, twice.

  Raises:
    ValueError: as of `facts_and_chains`.
  """
  rng = np.random.default_rng(seed)
  both = lambda: _stacked(*facts_and_chains(rng, encode, count))
  return both(), both(), np.array([encode(CONTROL)] * 2)


def _stacked(*batches: Batch) -> Any:
  return Batch(*(np.stack(arrays) for arrays in zip(*batches, strict=True)))


def _batch(rows) -> Batch:
  clean, corrupt, answers = (
      np.array(column) for column in zip(*rows, strict=True)
  )
  changed = clean != corrupt
  last = ~changed & (np.arange(clean.shape[1]) == clean.shape[1] - 1)
  groups = np.stack([changed, ~changed & ~last, last], 1)
  return Batch(clean, corrupt, answers, groups)
