"""The spiking classifier: an independent loop, gradients, errors."""

import dataclasses
from typing import Any

from absl.testing import absltest
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.networks.spiking import spiking_mlp
from nmlib.neurons.spiking import surrogate

_CONFIG = spiking_mlp.Config(6, (8, 7), 3, current_gain=0.5, weight_gain=6.0)


def _inputs(num_steps=30):
  xs = jax.random.bernoulli(jax.random.key(1), 0.4, (num_steps, 6))
  return xs.astype(float)


class SpikingMlpTest(absltest.TestCase):

  def test_equals_a_float64_loop_over_time(self):
    params = spiking_mlp.init(jax.random.key(0), _CONFIG)
    activity = spiking_mlp.apply(params, _inputs(), _CONFIG)
    layers = [np.asarray(p.kernel, np.float64) for p in params]
    current = [np.zeros(k.shape[1]) for k in layers]
    voltage = [np.zeros(k.shape[1]) for k in layers]
    spikes, membranes = [], []
    for x in np.asarray(_inputs(), np.float64):
      fired = []
      for i, kernel in enumerate(layers):
        current[i] = 0.8 * current[i] + 0.5 * (x @ kernel)
        voltage[i] = 0.9 * voltage[i] + current[i]
        if i < 2:
          x = (voltage[i] > 1).astype(float)
          voltage[i] = voltage[i] - x
          fired.append(x)
      spikes.append(fired)
      membranes.append(voltage[2].copy())
    for i in range(2):
      np.testing.assert_array_equal(
          activity.spikes[i], np.stack([s[i] for s in spikes])
      )
      self.assertBetween(float(activity.spikes[i].mean()), 0.02, 0.98)
    rates = [np.mean([s[i] for s in spikes]) for i in range(2)]
    np.testing.assert_allclose(activity.rate, np.mean(rates), rtol=1e-6)
    # float32 sums over 30 steps
    np.testing.assert_allclose(activity.membranes, membranes, atol=1e-4)

  def test_time_constants_are_decays_and_a_gain(self):
    config = spiking_mlp.timed(
        6, (8, 7), 3, synapse_tau=2.0, membrane_tau=20.0, threshold=0.5
    )
    self.assertAlmostEqual(config.synapse_decay**2, np.exp(-1))
    self.assertAlmostEqual(config.membrane_decay**20, np.exp(-1))
    self.assertEqual((config.hidden, config.threshold), ((8, 7), 0.5))
    # A constant current ends at four times its size.
    cell = spiking_mlp.timed(1, (1,), 1, synapse_tau=1e-2).readout
    drive = config.current_gain / (1 - config.membrane_decay)
    self.assertAlmostEqual(drive, 4)
    self.assertAlmostEqual(cell.membrane_decay, np.exp(-1 / 10))

  def test_gradients_need_a_surrogate(self):
    def gradient(config):
      params = spiking_mlp.init(jax.random.key(0), config)
      loss = lambda p: jnp.sum(
          spiking_mlp.apply(p, _inputs(), config).membranes
      )
      return jax.grad(loss)(params)

    grads = gradient(_CONFIG)
    for layer in grads:
      self.assertTrue(bool(jnp.all(jnp.isfinite(layer.kernel))))
      self.assertGreater(float(jnp.abs(layer.kernel).max()), 0)
    blocked = gradient(dataclasses.replace(_CONFIG, surrogate=surrogate.zero()))
    self.assertEqual(float(jnp.abs(blocked[0].kernel).max()), 0)
    self.assertGreater(float(jnp.abs(blocked[2].kernel).max()), 0)

  def test_chunks_change_nothing(self):
    params = spiking_mlp.init(jax.random.key(0), _CONFIG)
    whole = spiking_mlp.apply(params, _inputs(), _CONFIG)
    chunked = spiking_mlp.apply(params, _inputs(), _CONFIG, chunk_size=7)
    np.testing.assert_array_equal(whole.membranes, chunked.membranes)

  def test_bad_input_says_what_and_why(self):
    params = spiking_mlp.init(jax.random.key(0), _CONFIG)
    with self.assertRaisesRegex(ValueError, r'\[T, num_inputs=6\], got shape'):
      spiking_mlp.apply(params, _inputs().T, _CONFIG)
    refused: tuple[tuple[dict[str, Any], str], ...] = (
        ({'weight_gain': 0.0}, 'spiking_mlp.Config.weight_gain must be posit'),
        ({'membrane_decay': 1.2}, r'membrane_decay must be in \[0, 1\]'),
        ({'hidden': (0,)}, 'hidden must be a tuple of elements that are'),
        ({'threshold': float('nan')}, 'threshold must be positive, got nan'),
    )
    for change, message in refused:
      with self.assertRaisesRegex(ValueError, message):
        dataclasses.replace(_CONFIG, **change)


if __name__ == '__main__':
  absltest.main()
