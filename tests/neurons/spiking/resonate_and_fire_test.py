"""Resonate-and-fire neurons: closed forms, resonance, the parallel form."""

from absl.testing import absltest
from absl.testing import parameterized
import chex
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.spiking import resonate_and_fire


def _run(config, xs):
  params = resonate_and_fire.init(jax.random.key(0), config)
  state = resonate_and_fire.initial_state(config)
  return resonate_and_fire.unroll(params, state, xs, config)


class ResonateAndFireTest(parameterized.TestCase):

  def test_below_threshold_it_is_a_sum_of_spirals(self):
    config = resonate_and_fire.Config(
        3, tau=15.0, frequency=0.02, highest_frequency=0.1, threshold=1e3
    )
    xs = jax.random.normal(jax.random.key(1), (20, 3))
    state, _ = _run(config, xs)
    turn = np.exp(-1 / 15 + 2j * np.pi * np.array([0.02, 0.06, 0.1]))
    powers = turn[None] ** np.arange(19, -1, -1)[:, None]
    expected = np.sum(powers * np.asarray(xs), 0)
    np.testing.assert_allclose(state.real, expected.real, atol=1e-5)
    np.testing.assert_allclose(state.voltage, expected.imag, atol=1e-5)

  def test_it_fires_most_for_its_own_rhythm(self):
    config = resonate_and_fire.Config(
        1, tau=40.0, frequency=0.05, threshold=4.0
    )
    counts = []
    for frequency in (0.02, 0.05, 0.12):
      xs = jnp.sin(2 * jnp.pi * frequency * jnp.arange(400))[:, None]
      counts.append(float(_run(config, xs)[1].sum()))
    self.assertEqual(np.argmax(counts), 1, counts)
    self.assertGreater(counts[1], 5 * max(counts[0], counts[2]))

  def test_two_pulses_a_period_apart_fire_it_others_do_not(self):
    # Izhikevich (2001), figure 5: doublets.
    config = resonate_and_fire.Config(
        1, tau=30.0, frequency=0.05, threshold=1.2
    )
    fired = []
    for gap in (10, 20, 30):
      xs = jnp.zeros((80, 1)).at[jnp.array([0, gap]), 0].set(1.0)
      fired.append(bool(_run(config, xs)[1].sum() > 0))
    self.assertEqual(fired, [False, True, False])

  @parameterized.parameters(('threshold', 1.0), ('zero', 0.0))
  def test_a_spike_resets_the_whole_membrane(self, reset, left):
    config = resonate_and_fire.Config(1, frequency=0.25, dt=1.0, reset=reset)
    state, out = _run(config, jnp.array([[5.0], [0.0]]))
    np.testing.assert_array_equal(out[:, 0], [0, 1])  # a quarter turn later
    np.testing.assert_allclose([state.real[0], state.voltage[0]], [0, left])

  def test_parallel_equals_steps(self):
    config = resonate_and_fire.Config(
        5, highest_frequency=0.2, threshold=0.5, reset='none'
    )
    params = resonate_and_fire.init(jax.random.key(0), config)
    xs = jax.random.normal(jax.random.key(1), (40, 5))
    middle, _ = resonate_and_fire.unroll(
        params, resonate_and_fire.initial_state(config), xs[:9], config
    )

    def run(unroll):
      def total(xs):
        state, out = unroll(params, middle, xs, config)
        return jnp.vdot(out, xs) + jnp.sum(state.voltage), (state, out)

      return jax.value_and_grad(total, has_aux=True)(xs[9:])

    # Sums of 31 terms in another order.
    chex.assert_trees_all_close(
        run(resonate_and_fire.unroll),
        run(resonate_and_fire.unroll_parallel),
        rtol=1e-4,
        atol=1e-4,
    )

  def test_a_reset_has_no_parallel_form(self):
    config = resonate_and_fire.Config(2)
    with self.assertRaisesRegex(ValueError, "must be 'none', got 'threshold'"):
      resonate_and_fire.unroll_parallel(
          resonate_and_fire.init(jax.random.key(0), config),
          resonate_and_fire.initial_state(config),
          jnp.zeros((3, 2)),
          config,
      )


if __name__ == '__main__':
  absltest.main()
