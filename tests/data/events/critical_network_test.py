"""A critical network: its eigenvalue, its branching, its refractoriness."""

import functools

from absl.testing import absltest
import jax
import numpy as np

from nmlib.analysis.spikes import avalanches
from nmlib.data.events import critical_network


def _spikes(seed=0, **fields):
  config = critical_network.Config(
      **({'num_units': 120, 'num_steps': 1500} | fields)
  )
  make = functools.partial(critical_network.spikes, config=config)
  return np.asarray(jax.jit(make)(jax.random.key(seed)))


class CriticalNetworkTest(absltest.TestCase):

  def test_couplings_have_the_eigenvalue_that_is_asked_for(self):
    config = critical_network.Config(80, 10, branching=0.7)
    matrix = critical_network.couplings(jax.random.key(0), config)
    largest = np.abs(np.linalg.eigvals(np.asarray(matrix))).max()
    np.testing.assert_allclose(largest, 0.7, rtol=1e-3)
    self.assertGreaterEqual(float(matrix.min()), 0)

  def test_avalanches_grow_with_the_branching_ratio(self):
    ratios, largest = [], []
    for branching in (0.3, 0.7, 1.0):
      spikes = _spikes(branching=branching)
      ratios.append(avalanches.branching_ratio(spikes))
      largest.append(avalanches.avalanches(spikes).sizes.max())
    np.testing.assert_allclose(ratios[:2], [0.3, 0.7], atol=0.1)
    self.assertTrue(largest[0] < largest[1] < largest[2], largest)

  def test_without_branching_single_spikes_start_at_their_rate(self):
    spikes = _spikes(branching=0.0, start=0.2, refractory=0)
    self.assertEqual(spikes.sum(1).max(), 1)
    # A step after a spike is not silent: 0.2 / 1.2 of all steps.
    np.testing.assert_allclose(spikes.sum(1).mean(), 0.2 / 1.2, atol=0.03)

  def test_no_unit_fires_while_it_is_refractory(self):
    spikes = _spikes(branching=1.5, refractory=2)
    self.assertGreater(spikes.sum(), 500)
    for lag in (1, 2):
      self.assertFalse(np.any(spikes[:-lag] * spikes[lag:]))

  def test_bad_input(self):
    with self.assertRaisesRegex(ValueError, 'must be at least 4 times'):
      _spikes(num_units=3)
    with self.assertRaisesRegex(ValueError, 'start must be in'):
      critical_network.Config(start=2.0)


if __name__ == '__main__':
  absltest.main()
