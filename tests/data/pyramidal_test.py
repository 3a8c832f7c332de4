"""The simulated pyramidal neuron does what its description says."""

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.data import pyramidal


def _record(config, trials=16, length=600, **changes):
  strength = pyramidal.strengths(jax.random.key(0), config)
  keys = jax.random.split(jax.random.key(1), trials)
  return jax.jit(
      jax.vmap(lambda k: pyramidal.simulate(k, strength, length, config))
  )(keys)


def test_rates_shapes_and_signs():
  config = pyramidal.Config()
  found = _record(config)
  assert found.inputs.shape == (16, 600, 128)
  x = np.asarray(found.inputs).reshape(16, 600, 8, 16)
  assert set(np.unique(x[..., :8])) == {0, 1}
  assert set(np.unique(x[..., 8:])) == {-1, 0}
  # log-normal rates have the mean 0.012 exp(0.9^2 / 2) = 0.018 a ms
  np.testing.assert_allclose(x[..., :8].mean(), 0.018, rtol=0.2)
  rate = 1000 * float(found.spikes[:, 100:].mean())  # in Hz
  assert 5 < rate < 60, rate
  assert float(found.voltage.max()) == config.threshold
  np.testing.assert_array_equal(found.voltage == 12, found.spikes == 1)


def test_without_input_the_neuron_rests():
  found = _record(pyramidal.Config(rate=0.0, inhibitory_rate=0.0))
  np.testing.assert_array_equal(found.voltage, 0)
  assert float(jnp.abs(found.inputs).max()) == 0


def test_inhibition_alone_hyperpolarises():
  found = _record(pyramidal.Config(rate=0.0))
  assert float(found.voltage.max()) == 0
  assert float(found.voltage.min()) < -1
