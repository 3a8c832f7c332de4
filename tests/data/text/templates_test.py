"""Sentences of templates: equally long, halves without a word in common."""

import numpy as np
import pytest

from nmlib.data.text import templates


def test_every_word_is_in_every_template_once():
  made = templates.sentences(('a = {}', 'f({})!'), ('12', '3'), ('x', 'é'))
  texts = [bytes(row.astype(np.uint8)).decode() for row in made.tokens]
  assert texts == [
      'a = 12', ' a = 3', ' a = x', 'a = é',
      'f(12)!', ' f(3)!', ' f(x)!', 'f(é)!',
  ]  # fmt: skip
  np.testing.assert_array_equal(made.positive, [1, 1, 0, 0, 1, 1, 0, 0])
  np.testing.assert_array_equal(made.even, [1, 0, 1, 0, 1, 0, 1, 0])


def test_template_without_a_place_is_refused():
  with pytest.raises(ValueError, match="must have one {}, got 'a = b'"):
    templates.sentences(('a = b',), ('1',), ('x',))
  with pytest.raises(ValueError, match='a template and a word, got none'):
    templates.sentences((), ('1',), ('x',))
