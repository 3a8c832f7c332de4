# pyrefly: ignore-errors
# Wrong types are what is tested.
"""What the tasks of plasticity refuse, and what they take."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nmlib.data.tasks import bars
from nmlib.data.tasks import concept_shift
from nmlib.data.tasks import drawing
from nmlib.data.tasks import memory_operations

_KEY = jax.random.key(0)


@pytest.mark.parametrize(
    'call, message',
    [
        (lambda: bars.draw(_KEY, 3, np.nan), r'in \[0, 1\], got nan'),
        (
            lambda: concept_shift.due(6, 10, np.int64(-3)),
            r'swaps_per_epoch must be in \[0, 6\].*got -3',
        ),
        (lambda: concept_shift.due(6, 10, 2.5), 'must be whole, got 2.5'),
        (lambda: concept_shift.due(6, 0, 1), 'batch_size=0'),
        (
            lambda: concept_shift.permutations(np.array([[0, 9]]), 4),
            r'pairs must be in \[0, 4\), got 9',
        ),
        (
            lambda: memory_operations.random(_KEY, 5, 10, 3, 0),
            'spacing must be at least 1, got 0',
        ),
        (
            lambda: memory_operations.random(_KEY, 0, 10, 3, 7),
            'num_cues must be at least 1, got 0',
        ),
        (
            lambda: memory_operations.random(
                _KEY, 5, 10, 3, 7, orthogonal=True
            ),
            'that share none need 15 bits, got num_contents=10',
        ),
    ],
)
def test_bad_input(call, message):
  with pytest.raises(ValueError, match=message):
    call()


def test_bars_that_are_sure_and_of_traced_chances():
  np.testing.assert_array_equal(
      bars.draw(jax.random.key(1), 3, 1).pixels, np.ones(9)
  )
  draw = jax.jit(lambda p: bars.draw(jax.random.key(2), 3, p).present)
  np.testing.assert_array_equal(draw(0.0), np.zeros(6, bool))


def test_paths_of_several_labels():
  paths = np.arange(12.0).reshape(3, 2, 2)
  of_labels = drawing.path_of(
      paths, [2, 0]
  )  # pyrefly: ignore [bad-argument-type]
  np.testing.assert_array_equal(of_labels, paths[[2, 0]])
  traced = jax.jit(lambda label: drawing.path_of(jnp.asarray(paths), label))(1)
  np.testing.assert_array_equal(traced, paths[1])
