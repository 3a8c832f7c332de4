"""A layer with astrocytes between inputs and a readout."""

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.networks.spiking import astrocyte_readout as network
from nmlib.neurons.spiking import astrocyte


class AstrocyteReadoutTest(parameterized.TestCase):

  def test_without_spikes_nothing_is_said(self):
    unit = astrocyte.Config(8)
    params = network.init(jax.random.key(0), 5, 3, unit)
    logits = network.logits(params, jnp.zeros((10, 5)), 6, unit)
    np.testing.assert_array_equal(logits, np.zeros(3))

  def test_logits_are_four_readouts_of_the_last_mean_spikes(self):
    unit = astrocyte.Config(6)
    params = network.init(jax.random.key(0), 5, 3, unit)
    xs = jax.random.bernoulli(jax.random.key(1), 0.5, (20, 5)).astype(float)
    spikes, traces = network.traces(params, xs, unit)
    self.assertEqual(spikes.shape, (20, 6))
    self.assertGreater(float(spikes.sum()), 0)
    expected = 4 * np.asarray(spikes)[-7:].mean(0) @ params.readout
    ours = network.logits(params, xs, 7, unit)
    np.testing.assert_allclose(ours, expected, rtol=1e-5)
    self.assertTrue(((traces >= 0) & (traces <= 1)).all())
    # A leaky trace of the spikes.
    decay = astrocyte.slow_decay(params.unit, unit)
    np.testing.assert_allclose(
        traces[-1], decay * traces[-2] + (1 - decay) * spikes[-1], rtol=1e-4
    )

  @parameterized.parameters(
      ({}, 4 * 5 + 4 * 4 + 2 * 4),
      ({'fixed_slow_decay': 0.5}, 4 * 5 + 4 * 4 + 4),
      ({'source': 'spikes', 'multiplicative': False}, 4 * 5 + 4 * 4),
      ({'source': 'none'}, 4 * 5),
  )
  def test_weights_that_act_are_counted(self, options, count):
    unit = astrocyte.Config(4, **options)
    self.assertEqual(network.num_params(3, 2, unit), count)
    if not options:
      params = network.init(jax.random.key(0), 3, 2, unit)
      self.assertEqual(sum(a.size for a in jax.tree.leaves(params)), count)


if __name__ == '__main__':
  absltest.main()
