"""Optimizers that stop or stay: where, and what they leave."""

from absl.testing import absltest
import jax
import jax.numpy as jnp
import numpy as np
import optax

from nmlib.train import optimizers


class ClippedTest(absltest.TestCase):

  def test_updates_are_no_longer_than_the_norm(self):
    gradient = jnp.array([3.0, 4.0])
    for norm, length in ((0.0, 5.0), (2.0, 2.0), (10.0, 5.0)):
      optimizer = optimizers.clipped(optax.sgd(1.0), norm)
      updates, _ = optimizer.update(gradient, optimizer.init(gradient))
      self.assertAlmostEqual(float(optax.tree.norm(updates)), length, places=5)


class StopAtLossTest(absltest.TestCase):

  def _run(self, losses, gradient=1.0, **options):
    options = {'smoothing': 0.5, 'start': 8.0} | options
    optimizer = optimizers.stop_at_loss(
        optax.sgd(1.0, momentum=0.5), 1.5, **options
    )

    @jax.jit
    def step(carry, value):
      params, state = carry
      updates, state = optimizer.update(
          jnp.float32(gradient), state, params, value=value
      )
      return (optax.apply_updates(params, updates), state), params

    params = jnp.float32(0.0)
    return jax.lax.scan(
        step, (params, optimizer.init(params)), jnp.array(losses)
    )

  def test_stays_where_the_loss_met_the_criterion(self):
    (params, state), path = self._run([2.0, 1.0, 1.0, 1.0, 1.0, 0.0])
    # Means 5, 3, 2, 1.5, 1.25: below 1.5 at the fifth step, after four.
    self.assertEqual(state.stopped, 4)
    self.assertEqual(state.smoothed, 1.25)
    # sgd with momentum 0.5 goes by 1, 1.5, 1.75, 1.875.
    self.assertEqual(params, -6.125)
    self.assertEqual(path[4], params)

  def test_goes_on_while_the_loss_is_high(self):
    (params, state), _ = self._run([9.0] * 3)
    self.assertEqual(state.stopped, -1)
    self.assertEqual(params, -4.25)

  def test_a_step_that_is_not_finite_changes_nothing(self):
    for losses, gradient in (([9.0, np.nan, 9.0], 1.0), ([9.0] * 3, np.inf)):
      (params, state), _ = self._run(losses, gradient)
      # One step, and one from a momentum of 0; or none.
      self.assertEqual(params, -2.0 if np.isfinite(gradient) else 0.0)
      self.assertEqual(state.stopped, -1)
      self.assertTrue(np.isfinite(state.smoothed))


class ProjectedTest(absltest.TestCase):

  def test_ends_at_the_nearest_point_that_is_allowed(self):
    aim = jnp.array([3.0, -1.0, 0.25])
    optimizer = optimizers.projected(
        optax.adam(0.1), lambda params: jnp.clip(params, 0.0, 1.0)
    )
    params = jnp.full(3, 0.5)
    state = optimizer.init(params)
    for _ in range(200):
      grads = 2 * (params - aim)
      updates, state = optimizer.update(grads, state, params)
      params = jnp.asarray(optax.apply_updates(params, updates))
      self.assertTrue(((params >= 0) & (params <= 1)).all())
    np.testing.assert_allclose(params, [1.0, 0.0, 0.25], atol=1e-3)

  def test_changes_nothing_inside(self):
    plain, params = optax.sgd(0.1), jnp.array([0.3, -0.7])
    optimizer = optimizers.projected(plain, lambda p: jnp.clip(p, -1, 1))
    grads = jnp.array([0.123, 0.456])
    expected, _ = plain.update(grads, plain.init(params))
    got, _ = optimizer.update(grads, optimizer.init(params), params)
    np.testing.assert_array_equal(got, expected)


class RestartedTest(absltest.TestCase):

  def test_each_run_equals_a_fresh_optimizer(self):
    plain, grads = optax.adam(0.1), jnp.array([1.0, -3.0, 0.5, 2.0, 2.0])
    params = jnp.float32(0.0)

    def updates(optimizer, grads):
      state, found = optimizer.init(params), []
      for grad in grads:
        update, state = optimizer.update(grad, state, params)
        found.append(update)
      return found

    got = updates(optimizers.restarted(plain, 2), grads)
    for first in (0, 2, 4):
      run = slice(first, first + 2)
      np.testing.assert_array_equal(got[run], updates(plain, grads[run]))


if __name__ == '__main__':
  absltest.main()
