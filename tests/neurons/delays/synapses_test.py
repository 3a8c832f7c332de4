"""Delays: the two forms agree; the closed forms of the paper hold."""

from absl.testing import absltest
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.delays import synapses as hetero_delays


class HeteroDelaysTest(absltest.TestCase):

  def test_events_equal_dense_with_several_synapses_a_pair(self):
    rng = np.random.default_rng(0)
    steps, sources, targets, count = 30, 5, 3, 40
    spikes = (rng.random((steps, sources)) < 0.2).astype(np.float32)
    # Small integers as weights, so that sums are exact in any order.
    synapses = hetero_delays.Synapses(
        jnp.asarray(rng.integers(0, sources, count)),
        jnp.asarray(rng.integers(0, targets, count)),
        jnp.asarray(rng.integers(-4, 5, count).astype(np.float32)),
        jnp.asarray(rng.integers(0, 8, count)),
    )
    dense = hetero_delays.delayed_synapses_dense(
        jnp.asarray(spikes), synapses, targets
    )
    times, addresses = np.nonzero(spikes)
    t, b, w = map(
        np.asarray,
        hetero_delays.delayed_synapses_events(
            jnp.asarray(times), jnp.asarray(addresses), synapses
        ),
    )
    self.assertTrue(np.all(np.diff(t) >= 0))
    summed = np.zeros((steps + 8, targets), np.float32)
    np.add.at(summed, (t, b), w)
    np.testing.assert_array_equal(dense, summed[:steps])

  def test_one_weight_shifts_by_its_delay(self):
    events = jax.random.normal(jax.random.key(0), (2, 12, 4, 4))
    kernel = jnp.zeros((1, 2, 5, 3, 3)).at[0, 1, 5 - 1 - 3, 1, 1].set(1)
    out = hetero_delays.delay_conv(events, kernel, jnp.zeros(1))
    np.testing.assert_allclose(out[0, 3:], events[1, :-3], atol=1e-6)
    np.testing.assert_array_equal(out[0, :3], 0)

  def test_convolution_equals_sum_over_events(self):
    rng = np.random.default_rng(3)
    events = (rng.random((2, 9, 6, 7)) < 0.1).astype(np.float32)
    # Small integers, so that sums are exact in any order.
    kernel = rng.integers(-4, 5, (3, 2, 4, 3, 5)).astype(np.float32)
    expected = np.zeros((3, 9, 6, 7), np.float32)
    for p, t, x, y in np.argwhere(events):
      for k, i, j in np.ndindex(4, 3, 5):
        t_out, x_out, y_out = t + 3 - k, x + 1 - i, y + 2 - j
        if t_out < 9 and 0 <= x_out < 6 and 0 <= y_out < 7:
          expected[:, t_out, x_out, y_out] += kernel[:, p, k, i, j]
    out = hetero_delays.delay_conv(
        jnp.asarray(events), jnp.asarray(kernel), jnp.zeros(3)
    )
    np.testing.assert_array_equal(out, expected)

  def test_future_does_not_change_past(self):
    keys = jax.random.split(jax.random.key(1))
    events = jax.random.normal(keys[0], (2, 12, 5, 5))
    kernel = jax.random.normal(keys[1], (3, 2, 4, 3, 3))
    out = hetero_delays.delay_conv(events, kernel, jnp.zeros(3))
    cut = hetero_delays.delay_conv(
        events.at[:, 7:].set(0), kernel, jnp.zeros(3)
    )
    np.testing.assert_array_equal(out[:, :7], cut[:, :7])
    both = hetero_delays.polarity_max(events, kernel, jnp.zeros(3))
    swapped = hetero_delays.polarity_max(events[::-1], kernel, jnp.zeros(3))
    np.testing.assert_array_equal(both, swapped)

  def test_mask_values_and_clamp(self):
    mask = hetero_delays.spacetime_kernel_mask(21, 17, 17)
    # The authors' printed value of the centre, to rounding.
    self.assertAlmostEqual(float(mask[0, 8, 8]), 1.0, places=4)
    self.assertAlmostEqual(float(mask[0, 0, 8]), 0.3921, places=4)
    kernel = jax.random.normal(jax.random.key(2), (2, 2, 21, 17, 17))
    clamped = hetero_delays.clamp_to_mask(kernel, mask)
    bound = mask[None, None] * jnp.max(jnp.abs(kernel))
    self.assertTrue(bool(jnp.all(jnp.abs(clamped) <= bound)))

  def test_bad_sizes(self):
    with self.assertRaisesRegex(ValueError, "must be odd"):
      hetero_delays.delay_conv(
          jnp.zeros((2, 5, 4, 4)), jnp.zeros((1, 2, 3, 2, 3)), jnp.zeros(1)
      )
    with self.assertRaisesRegex(ValueError, "at least 2"):
      hetero_delays.spacetime_kernel_mask(1, 3, 3)

  def test_synapses_of_missing_neurons_are_refused(self):
    one = jnp.array([0])
    of = lambda source, target: hetero_delays.delayed_synapses_dense(
        jnp.zeros((5, 2)),
        hetero_delays.Synapses(
            jnp.array([source]), jnp.array([target]), jnp.ones(1), one
        ),
        3,
    )
    self.assertEqual(of(1, 2).shape, (5, 3))
    with self.assertRaisesRegex(ValueError, r"source .* in \[0, 2\), got 2"):
      of(2, 0)
    with self.assertRaisesRegex(ValueError, r"target .* in \[0, 3\), got 3"):
      of(0, 3)


if __name__ == "__main__":
  absltest.main()
