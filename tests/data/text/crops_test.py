"""Crops are pure functions of (seed, index), so that resuming is exact."""

import itertools
import pickle
import timeit

import grain
from hypothesis import given
from hypothesis import strategies as st
import jax
import numpy as np
import pytest

from nmlib.data.text import crops

_TEXT = np.arange(1000)


def _dataset(seed=0, num_examples=64):
  return crops.dataset(_TEXT, 8, seed=seed, num_examples=num_examples)


def _starts(elements):
  return [int(element['tokens'][0]) for element in elements]


def _assert_equal(left, right):
  jax.tree.map(np.testing.assert_array_equal, left, right)


def test_an_example_is_tokens_and_their_successors():
  for element in _dataset():
    start = element['tokens'][0]
    np.testing.assert_array_equal(element['tokens'], start + np.arange(8))
    np.testing.assert_array_equal(element['targets'], start + 1 + np.arange(8))
    assert element['tokens'].dtype == element['targets'].dtype == np.int32


def test_crops_never_change_from_version_to_version():
  # Literals: from Philox 4x64-10 written out in integers, block i + 1.
  assert _starts(_dataset(seed=1, num_examples=6)) == [
      301, 893, 404, 730, 306, 964,
  ]  # fmt: skip


def test_a_longer_run_extends_a_shorter_one():
  assert _starts(_dataset())[:10] == _starts(_dataset(num_examples=10))


def test_seeds_give_different_crops():
  assert _starts(_dataset(seed=1)) != _starts(_dataset(seed=2))


def test_every_start_is_equally_likely_and_all_are_reached():
  data = crops.Crops(_TEXT[:20], 10, seed=3, num_examples=20_000)
  counts = np.bincount(_starts(data), minlength=10)
  assert len(counts) == 10  # starts 0 .. N - T - 1
  # Binomial(20000, 0.1): standard deviation 42; five of them.
  np.testing.assert_allclose(counts, 2000, atol=212)


@given(st.integers(1, 30), st.integers(1, 40), st.integers(0, 2**64 - 1))
def test_crops_stay_inside_the_text(length, spare, seed):
  text = np.arange(length + spare)
  data = crops.Crops(text, length, seed=seed, num_examples=5)
  for element in data:
    assert element['tokens'].shape == element['targets'].shape == (length,)
    assert element['targets'][-1] < len(text)


def test_text_of_exactly_one_example_is_enough():
  data = crops.dataset(np.arange(9), 8, seed=0, num_examples=3)
  assert _starts(data) == [0, 0, 0]


def test_a_restored_iterator_goes_on_with_the_same_rows():
  make = lambda: iter(_dataset().seed(5).shuffle().batch(4).to_iter_dataset())
  first, second = make(), make()
  for _ in range(3):
    next(first)
  second.set_state(first.get_state())
  rest = list(first)
  assert len(rest) == 13 and rest[0]['tokens'].shape == (4, 8)
  _assert_equal(rest, list(second))


@pytest.mark.parametrize('count', (1, 2, 4))
def test_rows_do_not_depend_on_the_number_of_processes(count):
  whole = _dataset().seed(5).shuffle()
  shares = [list(whole[index::count]) for index in range(count)]
  together = list(itertools.chain.from_iterable(zip(*shares, strict=True)))
  _assert_equal(list(whole), together)


def test_a_source_survives_pickling_and_its_repr_names_the_content():
  make = lambda text: crops.Crops(text, 8, seed=1, num_examples=3)
  source = make(_TEXT)
  copy = pickle.loads(pickle.dumps(source))  # as grain's workers do
  assert repr(copy) == repr(source) == repr(make(_TEXT.astype(np.uint16)))
  assert repr(make(_TEXT[::-1])) != repr(source)
  assert repr(source) == (
      'Crops(text=550625f47dc1b7d1, length=8, seed=1, num_examples=3)'
  )
  for index in range(3):
    _assert_equal(copy[index], source[index])
  assert isinstance(source, grain.sources.RandomAccessDataSource)


def test_reading_an_example_takes_microseconds():
  text = np.zeros(10_000_000, np.uint8)
  data = crops.Crops(text, 512, seed=0, num_examples=100)
  seconds = min(timeit.repeat(lambda: data[7], number=100, repeat=5)) / 100
  assert seconds < 1e-3  # about 1e-5 on an idle core; never O(N)


@pytest.mark.parametrize('index', (-1, 64))
def test_an_index_out_of_range_is_refused(index):
  data = crops.Crops(_TEXT, 8, seed=0, num_examples=64)
  with pytest.raises(IndexError, match=rf'index {index} is not in \[0, 64\)'):
    data[index]


@pytest.mark.parametrize(
    'changes, message',
    (
        (dict(seed=-1), r'seed must lie in \[0, 2\*\*64\), got -1'),
        (dict(num_examples=0), 'num_examples must be positive, got 0'),
        (
            dict(text=np.arange(300), vocab_size=256),
            r'text must be in \[0, 256\), got 256 at \[256\]',
        ),
        (dict(length=0), 'length must be positive, got 0'),
        (
            dict(length=1000),
            'the text has 1000 tokens, but one example of length 1000 needs'
            ' 1001: give more text or a smaller length',
        ),
        (dict(text=np.zeros(9)), r'text must be integers \[N\], got float64'),
        (dict(text=np.zeros((9, 9), int)), r'got int64 \[9, 9\]'),
        (dict(text=np.array([1, -1] * 9)), r'text .* got -1 at \[1\]'),
    ),
)
def test_bad_arguments_are_refused(changes, message):
  arguments = dict(text=_TEXT, length=8, seed=0, num_examples=4) | changes
  with pytest.raises(ValueError, match=message):
    crops.dataset(**arguments)


def test_all_windows_tile_the_text():
  result = crops.windows(np.arange(26), 5)
  np.testing.assert_array_equal(result['tokens'], np.arange(25).reshape(5, 5))
  np.testing.assert_array_equal(
      result['targets'], 1 + np.arange(25).reshape(5, 5)
  )
  assert result['tokens'].dtype == np.int32


@given(st.integers(1, 9), st.integers(1, 200), st.integers(1, 50))
def test_a_choice_of_windows_is_even_and_without_overlap(length, spare, count):
  text = np.arange(length + spare)
  available = (len(text) - 1) // length
  starts = crops.windows(text, length, count)['tokens'][:, 0]
  assert len(starts) == min(count, available)
  assert starts[0] == 0 and not (starts % length).any()
  gaps = np.diff(starts // length)
  assert (gaps >= 1).all()
  if len(gaps):
    assert gaps.max() - gaps.min() <= 1


def test_bad_windows_are_refused():
  with pytest.raises(ValueError, match='the text has 5 tokens, but one'):
    crops.windows(np.arange(5), 5)
  with pytest.raises(ValueError, match='count must be positive or None, got 0'):
    crops.windows(np.arange(9), 5, 0)
  with pytest.raises(ValueError, match=r'text must be in \[0, 7\), got 7 at'):
    crops.windows(np.arange(9), 5, vocab_size=7)
