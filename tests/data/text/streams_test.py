"""Each row reads the whole text in order, step after step."""

from hypothesis import given
from hypothesis import strategies as st
import jax
import numpy as np
import pytest

from nmlib.data.text import streams


def _rows(text, length, num_rows, num_steps, separator=None):
  """Returns the arrays of the run, each [B, steps, T]."""
  data = streams.dataset(
      text,
      length,
      num_rows=num_rows,
      num_steps=num_steps,
      separator=separator,
  )
  batches = list(data.batch(num_rows).to_iter_dataset())
  return jax.tree.map(lambda *xs: np.stack(xs, 1), *batches)


def test_rows_by_hand():
  rows = _rows(np.arange(11), 3, num_rows=2, num_steps=2)
  np.testing.assert_array_equal(
      rows['tokens'], [[[0, 1, 2], [3, 4, 5]], [[5, 6, 7], [8, 9, 0]]]
  )
  np.testing.assert_array_equal(
      rows['targets'], [[[1, 2, 3], [4, 5, 6]], [[6, 7, 8], [9, 10, 1]]]
  )
  np.testing.assert_array_equal(
      rows['reset'],
      [[[1, 0, 0], [0, 0, 0]], [[1, 0, 0], [0, 0, 1]]],
  )
  assert rows['tokens'].dtype == rows['targets'].dtype == np.int32
  assert rows['reset'].dtype == np.bool_


def test_the_state_is_reset_after_a_separator():
  text = np.frombuffer(b'ab\0cd\0e', np.uint8)
  rows = _rows(text, 6, num_rows=1, num_steps=2, separator=0)
  np.testing.assert_array_equal(rows['reset'].ravel(), [1, 0, 0, 1, 0, 0] * 2)


@given(
    st.integers(1, 7), st.integers(1, 30), st.integers(1, 5), st.integers(1, 6)
)
def test_a_row_continues_and_wraps_at_the_end(length, spare, rows, steps):
  text = np.arange(length + spare)
  out = _rows(text, length, rows, steps)
  for row in range(rows):
    tokens = out['tokens'][row].ravel()
    start = row * (len(text) - 1) // rows
    expected = (start + np.arange(steps * length)) % (len(text) - 1)
    np.testing.assert_array_equal(tokens, expected)
    np.testing.assert_array_equal(out['targets'][row].ravel(), expected + 1)
    reset = expected == 0
    reset[0] = True
    np.testing.assert_array_equal(out['reset'][row].ravel(), reset)


def test_a_restored_iterator_goes_on_with_the_same_rows():
  make = lambda: iter(
      streams.dataset(np.arange(100), 7, num_rows=4, num_steps=9)
      .batch(4)
      .to_iter_dataset()
  )
  first, second = make(), make()
  for _ in range(4):
    next(first)
  second.set_state(first.get_state())
  rest = list(first)
  assert len(rest) == 5
  jax.tree.map(np.testing.assert_array_equal, rest, list(second))


def test_shapes_are_those_of_an_element():
  source = streams.Streams(
      np.arange(9), 3, num_rows=2, num_steps=5, separator=None
  )
  shapes = {name: (x.shape, x.dtype) for name, x in source[0].items()}
  expected = streams.example(3).items()
  assert shapes == {name: (x.shape, x.dtype) for name, x in expected}


def test_repr_names_the_content():
  source = streams.Streams(
      np.arange(9), 3, num_rows=2, num_steps=5, separator=0
  )
  assert repr(source) == (
      'Streams(text=921c803abfa6ac88, length=3, num_rows=2, num_steps=5,'
      ' separator=0)'
  )
  assert len(source) == 10
  for index in (-1, 10):
    with pytest.raises(IndexError, match=rf'{index} is not in \[0, 10\)'):
      source[index]


@pytest.mark.parametrize(
    'changes, message',
    (
        (dict(num_rows=0), 'num_rows must be positive, got 0'),
        (dict(num_steps=0), 'num_steps must be positive, got 0'),
        (dict(vocab_size=8), r'text must be in \[0, 8\), got 8 at \[8\]'),
        (dict(length=9), 'the text has 9 tokens, but one example of length 9'),
    ),
)
def test_bad_arguments_are_refused(changes, message):
  arguments = dict(text=np.arange(9), length=3, num_rows=1, num_steps=1)
  with pytest.raises(ValueError, match=message):
    streams.dataset(**arguments | changes)
