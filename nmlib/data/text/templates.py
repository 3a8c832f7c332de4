"""Sentences that differ in one word: of a class, or not."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Sentences(NamedTuple):
  """S sentences of T bytes, equally long by their indentation."""

  tokens: np.ndarray  # int32 [S, T]
  positive: np.ndarray  # whether the word is of the class, bool [S]
  even: np.ndarray  # whether the word is an even one of its list, bool [S]


def sentences(
    templates: Sequence[str], members: Sequence[str], others: Sequence[str]
) -> Sentences:
  """Puts each word into each template.

  Even and odd sentences have no word in common: what is chosen on the ones can
  be tested on the others.

  Args:
    templates: each with one {}, where the word goes.
    members: words of the class.
    others: words that are not.

  Raises:
    ValueError: if a template has not one {}, or there is none.
  """
  for template in templates:
    if template.count('{}') != 1:
      raise ValueError(f'a template must have one {{}}, got {template!r}.')
  rows = [
      (template.replace('{}', word).encode(), of_class, i % 2 == 0)
      for template in templates
      for of_class, words in ((True, members), (False, others))
      for i, word in enumerate(words)
  ]
  if not rows:
    raise ValueError('there must be a template and a word, got none.')
  texts, positive, even = zip(*rows, strict=True)
  length = max(map(len, texts))
  tokens = np.array([list(text.rjust(length)) for text in texts], np.int32)
  return Sentences(tokens, np.array(positive), np.array(even))
