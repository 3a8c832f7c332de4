"""Heavy tails: distributions whose moments are known."""

import jax.numpy as jnp
import numpy as np
import pytest

from nmlib.analysis import tails


def test_kurtosis_has_closed_forms():
  rng = np.random.default_rng(0)
  assert tails.excess_kurtosis(jnp.array([-1.0, 1.0])) == pytest.approx(-2)
  assert tails.excess_kurtosis(jnp.array([3.0, 3, 3, 7])) == pytest.approx(
      1 / (0.25 * 0.75) - 6, rel=1e-5  # Bernoulli of 1/4, moved and scaled
  )
  # Standard errors are about 0.015, 0.1 and 0.05.
  normal = jnp.asarray(rng.normal(size=100_000))
  assert tails.excess_kurtosis(normal) == pytest.approx(0, abs=0.05)
  laplace = jnp.asarray(rng.laplace(size=100_000))
  assert tails.excess_kurtosis(laplace) == pytest.approx(3, abs=0.3)
  factors = rng.normal(size=(2, 4, 50_000))
  products = jnp.asarray(np.sum(factors[0] * factors[1], 0))
  assert tails.excess_kurtosis(products) == pytest.approx(6 / 4, abs=0.2)
  assert jnp.isnan(tails.excess_kurtosis(jnp.ones(4)))


def test_shares_beyond_are_those_of_a_normal_distribution_and_take_sides():
  values = jnp.asarray(np.random.default_rng(1).normal(size=100_000))
  for share in tails.shares_beyond(5 + 3 * values, 2.0):
    assert share == pytest.approx(0.02275, abs=0.0015)
  heavy = jnp.exp(values)
  above, below = tails.shares_beyond(heavy, 3.0)
  assert above > 0.01 and below == 0
  np.testing.assert_allclose(tails.shares_beyond(-heavy, 3.0), (below, above))
  with pytest.raises(ValueError, match='must be positive, got 0'):
    tails.shares_beyond(values, 0)
  for unknown in (jnp.ones(4), jnp.array([1.0, jnp.nan, 9.0])):
    assert jnp.isnan(jnp.stack(tails.shares_beyond(unknown, 1.0))).all()
