"""Winners against a sort, with ties and none."""

import jax.numpy as jnp
import numpy as np
import pytest

from nmlib.neurons.core import k_winners

_X = jnp.array([[0.5, -1.0, 2.0], [2.0, 0.5, 0.5]])


@pytest.mark.parametrize('k', range(7))
def test_of_equal_numbers_the_first_win(k):
  order = np.argsort(-np.ravel(_X), kind='stable')
  found = np.asarray(k_winners.winners(_X, k))
  assert found.shape == _X.shape and found.sum() == k
  assert set(np.flatnonzero(found)) == set(order[:k])


@pytest.mark.parametrize('k', (-1, 7))
def test_more_winners_than_numbers_are_refused(k):
  with pytest.raises(ValueError, match=f'k must be in 0 .. 6, got {k}'):
    k_winners.winners(_X, k)
