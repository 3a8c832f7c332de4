"""Recordings of simulated neurons are what their description says."""

import dataclasses

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.data.recordings import simulated


def _record(config, trials=16, length=600):
  params = simulated.init(jax.random.key(0), config)
  return simulated.record(1, params, trials, length, config)


class SimulatedTest(parameterized.TestCase):

  @parameterized.parameters(simulated.Cable, simulated.Pyramidal)
  def test_rates_shapes_and_signs(self, kind):
    config = kind()
    found = _record(config)
    self.assertEqual(found.inputs.shape, (16, 600, 128))
    x = np.asarray(found.inputs).reshape(16, 600, 8, 16)
    self.assertEqual(set(np.unique(x[..., :8])), {0, 1})
    self.assertEqual(set(np.unique(x[..., 8:])), {-1, 0})
    # Of log-normal rates; wide ones need many draws.
    mean = config.rate * np.exp(config.rate_spread**2 / 2)
    np.testing.assert_allclose(x[..., :8].mean(), mean, rtol=0.25)
    rate = 1000 * float(found.spikes[:, 100:].mean())  # Hz
    self.assertBetween(rate, 5, 60)

  def test_voltages_are_cut_where_a_spike_begins(self):
    found = _record(simulated.Pyramidal())
    self.assertEqual(float(found.voltage.max()), 12)
    np.testing.assert_array_equal(found.voltage == 12, found.spikes == 1)
    found = _record(simulated.Cable())
    self.assertLessEqual(float(found.voltage.max()), 67.7 - 55 + 1e-4)

  def test_without_input_the_neuron_rests(self):
    found = _record(simulated.Pyramidal(rate=0.0, inhibitory_rate=0.0))
    np.testing.assert_array_equal(found.voltage, 0)
    np.testing.assert_array_equal(found.inputs, 0)

  def test_inhibition_alone_hyperpolarises(self):
    found = _record(simulated.Pyramidal(rate=0.0))
    self.assertEqual(float(found.voltage.max()), 0)
    self.assertLess(float(found.voltage.min()), -1)

  def test_finer_steps_change_little(self):
    config = simulated.Cable()
    params = simulated.init(jax.random.key(1234), config)
    seen = []
    for substeps in (20, 100):
      finer = dataclasses.replace(config, substeps=substeps)
      seen.append(simulated.simulate(jax.random.key(3), params, 300, finer))
    np.testing.assert_array_equal(seen[0].inputs, seen[1].inputs)
    apart = np.sum(seen[0].spikes) - np.sum(seen[1].spikes)
    self.assertLessEqual(abs(float(apart)), 1)
    # A spike that comes 1 ms later is 10 mV off there; most ms are not.
    off = np.abs(seen[0].voltage - seen[1].voltage)
    self.assertLess(np.median(off), 0.2)

  def test_lesson_is_a_recording_with_its_voltage_in_other_units(self):
    found = _record(simulated.Pyramidal(), trials=2, length=30)
    lesson = simulated.lesson(found, 5.0)
    np.testing.assert_allclose(5 * lesson['voltage'], found.voltage, rtol=1e-6)
    np.testing.assert_array_equal(lesson['inputs'], found.inputs)
    np.testing.assert_array_equal(lesson['spikes'], found.spikes)

  def test_windows_come_from_everywhere_but_the_beginning(self):
    time = np.tile(np.arange(10, dtype=np.int8), (3, 1))
    trial = np.repeat(np.arange(3, dtype=np.int8)[:, None], 10, 1)
    whole = jax.tree.map(jnp.asarray, (time[..., None], time, trial))
    whole = simulated.Recording(*whole)
    draw = jax.vmap(lambda key: simulated.window(key, whole, 4, 2))
    found = draw(jax.random.split(jax.random.key(0), 200))
    self.assertEqual(found.voltage.dtype, jnp.float32)
    self.assertEqual(set(np.unique(found.voltage[:, 0])), {2, 3, 4, 5, 6})
    self.assertEqual(set(np.unique(found.spikes)), {0, 1, 2})
    np.testing.assert_array_equal(np.diff(found.voltage), 1)
    np.testing.assert_array_equal(found.inputs[..., 0], found.voltage)


if __name__ == '__main__':
  absltest.main()
