"""Winnerless competition: fixed points, the order it reads, its integrators."""

import dataclasses

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.oscillators import lotka_volterra


class LotkaVolterraTest(parameterized.TestCase):

  def test_matrix(self):
    found = lotka_volterra.heteroclinic_matrix([1, 2, 0], 0.5, 2.0)
    # Row: who is inhibited. 2 follows 1, 0 follows 2, 1 follows 0.
    want = [[1, 2, 0.5], [0.5, 1, 2], [2, 0.5, 1]]
    np.testing.assert_array_equal(found, want)
    with self.assertRaisesRegex(ValueError, r'each of .*got \[0, 2\]'):
      lotka_volterra.heteroclinic_matrix([0, 2])
    with self.assertRaisesRegex(ValueError, 'below 1 .*got 1.5 and 2'):
      lotka_volterra.heteroclinic_matrix([0, 1, 2], 1.5)

  def test_winners_are_fixed_points_with_known_eigenvalues(self):
    with jax.enable_x64(True):
      config = lotka_volterra.Config(
          4, drive=0.0, dt=1e-4, method='euler', param_dtype='float64'
      )
      params = lotka_volterra.init(jax.random.key(0), config)
      move = jax.jit(
          lambda x: lotka_volterra.step(
              params, lotka_volterra.State(x), jnp.zeros(4), config
          )[1]
      )
      at = jnp.eye(4)[1] + 1e-9  # clear of the floor
      jacobian = (jax.jit(jax.jacobian(move))(at) - np.eye(4)) / config.dt
      np.testing.assert_allclose(move(at), at, atol=1e-11)
    rho = np.asarray(params.inhibition)
    want = np.where(np.arange(4) == 1, -1, 1 - rho[:, 1])
    np.testing.assert_allclose(np.diag(jacobian), want, atol=1e-6)
    self.assertEqual(np.sum(want > 0), 1)  # the follower's alone

  def test_the_order_is_that_of_the_matrix(self):
    config = lotka_volterra.Config(5)
    order = [3, 0, 4, 1, 2]
    params = lotka_volterra.init(jax.random.key(0), config)._replace(
        inhibition=jnp.asarray(lotka_volterra.heteroclinic_matrix(order))
    )
    start = lotka_volterra.initial_state(config)
    run = jax.jit(lambda xs: lotka_volterra.unroll(params, start, xs, config))
    _, activity = run(jnp.zeros((6000, 5)))
    found = lotka_volterra.visited(activity)
    self.assertGreater(len(found), 8)
    self.assertLen(lotka_volterra.follows(activity, order), len(found) - 1)
    self.assertTrue(lotka_volterra.follows(activity, order).all())
    self.assertFalse(lotka_volterra.follows(activity, order[::-1]).any())
    self.assertGreaterEqual(np.min(activity), config.floor)

  def test_an_input_makes_a_unit_stay(self):
    config = lotka_volterra.Config(3)
    params = lotka_volterra.init(jax.random.key(0), config)
    start = lotka_volterra.initial_state(config)
    run = jax.jit(lambda xs: lotka_volterra.unroll(params, start, xs, config))
    xs = jnp.zeros((3000, 3)).at[:, 1].set(2.0)
    _, activity = run(xs)
    self.assertEqual(lotka_volterra.visited(activity)[-1], 1)
    self.assertGreater(np.min(activity[-1000:, 1]), 0.9)

  @parameterized.parameters(('euler', 1), ('heun', 2), ('rk4', 4))
  def test_order_of_the_integrator(self, method, order):
    with jax.enable_x64(True):
      config = lotka_volterra.Config(3, method=method, param_dtype='float64')
      params = lotka_volterra.init(jax.random.key(0), config)
      start = lotka_volterra.State(jnp.array([0.7, 0.2, 0.1]))

      def end(n):
        c = dataclasses.replace(config, dt=2 / n)
        one = lambda i, s: lotka_volterra.step(params, s, jnp.zeros(3), c)[0]
        return jax.lax.fori_loop(0, n, one, start).activity

      ends = [end(n) for n in (10, 20, 40)]
    gaps = [np.abs(a - b).max() for a, b in zip(ends, ends[1:], strict=False)]
    self.assertAlmostEqual(np.log2(gaps[0] / gaps[1]), order, delta=0.35)

  def test_visited(self):
    activity = np.array([[1, 0], [0.9, 0.1], [0.4, 0.3], [0, 1], [1, 0]])
    np.testing.assert_array_equal(lotka_volterra.visited(activity), [0, 1, 0])


if __name__ == '__main__':
  absltest.main()
