"""The buffer: order of updates, capacity, order of items, its derivative."""

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.oscillators import theta_gamma


def _spikes(order, cycles, **fields):
  config = theta_gamma.Config(8, dt=0.001, **fields)
  steps = round(cycles / (config.theta_frequency * config.dt))

  @jax.jit
  def run(order):
    xs = theta_gamma.load(order, steps, 0.013, config)
    params = theta_gamma.init(jax.random.key(0), config)
    start = theta_gamma.initial_state(config)
    return theta_gamma.unroll(params, start, xs, config)[1]

  return np.asarray(run(np.asarray(order))), config


class ThetaGammaTest(parameterized.TestCase):

  def test_against_a_plain_loop(self):
    spikes, c = _spikes([2, 0, 5], 3)
    step_of = {round(0.013 * i / c.dt): k for i, k in enumerate([2, 0, 5])}
    last, inhibition = np.full(8, -np.inf), 0.0
    for n, found in enumerate(spikes):
      t = n * c.dt
      age = t - last
      ramp = np.zeros(8)
      known = np.isfinite(last)
      s = age[known] / c.adp_tau
      ramp[known] = c.adp_amplitude * s * np.exp(1 - s)
      v = c.rest + c.theta_amplitude * np.sin(2 * np.pi * 6 * t) + ramp
      v = v - inhibition
      if n in step_of:
        v[step_of[n]] += 100
      v[age < c.refractory - 1e-9] = -np.inf
      want = np.zeros(8)
      if v.max() > c.threshold:
        want[v.argmax()] = 1
        last[v.argmax()] = t
        inhibition += 3 * c.inhibition
      inhibition *= np.exp(-c.dt / c.inhibition_tau)
      np.testing.assert_array_equal(found, want, f'step {n}')
    self.assertEqual(spikes[-300:].any(0).sum(), 3)

  def test_holds_as_many_as_fit_in_their_order(self):
    spikes, config = _spikes([4, 1, 7], 8)
    counts = np.asarray(theta_gamma.contents(jnp.asarray(spikes), config))
    self.assertLen(counts, 8)
    np.testing.assert_array_equal(counts[2:].sum(1), 3)
    late = spikes[500:]
    fired = late[late.any(1)].argmax(1)
    start = int(np.flatnonzero(fired == 4)[0])  # whoever is first
    whole = fired[start : start + 9]
    np.testing.assert_array_equal(whole, [4, 1, 7] * 3)
    many, config = _spikes(range(8), 8)
    counts = np.asarray(theta_gamma.contents(jnp.asarray(many), config))
    self.assertLess((counts[-2:] > 0).sum(1).max(), 8)

  def test_an_empty_buffer_stays_empty(self):
    spikes, _ = _spikes(np.zeros(0, int), 2)
    self.assertFalse(spikes.any())

  def test_the_soft_winner_becomes_the_winner(self):
    @jax.jit
    def look(voltage):
      hard = lambda v: theta_gamma.winner(v, -50.0, 2.0)
      soft = lambda v: theta_gamma.soft_winner(v, -50.0, 2.0)
      cold = theta_gamma.soft_winner(voltage, -50.0, 0.01)
      slopes = jax.jacobian(hard)(voltage), jax.jacobian(soft)(voltage)
      return hard(voltage), cold, *slopes

    for values in ([-52.0, -49.0, -49.5], [-52.0, -51.0, -60.0]):
      hard, cold, got, want = look(np.array(values, np.float32))
      np.testing.assert_allclose(hard, cold, atol=1e-6)
      self.assertEqual(np.sum(hard), max(values) > -50)
      np.testing.assert_allclose(got, want, rtol=1e-5)
    *_, slope, _ = look(np.array([-np.inf, -50.0, -np.inf], np.float32))
    self.assertTrue(np.isfinite(slope).all())

  def test_gap_is_within_cycles(self):
    config = theta_gamma.Config(2, theta_frequency=10.0, dt=0.01)
    spikes = np.zeros((40, 2))  # gaps of 2, 8, 3, 7 and 2 steps; 4 is 0.4
    spikes[[20, 22, 30, 33, 40 - 1], [0, 1, 0, 1, 0]] = 1
    found = theta_gamma.gamma_gap(jnp.asarray(spikes), config)
    self.assertAlmostEqual(float(found), 0.025, places=6)

  def test_some_of_an_order_are_loaded(self):
    config = theta_gamma.Config(4, dt=0.005)
    load = lambda n: theta_gamma.load(jnp.arange(4), 20, 0.02, config, n)
    two, all_, four = jax.jit(lambda: (load(2), load(None), load(4)))()
    np.testing.assert_array_equal(np.any(two, 1).nonzero()[0], [0, 4])
    np.testing.assert_array_equal(all_, four)

  def test_contents_count_whole_cycles(self):
    config = theta_gamma.Config(2, theta_frequency=10.0, dt=0.01)
    spikes = np.zeros((25, 2))  # cycles end before steps 8 and 18
    spikes[[1, 7, 8, 17, 20], [0, 1, 0, 0, 1]] = 1
    found = theta_gamma.contents(jnp.asarray(spikes), config)
    np.testing.assert_array_equal(found, [[1, 1], [2, 0]])
    self.assertLen(theta_gamma.contents(jnp.zeros((0, 2)), config), 0)


if __name__ == '__main__':
  absltest.main()
