"""Power laws: known samples, the zeta function of SciPy, limits."""

import numpy as np
import pytest
from scipy import special

from nmlib.analysis import power_law


def _drawn(exponent: float, least: int, size: int) -> np.ndarray:
  """Draws from the law by its quantiles, without error of sampling."""
  k = np.arange(least, 10**6)
  mass = np.cumsum(k**-exponent / special.zeta(exponent, least))
  places = np.searchsorted(mass, (np.arange(size) + 0.5) / size)
  return k[places.clip(max=len(k) - 1)]


@pytest.mark.parametrize('exponent', (1.8, 2.5, 4.0, 6.0))
def test_exponent_of_a_known_law_is_found(exponent):
  found = power_law.fit(_drawn(exponent, 3, 4000))
  # The error of a sample would be (exponent - 1) / sqrt(4000).
  assert found.exponent == pytest.approx(exponent, abs=0.02 * exponent)
  assert found.distance < 0.02


def test_tail_begins_where_the_law_does():
  tail = _drawn(2.5, 20, 2000)
  body = np.random.default_rng(0).integers(1, 20, 3000)
  found = power_law.fit(np.concatenate([body, tail, [0, 0]]))
  assert 17 <= found.least <= 24
  assert found.exponent == pytest.approx(2.5, abs=0.1)


def test_exponent_is_the_likeliest():
  tail = np.repeat([4, 5, 7, 12, 30], [9, 5, 4, 2, 1])
  found = power_law._fit_tail(tail)
  likelihood = (
      lambda a: -len(tail) * np.log(special.zeta(a, 4)) - a * np.log(tail).sum()
  )
  for other in (0.999, 1.001):
    assert likelihood(found.exponent) > likelihood(other * found.exponent)


def test_zeta_is_scipys():
  a, q = np.meshgrid([1.01, 1.5, 3.0, 20.0], [1.0, 2.0, 7.0, 300.0])
  np.testing.assert_allclose(
      power_law._zeta(a, q), special.zeta(a, q) * q**a, rtol=1e-9
  )


def test_one_value_has_no_tail():
  with pytest.raises(ValueError, match=r'two different counts .*got \[8\]'):
    power_law.fit(np.array([8, 8, 0, 8]))
