"""Rules that learn in transitions: limits, signs, a network that learns."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nmlib.plasticity import transition_learning

_COVARIANCE = transition_learning.Covariance(decay_time=1e9)
_DIFFUSIVE = transition_learning.Diffusive(rate=0.1, decay=0.5)


def test_covariance_follows_the_rate_of_change_up_to_a_target():
  weights = jnp.full((3, 2), 0.2)
  activity = jnp.array([0.5, 0.5, 0.5])
  velocity = jnp.array([0.3, -0.3, 0.0])
  inputs = jnp.array([1.0, 0.0])
  change = lambda drive: transition_learning.covariance(
      weights, activity, velocity, inputs, drive, _COVARIANCE
  )
  below = change(jnp.full(3, 0.1))  # of a target of 0.8
  np.testing.assert_array_equal(below[:, 1], 0)  # its input is off
  expected = 0.2 * np.tanh(10 * 0.7) * velocity / 3
  np.testing.assert_allclose(below[:, 0], expected, atol=1e-8)
  np.testing.assert_allclose(change(jnp.full(3, 0.8))[:, 0], 0, atol=1e-8)
  np.testing.assert_allclose(  # beyond it the signs are reversed
      change(jnp.full(3, 1.5)), -below, atol=1e-8
  )


def test_covariance_without_change_is_a_slow_decay():
  rule = transition_learning.Covariance(decay_time=100.0)
  weights = jnp.array([[0.2, 0.4]])
  zero = jnp.zeros(1)
  found = transition_learning.covariance(
      weights, zero, zero, jnp.ones(2), zero, rule
  )
  np.testing.assert_allclose(found, -weights / 100, rtol=1e-6)


def test_diffusive_moves_drives_to_their_targets():
  weights = jax.random.uniform(jax.random.key(0), (2, 4))
  inputs = jnp.array([1.0, 1.0, 0.0, 0.0])
  activity = jnp.array([0.9, 0.1])

  def advance(weights, _):
    change = transition_learning.diffusive(
        weights, activity, inputs, weights @ inputs, jnp.float32(1), _DIFFUSIVE
    )
    return jnp.maximum(weights + change, 0), None

  found, _ = jax.lax.scan(advance, weights, length=400)
  np.testing.assert_allclose(found @ inputs, [1.5, 0.1], rtol=1e-4)
  np.testing.assert_allclose(found[0, 2:], 0, atol=1e-6)  # unlearned
  np.testing.assert_array_equal(found[1, 2:], weights[1, 2:])  # as they were


@pytest.mark.parametrize(
    'signal, inputs', [(0.04, [1.0, 0.0]), (0.9, [0.0, 0.0])]
)
def test_diffusive_waits_for_the_signal_and_an_input(signal, inputs):
  weights = jnp.ones((3, 2))
  inputs = jnp.asarray(inputs)
  found = transition_learning.diffusive(
      weights, jnp.ones(3), inputs, weights @ inputs, signal, _DIFFUSIVE
  )
  np.testing.assert_array_equal(found, 0)


def test_signal_rises_only_if_input_turns_a_fall_into_a_rise():
  change = lambda growth, drive: transition_learning.signal_velocity(
      jnp.float32(0.5), jnp.asarray(growth), jnp.asarray(drive), _DIFFUSIVE
  )
  np.testing.assert_allclose(change([-1.0, 1.0], [0.9, 9.0]), -0.05)
  np.testing.assert_allclose(change([-1.0, 1.0], [1.1, 0.0]), 0.5 - 0.05)
