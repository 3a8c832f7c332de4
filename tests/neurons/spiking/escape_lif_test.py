"""Neurons that fire by chance: rates, likelihoods, gradients."""

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.spiking import escape_lif
from nmlib.neurons.spiking import firing
from nmlib.neurons.spiking import lif


def _config(num_units, **fields):
  # Without memory a membrane is its current.
  cell = lif.Config(num_units, decay=0.0, rule=firing.Rule(reset='zero'))
  return escape_lif.Config(cell, **fields)


def _start(config):
  key = jax.random.key(0)
  return escape_lif.init(key, config), escape_lif.initial_state(config)


class EscapeLifTest(parameterized.TestCase):

  @parameterized.parameters(0.5, 1.0, 1.3)
  def test_it_fires_as_often_as_it_should(self, current):
    config = _config(50, rate=0.2, width=0.4)
    _, out = escape_lif.unroll(
        *_start(config),
        jnp.full((1000, 50), current),
        config,
        key=jax.random.key(1),
    )
    expected = 1 - np.exp(-0.2 * np.exp((current - 1) / 0.4))
    np.testing.assert_allclose(out.probabilities, expected, rtol=1e-5)
    # Four standard errors of 50,000 coins.
    error = 4 * np.sqrt(expected * (1 - expected) / 50_000)
    self.assertAlmostEqual(float(out.spikes.mean()), expected, delta=error)

  def test_unroll_is_steps(self):
    config = escape_lif.Config(lif.Config(3), rate=0.3, width=0.5)
    params, state = _start(config)
    xs = jax.random.uniform(jax.random.key(2), (12, 3))
    last, out = escape_lif.unroll(
        params, state, xs, config, key=jax.random.key(1), chunk_size=5
    )
    for t, key in enumerate(jax.random.split(jax.random.key(1), 12)):
      state, spikes = escape_lif.step(params, state, xs[t], config, key=key)
      np.testing.assert_array_equal(spikes, out.spikes[t])
    np.testing.assert_allclose(state.voltage, last.voltage, atol=1e-6)

  def test_little_noise_is_a_threshold(self):
    config = escape_lif.Config(lif.Config(4), rate=1.0, width=1e-3)
    # Off the threshold by far more than the width.
    xs = jnp.round(jax.random.uniform(jax.random.key(2), (30, 4)), 1) * 0.7
    start = _start(config)
    _, out = escape_lif.unroll(*start, xs, config, key=jax.random.key(1))
    _, expected = lif.unroll(*start, xs, config.cell)
    np.testing.assert_array_equal(out.spikes, expected)
    self.assertGreater(float(expected.sum()), 5)

  def test_likelihood_is_that_of_the_probabilities(self):
    config = escape_lif.Config(lif.Config(3), rate=0.3, width=0.5)
    xs = jax.random.uniform(jax.random.key(2), (40, 3))
    params, state = _start(config)
    _, out = escape_lif.unroll(params, state, xs, config, key=jax.random.key(1))
    found = escape_lif.log_likelihood(params, state, xs, out.spikes, config)
    p, s = np.asarray(out.probabilities, float), np.asarray(out.spikes)
    expected = np.sum(s * np.log(p) + (1 - s) * np.log1p(-p))
    np.testing.assert_allclose(found, expected, rtol=1e-5)

  def test_score_function_estimates_the_gradient_of_the_rate(self):
    config = _config(1, rate=0.2, width=0.4)
    params, state = _start(config)

    def estimate(key):
      xs = jnp.full((1, 1), 0.8)
      _, out = escape_lif.unroll(params, state, xs, config, key=key)
      score = jax.grad(escape_lif.log_likelihood, 2)(
          params, state, xs, out.spikes, config
      )
      return jnp.sum(out.spikes) * score[0, 0]

    found = jax.vmap(estimate)(jax.random.split(jax.random.key(3), 20_000))
    hazard = 0.2 * np.exp(-0.2 / 0.4)
    exact = np.exp(-hazard) * hazard / 0.4
    error = 4 * float(jnp.std(found)) / np.sqrt(20_000)
    self.assertAlmostEqual(float(found.mean()), exact, delta=error)

  def test_gradient_of_a_spike_is_its_probabilitys(self):
    config = _config(1, rate=0.2, width=0.4)
    params, state = _start(config)
    spike = lambda x: escape_lif.step(
        params, state, x[None], config, key=jax.random.key(0)
    )[1][0]
    hazard = 0.2 * np.exp((0.8 - 1) / 0.4)
    self.assertAlmostEqual(
        float(jax.grad(spike)(0.8)), np.exp(-hazard) * hazard / 0.4, places=5
    )

  @parameterized.parameters(-1e4, 1e4)
  def test_extreme_currents_have_finite_gradients(self, current):
    config = escape_lif.Config(lif.Config(2))
    params, state = _start(config)
    for spikes in (jnp.zeros((5, 2)), jnp.ones((5, 2))):
      value, slopes = jax.value_and_grad(escape_lif.log_likelihood, (0, 2))(
          params, state, jnp.full((5, 2), current), spikes, config
      )
      for leaf in jax.tree.leaves((value, slopes)):
        self.assertTrue(np.isfinite(leaf).all())


if __name__ == '__main__':
  absltest.main()
