"""Captions: what a network reads of them, and which are held out."""

import jax.numpy as jnp
import numpy as np
import pytest

from nmlib.data.text import captions


def _captions(count):
  words = np.arange(3 * count, dtype=np.int32).reshape(count, 3) % 4
  features = np.arange(2 * count, dtype=np.float32).reshape(count, 2)
  return captions.Captions(features, words)


def test_sequence_shows_the_image_then_each_word():
  inputs, labels = captions.sequence(jnp.ones(4), jnp.array([1, 0, 2]), 3)
  np.testing.assert_array_equal(labels, [1, 0, 2])
  np.testing.assert_array_equal(inputs[0], [1, 1, 1, 1, 0, 0, 0])
  np.testing.assert_array_equal(inputs[1:, :4], 0)
  np.testing.assert_array_equal(inputs[1:, 4:], np.eye(3)[[1, 0]])


@pytest.mark.parametrize('count, held', [(30, 3), (39, 3), (9, 1), (2, 1)])
def test_the_last_are_held_out(count, held):
  whole = _captions(count)
  shown, held_out = captions.split(whole)
  assert (len(shown.words), len(held_out.words)) == (count - held, held)
  for parts, array in zip(
      zip(shown, held_out, strict=True), whole, strict=True
  ):
    np.testing.assert_array_equal(np.concatenate(parts), array)


def test_nothing_to_learn_from_is_refused():
  with pytest.raises(ValueError, match='1 captions cannot be split'):
    captions.split(_captions(1))
