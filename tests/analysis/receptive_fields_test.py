"""Receptive fields and the features that they prefer."""

import jax.numpy as jnp
import numpy as np
import pytest

from nmlib.analysis import receptive_fields
from nmlib.data.tasks import bars


def test_a_bar_each_and_a_bar_for_all():
  features = jnp.asarray(bars.templates(3))
  each = receptive_fields.preference(features, features)
  assert each['preferred'] == 6
  np.testing.assert_allclose(each['cosine'], 1, rtol=1e-6)
  # A row crosses each column in one of its three pixels.
  np.testing.assert_allclose(each['selectivity'], 2 / 3, rtol=1e-6)
  same = receptive_fields.preference(jnp.tile(features[1], (4, 1)), features)
  assert same['preferred'] == 1


def test_bad_sizes():
  with pytest.raises(ValueError, match=r'one D, got \[2, 3\] and \[4, 5\]'):
    receptive_fields.preference(jnp.ones((2, 3)), jnp.ones((4, 5)))
