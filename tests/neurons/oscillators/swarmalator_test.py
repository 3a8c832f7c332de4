"""Swarmalators: two at rest, what is kept, where they end."""

import dataclasses

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.analysis import synchrony
from nmlib.neurons.oscillators import swarmalator


def _run(state, num_steps, config):
  params = swarmalator.init(jax.random.key(0), config)
  none = jnp.zeros(config.num_units, state.phase.dtype)
  one = lambda i, s: swarmalator.step(params, s, none, config)[0]
  return jax.jit(lambda s: jax.lax.fori_loop(0, num_steps, one, s))(state)


class SwarmalatorTest(parameterized.TestCase):

  def test_two_rest_where_pull_is_push(self):
    config = swarmalator.Config(2, 0.5, 1.0, param_dtype='float64')
    with jax.enable_x64(True):
      place = jnp.array([[0.0, 0.0], [1.0, 0.5]])
      end = _run(swarmalator.State(place, jnp.array([0.0, 1.0])), 800, config)
    apart = np.linalg.norm(np.diff(end.position, axis=0))
    self.assertAlmostEqual(apart, 1 / (1 + 0.5), places=9)
    self.assertAlmostEqual(float(end.phase[1] - end.phase[0]), 0, places=9)

  def test_against_a_loop_over_pairs(self):
    config = swarmalator.Config(
        5, 0.7, -0.4, 3, dt=1e-3, method='euler', param_dtype='float64'
    )
    with jax.enable_x64(True):
      state = swarmalator.random_state(jax.random.key(1), config)
      drive = jnp.arange(5.0)
      params = swarmalator.init(jax.random.key(0), config)
      step = jax.jit(swarmalator.step, static_argnums=3)
      after, _ = step(params, state, drive, config)
    x, theta = np.asarray(state.position), np.asarray(state.phase)
    move, turn = np.zeros((5, 3)), np.arange(5.0)
    for i in range(5):
      for j in set(range(5)) - {i}:
        apart = x[j] - x[i]
        r = np.linalg.norm(apart)
        like = 1 + 0.7 * np.cos(theta[j] - theta[i])
        move[i] += (apart / r * like - apart / r**2) / 5
        turn[i] += -0.4 / 5 * np.sin(theta[j] - theta[i]) / r
    np.testing.assert_allclose(after.position, x + 1e-3 * move, atol=1e-12)
    np.testing.assert_allclose(after.phase, theta + 1e-3 * turn, atol=1e-12)
    # Pairs push each other alike: the centre and the mean phase stay.
    np.testing.assert_allclose(move.mean(0), 0, atol=1e-12)

  def test_moves_and_turns_with_all(self):
    config = swarmalator.Config(6)
    state = swarmalator.initial_state(config)
    turn = jnp.array([[0.6, -0.8], [0.8, 0.6]])
    other = swarmalator.State(
        state.position @ turn + jnp.array([[3.0, -1.0]]), state.phase + 2
    )
    end, found = _run(state, 20, config), _run(other, 20, config)
    want = end.position @ turn + jnp.array([[3.0, -1.0]])
    np.testing.assert_allclose(found.position, want, atol=1e-4)
    np.testing.assert_allclose(found.phase, end.phase + 2, atol=1e-4)

  def test_states_of_the_literature(self):
    # Static synchrony and static asynchrony, O'Keeffe et al., figure 1.
    for coupling, least, most in ((1.0, 0.999, 1.0), (-1.0, 0.0, 0.2)):
      config = swarmalator.Config(30, 0.1, coupling)
      end = _run(swarmalator.initial_state(config), 600, config)
      order = float(synchrony.order_parameter(end.phase))
      self.assertBetween(order, least, most + 1e-6)

  @parameterized.parameters(('euler', 1), ('heun', 2), ('rk4', 4))
  def test_order_of_the_integrator(self, method, order):
    config = swarmalator.Config(3, method=method, param_dtype='float64')
    with jax.enable_x64(True):
      state = swarmalator.State(
          jnp.array([[0.0, 0.0], [1.5, 0.0], [0.0, 2.0]]),
          jnp.array([0.0, 1.0, 2.5]),
      )
      ends = [
          _run(state, n, dataclasses.replace(config, dt=1 / n)).position
          for n in (10, 20, 40)
      ]
    gaps = [np.abs(a - b).max() for a, b in zip(ends, ends[1:], strict=False)]
    self.assertAlmostEqual(np.log2(gaps[0] / gaps[1]), order, delta=0.35)

  def test_units_at_one_place_have_no_force_and_a_finite_gradient(self):
    config = swarmalator.Config(3)
    params = swarmalator.init(jax.random.key(0), config)
    state = swarmalator.State(jnp.zeros((3, 2)), jnp.zeros(3))

    def size(params):
      after, _ = swarmalator.step(params, state, jnp.zeros(3), config)
      return jnp.sum(after.position**2) + jnp.sum(after.phase)

    value, gradient = jax.jit(jax.value_and_grad(size))(params)
    self.assertEqual(value, 0)
    for leaf in gradient:
      self.assertTrue(np.isfinite(leaf))


if __name__ == '__main__':
  absltest.main()
