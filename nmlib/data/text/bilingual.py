"""Text in two languages to learn from, and other such text to be judged by.

From aligned files (`parallel.read`), or without any: numbers in words
(`numerals.pairs`).
"""

from typing import NamedTuple

import numpy as np

from nmlib.data.text import numerals
from nmlib.data.text import parallel


class Text(NamedTuple):
  """Sentences of both languages, each in a direction drawn at random."""

  tokens: np.ndarray  # [N] uint8, a stream of the part 'train'
  windows: dict[str, np.ndarray]  # int32 [W, T] of 'test': `parallel.windows`


def load(
    languages: tuple[str, str],
    length: int,
    count: int,
    *,
    path: str = '',
    sentences: int = 20_000,
    digits: int = 3,
) -> Text:
  """Reads a text in two languages, or makes one.

  Args:
    languages: such as ('en', 'es').
    length: T, tokens in a window.
    count: W, windows.
    path: holds a folder a pair of languages, 'en-es', with the files of both
      parts, as `parallel.read` describes; '': numbers in words.
    sentences: numbers in each part.
    digits: of the largest number; 0: numbers will not do.

  Raises:
    ValueError: if there is no path and no digits, or as of `parallel.read`,
      `parallel.windows` and `numerals.pairs`.
  """
  pair = '-'.join(languages)
  if not (path or digits):
    files = [f'{pair}/train.{language}' for language in languages]
    raise ValueError(
        'path must name a folder of texts, such as those of Europarl:'
        f' {files[0]}, {files[1]} and so on; or set digits for numbers in'
        ' words.'
    )
  streams = []
  for seed, part in enumerate(('train', 'test'), 1):
    if path:
      text = parallel.read(f'{path}/{pair}', part, languages)
    else:
      text = numerals.pairs(
          languages, sentences, seed=seed, digits=digits, part=part
      )
    streams.append(parallel.stream(text, seed=seed))
  learn, judged = streams
  return Text(learn.tokens, parallel.windows(judged, length, count))
