"""Text for truncated backpropagation: each row goes on where it stopped."""

import operator

import grain
import jax
import numpy as np

from nmlib.data.text import corpus
from nmlib.data.text import crops


class Streams(grain.sources.RandomAccessDataSource):
  """Element s * B + r holds the tokens that row r reads at step s.

  The N - 1 pairs (token, its successor) of the text form a ring. Row r starts
  at pair floor(r (N - 1) / B) and reads T pairs a step, on and on: past the
  end of the text it goes on at the beginning, in the middle of an example if
  need be. Every row thus reads the whole text, each from another place.
  """

  def __init__(
      self,
      text: np.ndarray,
      length: int,
      *,
      num_rows: int,
      num_steps: int,
      separator: int | None,
      vocab_size: int = 2**31,
  ):
    self._text = crops.checked(text, length, vocab_size)
    self._length = operator.index(length)
    self._num_rows = operator.index(num_rows)
    self._num_steps = operator.index(num_steps)
    self._separator = separator
    for name, value in (('num_rows', num_rows), ('num_steps', num_steps)):
      if value < 1:
        raise ValueError(f'{name} must be positive, got {value}.')
    self._repr = (
        f'Streams(text={crops.fingerprint(self._text)}, length={length},'
        f' num_rows={num_rows}, num_steps={num_steps}, separator={separator})'
    )

  def __len__(self) -> int:
    return self._num_rows * self._num_steps

  def __getitem__(self, index) -> dict[str, np.ndarray]:
    index = operator.index(index)
    if not 0 <= index < len(self):
      raise IndexError(f'index {index} is not in [0, {len(self)}).')
    step, row = divmod(index, self._num_rows)
    ring = len(self._text) - 1
    start = row * ring // self._num_rows + step * self._length
    places = np.arange(start, start + self._length) % ring
    tokens, targets = self._text[places], self._text[places + 1]
    reset = places == 0
    if self._separator is not None:
      reset |= self._text[places - 1] == self._separator
    reset[0] |= step == 0
    return {
        'tokens': tokens.astype(np.int32),
        'targets': targets.astype(np.int32),
        'reset': reset,
    }

  def __repr__(self) -> str:  # grain's DataLoader compares it on resume
    return self._repr


def dataset(
    text: np.ndarray,
    length: int,
    *,
    num_rows: int,
    num_steps: int,
    separator: int | None = corpus.SEPARATOR[0],
    vocab_size: int = 2**31,
) -> grain.MapDataset:
  """Returns `Streams` as a grain data set, for batching and sharding.

  Batch it by `num_rows` in its own order: row r of each batch then continues
  row r of the batch before. Do not shuffle.

  Args:
    text: tokens, integers [N].
    length: T, tokens a row and step.
    num_rows: B, parallel streams.
    num_steps: batches in the whole run; beyond it grain begins again.
    separator: the token that ends a document, None if there is none.
    vocab_size: V of the model that will read them: tokens must be below it.

  Returns:
    A data set of {'tokens': int32 [T], 'targets': int32 [T], 'reset': bool
    [T]}. A carried state must be cleared before it reads a token whose reset
    is True: the first of a row, of a document, or of the text.

  Raises:
    ValueError: the text is shorter than T + 1, or a token or an argument out of
      range.
  """
  source = Streams(
      text,
      length,
      num_rows=num_rows,
      num_steps=num_steps,
      separator=separator,
      vocab_size=vocab_size,
  )
  return grain.MapDataset.source(source)


def example(length: int) -> dict[str, jax.ShapeDtypeStruct]:
  """Returns the shapes of an element, {'tokens', 'targets', 'reset'} [T]."""
  row = lambda kind: jax.ShapeDtypeStruct((length,), kind)
  return {
      'tokens': row(np.int32),
      'targets': row(np.int32),
      'reset': row(bool),
  }
