"""Optimizers that stop or stay: where, and what they leave."""

from typing import Any

from absl.testing import absltest
from absl.testing import parameterized
import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax

from nmlib.train import optimizers

_UNIT = jnp.array([0.6, -0.8])


class ClippedTest(absltest.TestCase):

  def test_updates_are_no_longer_than_the_norm(self):
    gradient = jnp.array([3.0, 4.0])
    for norm, length in ((0.0, 5.0), (2.0, 2.0), (10.0, 5.0)):
      optimizer = optimizers.clipped(optax.sgd(1.0), norm)
      updates, _ = optimizer.update(gradient, optimizer.init(gradient))
      self.assertAlmostEqual(float(optax.tree.norm(updates)), length, places=5)


class ZClipTest(parameterized.TestCase):

  def _norms(self, norms, **options):
    """Feeds gradients of these norms; returns norms after, and the state."""
    arguments: dict[str, Any] = {'warmup': 4} | options
    optimizer = optimizers.zclip(**arguments)

    def step(state, norm):
      updates, state = optimizer.update({'a': norm * _UNIT}, state)
      return state, optax.tree.norm(updates)

    start = optimizer.init({'a': _UNIT})
    state, after = jax.lax.scan(step, start, jnp.asarray(norms, jnp.float32))
    return after, state

  def test_equal_norms_are_never_clipped(self):
    for norm in (1e-4, 0.3, 7e3):
      after, state = self._norms([norm] * 60)
      np.testing.assert_allclose(after, norm, rtol=1e-6)
      np.testing.assert_allclose(state.mean, norm, rtol=1e-6)
      self.assertLess(float(state.variance), 1e-12 * norm**2)

  def test_warmup_gives_mean_and_variance_and_clips_nothing(self):
    norms = [1.0, 5.0, 0.5, 900.0]
    after, state = self._norms(norms)
    np.testing.assert_allclose(after, norms, rtol=1e-6)
    np.testing.assert_allclose(state.mean, np.mean(norms), rtol=1e-5)
    np.testing.assert_allclose(state.variance, np.var(norms), rtol=1e-5)

  @parameterized.parameters(
      ('threshold', 2 + 2.5), ('reciprocal', 2 + 2.5**2 / 98), ('mean', 2.0)
  )
  def test_a_spike_is_clipped_and_the_clipped_norm_is_counted(self, to, aim):
    # Mean 2 and deviation 1, so that 100 has the z-score 98.
    after, state = self._norms([1.0, 3.0, 1.0, 3.0, 100.0], to=to)
    np.testing.assert_allclose(after[-1], aim, rtol=1e-5)
    mean = 0.97 * 2 + 0.03 * aim
    np.testing.assert_allclose(state.mean, mean, rtol=1e-5)
    variance = 0.97 * 1 + 0.03 * (aim - mean) ** 2
    np.testing.assert_allclose(state.variance, variance, rtol=1e-5)

  def test_at_the_threshold_and_below_nothing_is_clipped(self):
    start = [1.0, 3.0, 1.0, 3.0]
    for norm in (0.0, 4.49):
      after, _ = self._norms([*start, norm])
      np.testing.assert_allclose(after[-1], norm, rtol=1e-6)
    after, _ = self._norms([*start, 4.51])
    np.testing.assert_allclose(after[-1], 2 + 2.5**2 / 2.51, rtol=1e-5)

  def test_a_gradient_that_is_not_finite_passes_and_is_forgotten(self):
    start = [1.0, 3.0, 1.0, 3.0, 2.5]
    expected = self._norms(start)[1]
    for bad in (np.nan, np.inf):
      after, state = self._norms([*start[:2], bad, *start[2:], bad])
      self.assertFalse(np.isfinite(after[jnp.array([2, -1])]).any())
      chex.assert_trees_all_equal(state, expected)

  def test_half_precision_is_summed_in_single(self):
    # 300 entries of 100 have the norm 1732, whose square float16 cannot hold.
    clip = optimizers.zclip(warmup=1)
    usual, outlier = (jnp.full(300, x, jnp.float16) for x in (1, 100))
    _, state = clip.update(usual, clip.init(usual))
    clipped: Any = clip.update(outlier, state)[0]
    np.testing.assert_allclose(np.asarray(clipped, float), 1.0, rtol=1e-3)

  def test_gradients_of_nothing_do_not_hold_later_ones_at_nothing(self):
    clip = optimizers.zclip(warmup=1)
    none, some = jnp.zeros(2), jnp.ones(2)
    _, state = clip.update(none, clip.init(none))
    passed, _ = clip.update(some, state)
    np.testing.assert_array_equal(passed, some)

  def test_each_of_several_has_statistics_of_its_own(self):
    norms = jnp.array([[1.0, 3.0, 1.0, 3.0, 50.0], [9.0] * 5])
    together = jax.vmap(lambda row: self._norms(row)[0])(norms)
    for row, got in zip(norms, together, strict=True):
      np.testing.assert_allclose(got, self._norms(row)[0], rtol=1e-6)

  @parameterized.parameters(
      dict(threshold=0.0), dict(smoothing=1.0), dict(warmup=0)
  )
  def test_bad_numbers_are_refused(self, **options):
    with self.assertRaisesRegex(ValueError, 'zclip needs threshold > 0'):
      optimizers.zclip(**options)
    with self.assertRaisesRegex(ValueError, "'mean', got 'median'"):
      optimizers.zclip(to='median')


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
