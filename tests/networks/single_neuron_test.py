"""Stand-ins for a neuron: their heads and their loss."""

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.networks import single_neuron
from nmlib.neurons import elm
from nmlib.neurons.rate import lstm

_NETWORKS = (
    (elm, elm.version(2, num_inputs=4, num_outputs=2, num_memory=3)),
    (lstm, lstm.Config(4, 3, 2)),
)


class SingleNeuronTest(parameterized.TestCase):

  @parameterized.parameters(*_NETWORKS)
  def test_bias_moves_the_logit_of_the_spike_alone(self, *network):
    xs = jax.random.bernoulli(jax.random.key(1), 0.3, (20, 4)).astype(jnp.int8)
    drawn_with = lambda b: single_neuron.init(jax.random.key(0), network, b)
    low, high = (
        single_neuron.apply(drawn_with(b), xs, network) for b in (-4.0, 1.0)
    )
    np.testing.assert_allclose(high[:, 0] - low[:, 0], 5, atol=1e-5)
    np.testing.assert_array_equal(high[:, 1], low[:, 1])
    expected = network[0].init(jax.random.key(0), network[1])
    jax.tree.map(np.testing.assert_array_equal, drawn_with(None), expected)

  def test_trials_are_predicted_one_by_one(self):
    network = _NETWORKS[0]
    params = single_neuron.init(jax.random.key(0), network, None)
    xs = jax.random.bernoulli(jax.random.key(1), 0.3, (3, 20, 4))
    found = single_neuron.predict(params, xs, network)
    for trial, out in zip(xs, found, strict=True):
      expected = single_neuron.apply(params, trial, network)
      np.testing.assert_allclose(out, expected, rtol=1e-5, atol=1e-6)

  def test_loss_is_as_counted_by_hand(self):
    network = _NETWORKS[1]
    zero = jax.tree.map(
        jnp.zeros_like, single_neuron.init(jax.random.key(0), network, None)
    )
    recording = {
        'inputs': jnp.ones((2, 4)),
        'spikes': jnp.array([1.0, 0.0]),
        'voltage': jnp.array([3.0, -1.0]),
    }
    loss = single_neuron.loss(zero, recording, network)
    self.assertAlmostEqual(float(loss), 0.5 * np.log(2) + 0.5 * 5, places=5)

  @parameterized.parameters(*_NETWORKS)
  def test_example_has_the_shapes_that_the_loss_takes(self, *network):
    params = single_neuron.init(jax.random.key(0), network, None)
    recording = single_neuron.example(20, network)
    loss = lambda row: single_neuron.loss(params, row, network)
    self.assertEqual(recording['inputs'].shape, (20, 4))
    self.assertEqual(jax.eval_shape(loss, recording).shape, ())

  def test_seeds_are_measured_in_mv_after_what_is_ignored(self):
    # A network that reads spikes from input 0, and voltage + level from 1.
    class Reader:

      @staticmethod
      def apply(level, xs, config):
        del config
        return jnp.stack([xs[:, 0], level + xs[:, 1]], -1)

      @staticmethod
      def num_params(config):
        return config

    random = np.random.default_rng(0)
    spikes = random.integers(0, 2, (3, 40)).astype(np.float32)
    voltage = random.normal(0, 4, (3, 40)).astype(np.float32)
    inputs = np.stack([spikes, voltage / 5], -1)
    inputs[:, :10] = 0  # wrong there, which must not count
    recordings = {'inputs': inputs, 'spikes': spikes, 'voltage': voltage}
    found = single_neuron.measure(
        jnp.array([0.0, 2.0]), recordings, (Reader, 1), scale=5.0, ignore=10
    )
    np.testing.assert_allclose(found['rmse'], [0, 10], atol=1e-5)
    np.testing.assert_allclose(found['explained_variance'], 1, atol=1e-5)
    np.testing.assert_array_equal(found['auc'], [1, 1])
    self.assertEqual(found['parameters'], 1)
    self.assertEqual(found['voltage'].shape, (2, 30))
    np.testing.assert_allclose(
        found['voltage'][1], voltage[0, 10:] + 10, rtol=1e-5, atol=1e-5
    )


if __name__ == '__main__':
  absltest.main()
