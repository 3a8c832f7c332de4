"""Held-out text is whole files where there are enough of them."""

from hypothesis import given
from hypothesis import strategies as st
import pytest

from nmlib.data.text import corpus
from nmlib.data.text import split


def _corpus(sizes, prefix='file'):
  documents = (
      corpus.Document(f'{prefix}{i:04d}', bytes([65 + i % 26]) * size)
      for i, size in enumerate(sizes)
  )
  return corpus.Corpus('x', tuple(documents))


def _names(text):
  return {document.name for document in text.documents}


def test_whole_files_are_held_out():
  text = _corpus([100] * 500)
  parts = split.split(text, 0.1)
  train, validation = _names(parts.train), _names(parts.validation)
  assert not train & validation
  assert train | validation == _names(text)
  assert parts.train.num_bytes + parts.validation.num_bytes == 50_000
  # Binomial(500, 0.1): mean 50, standard deviation 6.7; four of them.
  assert 23 <= len(validation) <= 77
  assert parts.rule == f'{len(validation)} of 500 whole files held out'


def test_the_same_files_are_held_out_everywhere():
  # Literals: names whose `echo -n 0:name | sha256sum` is below 0x1999...
  parts = split.split(_corpus([10] * 40), 0.1)
  assert _names(parts.validation) == {
      'file0013',
      'file0026',
      'file0035',
      'file0038',
  }


def test_the_fate_of_a_file_hangs_on_its_name_alone():
  few = _names(split.split(_corpus([10] * 200)).validation)
  many = _names(split.split(_corpus([10] * 400)).validation)
  assert few == {name for name in many if name < 'file0200'}


def test_the_seed_chooses_other_files():
  text = _corpus([10] * 200)
  assert split.split(text, seed=0) == split.split(text, seed=0)
  first, second = (split.split(text, seed=s).validation for s in (0, 1))
  assert _names(first) != _names(second)


def test_a_single_file_gives_its_tail():
  data = bytes(range(1, 101)) * 3
  text = corpus.Corpus('x', (corpus.Document('a', data),))
  parts = split.split(text, 0.1)
  assert parts.train.documents[0].data == data[:270]
  assert parts.validation.documents[0].data == data[270:]
  assert parts.rule == 'last 0.1 of the file held out'


def test_few_files_give_the_tail_of_each():
  parts = split.split(_corpus([1000, 10]), 0.1)
  assert [len(d.data) for d in parts.train.documents] == [900, 9]
  assert [len(d.data) for d in parts.validation.documents] == [100, 1]
  assert parts.rule == 'last 0.1 of every file held out'


@given(
    st.lists(st.integers(2, 300), min_size=1, max_size=60),
    st.floats(0.02, 0.5),
    st.integers(0, 3),
)
def test_no_byte_is_lost_and_the_share_is_fair(sizes, fraction, seed):
  text = _corpus(sizes)
  parts = split.split(text, fraction, seed)
  train, validation = parts.train, parts.validation
  assert train.num_bytes + validation.num_bytes == text.num_bytes
  expected = fraction * text.num_bytes
  # Tails round up by less than one byte a file; 1e-6 for the products.
  assert validation.num_bytes <= max(2 * expected, expected + len(sizes)) + 1e-6
  assert validation.num_bytes >= expected / 2 - 1e-6


@pytest.mark.parametrize('fraction', (0.0, 1.0, -0.1, 2, float('nan')))
def test_a_fraction_out_of_range_is_refused(fraction):
  message = f'holdout_fraction must lie between 0 and 1 .* got {fraction}'
  with pytest.raises(ValueError, match=message):
    split.split(_corpus([100]), fraction)


def test_a_text_too_short_to_divide_is_refused():
  message = 'x is too short to hold out 0.1 of its 1 bytes: give more text'
  with pytest.raises(ValueError, match=message):
    split.split(_corpus([1]), 0.1)


def test_tiny_shakespeare_is_split_as_in_the_official_demo(data_folder):
  path = data_folder / 'tiny_shakespeare' / 'input.txt'
  parts = split.split(corpus.read_text(path))
  assert parts.train.num_bytes == int(0.9 * 1115394)
  assert parts.validation.num_bytes == 111540
