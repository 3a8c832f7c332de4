"""A spiking classifier's loss and price, by hand."""

from absl.testing import absltest
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.networks.spiking import spiking_classifier
from nmlib.networks.spiking import spiking_mlp
from nmlib.neurons.spiking import encoding

_CONFIG = spiking_mlp.Config(6, (8, 7), 3, current_gain=0.5, weight_gain=6.0)
_encode = lambda key, x: encoding.poisson(key, x, 30)
_INPUT = jnp.linspace(0.2, 0.7, 6)


class SpikingClassifierTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.params = spiking_mlp.init(jax.random.key(0), _CONFIG)
    self.xs = _encode(jax.random.key(1), _INPUT)
    self.activity = spiking_mlp.apply(self.params, self.xs, _CONFIG)
    self.tops = np.asarray(self.activity.membranes, np.float64).max(0)
    self.rate = np.mean([s.mean() for s in self.activity.spikes])

  def test_loss_is_cross_entropy_of_the_maxima_and_the_price_of_the_rate(self):
    chances = np.exp(self.tops) / np.exp(self.tops).sum()
    self.assertGreater(self.rate, 0.02)
    for label in range(3):
      for price in (0.0, 20.0):
        loss, seen = spiking_classifier.loss(
            self.params, (_INPUT, jnp.int32(label)), jax.random.key(1),
            _CONFIG, _encode, price,
        )  # fmt: skip
        expected = -np.log(chances[label]) + price * self.rate
        # float32 logits of about 10
        np.testing.assert_allclose(loss, expected, rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(seen['rate'], self.rate, rtol=1e-6)

  def test_every_spike_costs_an_addition_a_synapse(self):
    first, second = (np.asarray(s) for s in self.activity.spikes)
    operations = 8 * self.xs.sum() + 7 * first.sum() + 3 * second.sum()
    for label in range(3):
      found = spiking_classifier.measure(
          self.params, (_INPUT, jnp.int32(label)), jax.random.key(1), _CONFIG,
          _encode,
      )  # fmt: skip
      self.assertEqual(found['accuracy'], label == self.tops.argmax())
      self.assertEqual(found['operations'], operations)
      np.testing.assert_allclose(
          found['picojoules'], 0.9 * operations, rtol=1e-6
      )
      np.testing.assert_allclose(found['rate'], self.rate, rtol=1e-6)

  def test_another_key_is_another_presentation(self):
    example = _INPUT, jnp.int32(0)
    one, again, other = (
        spiking_classifier.measure(
            self.params, example, jax.random.key(seed), _CONFIG, _encode
        )
        for seed in (1, 1, 2)
    )
    self.assertEqual(one['operations'], again['operations'])
    self.assertNotEqual(one['operations'], other['operations'])

  def test_an_encoding_of_another_size(self):
    with self.assertRaisesRegex(ValueError, r'inputs must be \[T, '):
      spiking_classifier.measure(
          self.params, (_INPUT[:5], jnp.int32(0)), jax.random.key(1), _CONFIG,
          _encode,
      )  # fmt: skip


if __name__ == '__main__':
  absltest.main()
