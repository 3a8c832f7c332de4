"""The quality of a conversion, counted by hand."""

from absl.testing import absltest
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.networks import mlp
from nmlib.networks.spiking import conversion_quality
from nmlib.networks.spiking import spiking_conversion as conversion


class ConversionQualityTest(absltest.TestCase):

  def test_identity_network_is_counted_by_hand(self):
    # Input 1 of size 1 fires every step; started at 0, from the second on.
    layer = mlp.Layer(jnp.eye(2), jnp.zeros(2))
    params, ones = (layer, layer), (jnp.float32(1), jnp.float32(1))
    x = jnp.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    for initial, spikes in ((0.5, 10), (0.0, 9)):
      found = conversion_quality.measure(
          params, ones, x, 10, initial=initial, batch_size=2
      )
      np.testing.assert_array_equal(found.decisions, [0, 1, 0])
      self.assertTrue(found.agrees.all())
      # Each spike reaches two synapses; each input of a step, four.
      np.testing.assert_array_equal(found.acs, [2 * spikes] * 3)
      np.testing.assert_allclose(
          found.picojoules,
          [10 * 4 * 4.6 + 2 * spikes * 0.9] * 3,
          rtol=1e-6,
      )
      # One of two neurons is off by the missing spike.
      np.testing.assert_allclose(
          found.rate_errors[0], [(1 - spikes / 10) / 2] * 3, atol=1e-6
      )

  def test_errors_fall_with_time_and_decisions_agree(self):
    params = mlp.init(jax.random.key(0), (16, 32, 32, 10))
    x = jax.random.uniform(jax.random.key(1), (50, 16))
    factors = conversion.scales(params, x)
    short, long = (
        conversion_quality.measure(params, factors, x, t) for t in (16, 256)
    )
    for before, after in zip(short.rate_errors, long.rate_errors, strict=True):
      self.assertLess(after.mean(), 0.3 * before.mean())
    self.assertGreater(long.agrees.mean(), 0.9)

  def test_table_has_every_start_time_and_network(self):
    # Identity networks: with factor 2 a neuron fires in every second step.
    layer = mlp.Layer(jnp.stack([jnp.eye(2)] * 2), jnp.zeros((2, 2)))
    factors = (jnp.array([1.0, 2.0]), jnp.ones(2))
    x = jnp.array([[1.0, 0.0]])
    arguments = (factors, x, (4, 8, 16), (0.0, 0.5), lambda q: q.acs.mean())
    found = conversion_quality.table((layer, layer), *arguments)
    # Two synapses a spike; from half a threshold the first comes earlier.
    np.testing.assert_array_equal(found[..., 0], [[6, 14, 30], [8, 16, 32]])
    np.testing.assert_array_equal(found[1, :, 1], [4, 8, 16])
    arguments = (factors, jnp.stack([x, 0 * x]), *arguments[2:])
    own = conversion_quality.table((layer, layer), *arguments)
    np.testing.assert_array_equal(own[..., 0], found[..., 0])
    np.testing.assert_array_equal(own[..., 1], 0)  # it is shown nothing

  def test_accuracy_and_cost_of_an_identity_network(self):
    # An identity network of two inputs: input 1 of size 1 fires every step.
    layer = mlp.Layer(jnp.eye(2)[None], jnp.zeros((1, 2)))
    inputs, labels = jnp.array([[1.0, 0.0]]), jnp.array([0])
    found = conversion_quality.of_networks(
        (layer, layer), inputs, inputs, labels, (10,)
    )
    self.assertEqual(found['accuracy'].shape, (2, 2, 1, 1))
    np.testing.assert_array_equal(found['accuracy'][0], 1)
    np.testing.assert_array_equal(found['relu'], [1])
    # Started at half a threshold it fires in each of 10 steps: 2 synapses.
    self.assertEqual(found['operations'][0, 1, 0, 0], 20)
    np.testing.assert_allclose(
        found['picojoules'][0, 1, 0, 0], 10 * 4 * 4.6 + 20 * 0.9, rtol=1e-6
    )
    self.assertEqual(found['relu_macs'], 8)
    wrong = conversion_quality.of_networks(
        (layer, layer), inputs, inputs, 1 - labels, (10,)
    )
    np.testing.assert_array_equal(wrong['accuracy'], 0)
    np.testing.assert_array_equal(wrong['relu'], [0])

  def test_error_of_random_networks_halves_with_twice_the_time(self):
    random = np.random.Generator(np.random.Philox(0))
    found = conversion_quality.of_random_networks(random, 2, (64, 128))
    error = found['error'].mean(-1)  # [start, T]
    self.assertEqual(found['agreement'].shape, (2, 2, 2))
    self.assertBetween(error[0, 1] / error[0, 0], 0.4, 0.65)
    self.assertLess(error[1, 1], error[0, 1])

  def test_no_step(self):
    layer = mlp.Layer(jnp.eye(2), jnp.zeros(2))
    one = jnp.float32(1)
    with self.assertRaisesRegex(ValueError, 'num_steps must be at least 1'):
      conversion_quality.measure((layer, layer), (one, one), jnp.eye(2), 0)


if __name__ == '__main__':
  absltest.main()
