"""Prompts of two tasks: their form is that of the published ones."""

import gzip
import json
import re

import numpy as np
import pytest

from nmlib.data.text import circuit_prompts
from nmlib.data.text import tokenizers

_QUESTION = (
    r'Q: On the (\w+), ([\w ]+?) an? (\w+) (\w+), an? (\w+) (\w+), and an?'
    r' (\w+) (\w+)\. What color is the (\w+)\?\nA:'
)
_PROMPT = re.compile(f'{_QUESTION} ([A-Z][a-z]+)\n{_QUESTION}')


def _words() -> tokenizers.Tokenizer:
  """A token for each word, its space included, and each mark."""
  known: dict[str, int] = {}

  def encode(text):
    pieces = re.findall(r' ?\w+|[^\w ]', text)
    return [known.setdefault(piece, len(known)) for piece in pieces]

  return tokenizers.Tokenizer(encode, lambda ids: '', 1000)


def _parts(text) -> tuple[str, ...]:
  found = _PROMPT.fullmatch(text)
  assert found, text
  return found.groups()


def _check(prompt, answer):
  """Checks one prompt of coloured objects; returns its parts."""
  parts = _parts(prompt)
  assert not re.search(r' a [aeiou]| an [^aeiou]', prompt)
  for part, label in ((parts[:9], parts[9]), (parts[10:], answer.strip())):
    surface, opening, *scene, asked = part
    colours, things = scene[::2], scene[1::2]
    assert len({*colours}) == len({*things}) == 3
    assert colours[things.index(asked)].capitalize() == label
    assert surface in circuit_prompts.SURFACES
    assert opening in circuit_prompts.OPENINGS
    assert {*colours} <= {*circuit_prompts.COLOURS}
    assert {*things} <= {*circuit_prompts.OBJECTS}
  assert answer[0] == ' '
  return parts


def _check_pair(pair):
  parts = _check(pair.text, pair.answer)
  twin = _check(pair.corrupt, pair.other)
  assert parts[:-1] == twin[:-1]  # the same but for the object asked for
  assert parts[-1] != twin[-1]


def test_coloured_objects_are_of_the_published_form():
  pairs = circuit_prompts.coloured_objects(np.random.default_rng(0), 300)
  for pair in pairs:
    _check_pair(pair)
    colours = _parts(pair.text)[12:18:2]
    right = pair.answer.strip().lower()
    assert {w.strip() for w in pair.wrong} == {*colours} - {right}
  assert len({pair.text for pair in pairs}) == 300


def test_published_prompts_are_of_our_form(data_folder):
  folder = data_folder / 'circuit_reuse'
  if not folder.exists():
    pytest.skip('NMLIB_DATA has no folder circuit_reuse')
  names = 'cobjs_data_42.json.gz', 'cobjs_mindiff_data_42.json.gz'
  clean, twins = (
      json.loads(gzip.decompress((folder / name).read_bytes()))
      for name in names
  )
  assert len(clean) == len(twins) == 1000
  for (text, answer), (corrupt, other) in zip(clean, twins, strict=True):
    _check_pair(circuit_prompts.Pair(text, corrupt, answer, other, ()))
  # Words are drawn from the whole lists, by them as by us.
  pairs = circuit_prompts.coloured_objects(np.random.default_rng(0), 1000)
  places = 0, 1, 2, 3, 9, 18  # surface, opening, colour, object, label, asked
  theirs, ours = (
      [{_parts(text)[i] for text in texts} for i in places]
      for texts in ([row[0] for row in clean], [p.text for p in pairs])
  )
  assert theirs == ours


def test_indirect_objects_flip_with_the_subject():
  pairs = circuit_prompts.indirect_objects(np.random.default_rng(0), 200)
  orders = set()
  for pair in pairs:
    words = re.findall(r'\w+', pair.text)
    names = [word for word in words if word in circuit_prompts.NAMES]
    first, second, subject = names
    answer, wrong = pair.answer.strip(), pair.other.strip()
    assert subject == wrong and {first, second} == {answer, wrong}
    cut = pair.text.rindex(f' {subject} ')
    assert pair.corrupt == pair.text[:cut] + pair.text[cut:].replace(
        subject, answer
    )
    assert pair.wrong == (f' {subject}',)
    orders.add('BABA' if first == subject else 'ABBA')
  assert orders == {'ABBA', 'BABA'}


def test_tokens_by_length_and_places_of_wrong_words():
  tokenizer = _words()
  pairs = circuit_prompts.coloured_objects(np.random.default_rng(1), 20)
  ((length, found),) = circuit_prompts.encode(pairs, tokenizer).items()
  assert found.tokens.shape == found.corrupt.shape == (20, length)
  # They differ in the last object alone, three from the end: ?, A and :.
  places = np.nonzero(found.tokens != found.corrupt)[1]
  np.testing.assert_array_equal(places, [length - 5] * 20)
  for pair, row, answers, wrong in zip(
      pairs, found.tokens, found.answers, found.wrong, strict=True
  ):
    assert [[a] for a in answers] == [
        tokenizer.encode(word) for word in (pair.answer, pair.other)
    ]
    assert wrong.sum() == 2 and wrong[: length // 2].sum() == 0
    expected = {tokenizer.encode(word)[0] for word in pair.wrong}
    assert {*row[wrong]} == expected
  mixed = circuit_prompts.indirect_objects(np.random.default_rng(1), 20)
  by_length = circuit_prompts.encode(mixed, tokenizer)
  assert len(by_length) > 1
  assert sum(len(group.tokens) for group in by_length.values()) == 20


def test_children_are_named_again_and_the_twin_is_another():
  pairs = circuit_prompts.children(['Ann', 'Bo', 'Cy'])
  assert len({(p.text, p.corrupt) for p in pairs}) == len(pairs) == 18
  for pair in pairs:
    assert pair.answer != pair.other
    assert pair.text.replace(pair.answer, pair.other) == pair.corrupt
    assert pair.text.count(pair.answer) == 2 and pair.wrong == ()


def test_one_length_is_the_most_common_one():
  tokenizer = _words()
  pairs = circuit_prompts.indirect_objects(np.random.default_rng(1), 40)
  groups = circuit_prompts.encode(pairs, tokenizer)
  most = circuit_prompts.of_one_length(pairs, tokenizer)
  assert len(most.tokens) == max(len(g.tokens) for g in groups.values())
  begun = circuit_prompts.of_one_length(pairs, tokenizer, 7, 8)
  for old, new in ((most.tokens, begun.tokens), (most.corrupt, begun.corrupt)):
    np.testing.assert_array_equal(new[:, :2], [[7, 8]] * len(old))
    np.testing.assert_array_equal(new[:, 2:], old)
  np.testing.assert_array_equal(begun.wrong[:, 2:], most.wrong)
  assert not begun.wrong[:, :2].any()
  np.testing.assert_array_equal(begun.answers, most.answers)


def test_splits_are_disjoint_draws_of_both_tasks():
  found = circuit_prompts.splits(0, _words(), 8)
  assert [*found] == ['indirect objects', 'coloured objects']
  for splits in found.values():
    shapes = {one.tokens.shape for one in splits}
    assert len(splits) == 3 and len(shapes) == 1
    assert {len(one.answers) for one in splits} == {8}
    assert all(one.wrong.any(1).all() for one in splits)
    rows = {row.tobytes() for one in splits for row in one.tokens}
    assert len(rows) > 20  # a draw may come twice
  other = circuit_prompts.splits(1, _words(), 8)['coloured objects'][0]
  assert np.any(other.tokens != found['coloured objects'][0].tokens)


def test_bad_input_is_refused():
  rng = np.random.default_rng(0)
  letters = tokenizers.Tokenizer(lambda t: list(t.encode()), lambda i: '', 256)
  with pytest.raises(ValueError, match="must be one token.*GPT-2's"):
    circuit_prompts.encode(circuit_prompts.coloured_objects(rng, 1), letters)
  pair = circuit_prompts.Pair('a b', 'a b c', 'd', 'e', ())
  with pytest.raises(ValueError, match='as many tokens, got 2 and 3'):
    circuit_prompts.encode([pair], _words())
  with pytest.raises(ValueError, match='count must be 0 or more, got -1'):
    circuit_prompts.coloured_objects(rng, -1)
  with pytest.raises(ValueError, match='two or more different'):
    circuit_prompts.indirect_objects(rng, 1, ['Mary', 'Mary'])
  with pytest.raises(ValueError, match='two or more different'):
    circuit_prompts.children(['Lily'])
  with pytest.raises(ValueError, match='a pair at least, got none'):
    circuit_prompts.of_one_length([], _words())
