"""Synaptic scaling and the common shift: what they hold, and refuse."""

from absl.testing import absltest
import hypothesis
from hypothesis import strategies as st
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.plasticity import homeostasis

_numbers = st.floats(0.125, 5, width=32)


class HomeostasisTest(absltest.TestCase):

  @hypothesis.given(st.lists(_numbers, min_size=3, max_size=3), _numbers)
  @hypothesis.settings(max_examples=20)
  def test_scaling_reaches_its_target_and_keeps_ratios(self, drawn, target):
    weights = jnp.array(drawn)
    patterns = jnp.array([[1.0, 1.0, 0.0], [0.0, 1.0, 1.0]])
    drives = patterns @ weights
    one = homeostasis.sequential(weights, drives[1], target)
    np.testing.assert_allclose(patterns[1] @ one, target, rtol=1e-5)
    both = homeostasis.joint(weights, drives, target)
    np.testing.assert_allclose(jnp.min(patterns @ both), target, rtol=1e-5)
    for scaled in (one, both):
      ratio = scaled / weights
      np.testing.assert_allclose(ratio, ratio[0], rtol=1e-5)

  def test_rate_moves_towards_the_target_and_stops_there(self):
    weights, fired = jnp.array([1.0, -2.0]), 4.0
    for _ in range(200):  # a neuron whose rate is its excitation
      weights = homeostasis.rate(weights, 4 * weights[0], 10.0, 0.02)
    np.testing.assert_allclose(weights, [2.5, -5.0], rtol=1e-3)
    np.testing.assert_array_equal(
        homeostasis.rate(weights, 10.0, 10.0, 0.1), weights
    )
    # No factor turns signs around.
    np.testing.assert_array_equal(
        homeostasis.rate(weights, 1e3, fired, 1.0), 0 * weights
    )

  def test_additive_shifts_and_keeps_signs(self):
    weights, signs = jnp.array([[1.0, -1.0], [0.2, -0.2]]), jnp.array([1, -1])
    more = homeostasis.additive(weights, 5, 0.1, signs)
    np.testing.assert_allclose(more, [[1.5, -0.5], [0.7, 0.0]], atol=1e-6)
    less = homeostasis.additive(weights, -5, 0.1, signs)
    np.testing.assert_allclose(less, [[0.5, -1.5], [0.0, -0.7]], atol=1e-6)

  def test_a_drive_that_is_not_positive_is_refused_or_left(self):
    weights, drives = jnp.array([1.0, -1.0]), jnp.array([2.0, 0.0])
    message = 'weakest drive must be positive.*got 0: .*capacity'
    with self.assertRaisesRegex(ValueError, message):
      homeostasis.joint(weights, drives, 1.0)
    with self.assertRaisesRegex(ValueError, 'got -1'):
      homeostasis.sequential(weights, jnp.float32(-1), 1.0)
    traced = jax.jit(homeostasis.joint)(weights, drives, 1.0)
    np.testing.assert_array_equal(traced, weights)
    # What a sum that cancels leaves is no drive either.
    nearly = jnp.array([2.0, 1e-7])
    with self.assertRaisesRegex(ValueError, 'got 1e-07: .*capacity'):
      homeostasis.joint(weights, nearly, 1.0, rounding=1e-6)
    lost = jnp.array([1e-6, 1e-8])  # each of its own
    found = homeostasis.joint(weights, nearly, 1.0, rounding=lost)
    np.testing.assert_allclose(found, weights * 1e7, rtol=1e-6)
    with self.assertRaisesRegex(ValueError, 'step_size must be at least 0'):
      homeostasis.rate(weights, 1.0, 1.0, -0.1)


if __name__ == '__main__':
  absltest.main()
