"""Excerpts of a text: random crops to learn from, windows to be judged by.

A crop is a pure function of (seed, index), so a data set of them has no state
to save: any process can read any row of any step, in any order, and a resumed
run reads on where it stopped.
"""

import hashlib
import operator

import grain
import numpy as np

from nmlib.neurons.core import checks


class Crops(grain.sources.RandomAccessDataSource):
  """Element i is a random crop of `length` tokens and their successors.

  The crop starts at floor(u (N - length)), where N is the size of the text
  and u in [0, 1) the first output of NumPy's counter-based generator Philox
  with key `seed` and counter i: every start is equally likely, independently
  for every i, and none depends on `num_examples`.
  """

  def __init__(
      self,
      text: np.ndarray,
      length: int,
      *,
      seed: int,
      num_examples: int,
      vocab_size: int = 2**31,
  ):
    self._text = checked(text, length, vocab_size)
    self._length = operator.index(length)
    self._seed = operator.index(seed)
    self._num_examples = operator.index(num_examples)
    if not 0 <= seed < 2**64:
      raise ValueError(f'seed must lie in [0, 2**64), got {seed}.')
    if num_examples < 1:
      raise ValueError(f'num_examples must be positive, got {num_examples}.')
    self._repr = (
        f'Crops(text={fingerprint(self._text)}, length={length}, seed={seed},'
        f' num_examples={num_examples})'
    )

  def __len__(self) -> int:
    return self._num_examples

  def __getitem__(self, index) -> dict[str, np.ndarray]:
    index = operator.index(index)
    if not 0 <= index < self._num_examples:
      raise IndexError(f'index {index} is not in [0, {self._num_examples}).')
    random = np.random.Philox(key=self._seed, counter=index).random_raw()
    start = random * (len(self._text) - self._length) >> 64
    return pair(self._text[start : start + self._length + 1])

  def __repr__(self) -> str:  # grain's DataLoader compares it on resume
    return self._repr


def dataset(
    text: np.ndarray,
    length: int,
    *,
    seed: int,
    num_examples: int,
    vocab_size: int = 2**31,
) -> grain.MapDataset:
  """Returns `Crops` as a grain data set, for batching and sharding.

  Row r of step s in a run with B rows a step is element s * B + r.

  Args:
    text: tokens, integers [N]; bytes from `corpus.joined`, for instance.
    length: T, tokens in one example.
    seed: chooses the crops, 0 <= seed < 2**64.
    num_examples: length of the data set: steps * rows of the whole run. Beyond
      it grain begins again; a longer run extends a shorter one unchanged.
    vocab_size: V of the model that will read them: tokens must be below it.

  Returns:
    A data set of {'tokens': int32 [T], 'targets': int32 [T]}, where
    targets[t] is the token that follows tokens[t] in the text.

  Raises:
    ValueError: the text is shorter than T + 1, or a token or an argument out of
      range.
  """
  source = Crops(
      text, length, seed=seed, num_examples=num_examples, vocab_size=vocab_size
  )
  return grain.MapDataset.source(source)


def windows(
    text: np.ndarray,
    length: int,
    count: int | None = None,
    vocab_size: int = 2**31,
) -> dict[str, np.ndarray]:
  """Cuts the text into windows that do not overlap, and keeps `count` of them.

  Window k starts at k * length; of the K = (N - 1) // length there are, those
  with k = floor(i K / count), i = 0 .. count - 1, are kept: evenly spaced and
  the same every time.

  Args:
    text: tokens, integers [N].
    length: T, tokens in one window.
    count: how many windows; None, or more than there are, keeps all.
    vocab_size: as in `dataset`.

  Returns:
    {'tokens': int32 [count, T], 'targets': int32 [count, T]}.

  Raises:
    ValueError: the text is shorter than T + 1, a token out of range, or count
      not positive.
  """
  text = checked(text, length, vocab_size)
  if count is not None and count < 1:
    raise ValueError(f'count must be positive or None, got {count}.')
  available = (len(text) - 1) // length
  count = min(count or available, available)
  starts = np.arange(count) * available // count * length
  return pair(text[starts[:, None] + np.arange(length + 1)])


def pair(excerpt: np.ndarray) -> dict[str, np.ndarray]:
  """Turns tokens [..., T + 1] into int32 tokens and targets, each [..., T]."""
  excerpt = excerpt.astype(np.int32)
  return {'tokens': excerpt[..., :-1], 'targets': excerpt[..., 1:]}


def checked(
    text: np.ndarray, length: int, vocab_size: int = 2**31
) -> np.ndarray:
  """Returns text as an array if it can give one example of `length` tokens."""
  text = np.asarray(text)
  if text.ndim != 1 or not np.issubdtype(text.dtype, np.integer):
    raise ValueError(
        f'text must be integers [N], got {text.dtype} {list(text.shape)}.'
    )
  checks.indices('text', text, vocab_size)  # they become int32
  if length < 1:
    raise ValueError(f'length must be positive, got {length}.')
  if len(text) <= length:
    raise ValueError(
        f'the text has {len(text)} tokens, but one example of length {length}'
        f' needs {length + 1}: give more text or a smaller length.'
    )
  return text


def fingerprint(text: np.ndarray) -> str:
  """Returns a short hash of the tokens, the same for any integer dtype."""
  return hashlib.sha256(text.astype('<i4').tobytes()).hexdigest()[:16]
