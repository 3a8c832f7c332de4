"""Recursive least squares: ridge regression, FORCE and full-FORCE."""

from absl.testing import absltest
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.rate import rnn
from nmlib.plasticity import recursive_least_squares as rls

_CELL = rnn.Config(
    num_inputs=2, num_units=12, num_outputs=1, time_step=10.0, gain=1.2,
    form='current', activation='tanh',
)  # fmt: skip


def _learner(config, ridge=1.0):
  params = rnn.init(jax.random.key(0), config)
  return rls.begin(params, rnn.initial_state(config), ridge)


class LeastSquaresTest(absltest.TestCase):

  def test_equals_ridge_regression(self):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(50, 6)), rng.normal(size=(50, 3))
    with jax.enable_x64(True):
      config = rls.Config(6, 0.7, 'float64')

      def observe(carry, sample):
        state, weights = carry
        state, gain = rls.observe(state, sample[0])
        errors = weights @ sample[0] - sample[1]
        return (state, rls.correct(weights, gain, errors)), None

      start = rls.initial_state(config), jnp.zeros((3, 6))
      (state, weights), _ = jax.lax.scan(
          observe, start, (jnp.array(x), jnp.array(y))
      )
      square = x.T @ x + 0.7 * np.eye(6)
      np.testing.assert_allclose(
          weights, np.linalg.solve(square, x.T @ y).T, atol=1e-12
      )
      np.testing.assert_allclose(
          state.inverse, np.linalg.inv(square), atol=1e-12
      )

  def test_force_learns_a_wave_that_is_fed_back(self):
    config = rnn.Config(
        num_inputs=1, num_units=100, num_outputs=1, time_step=10.0, gain=1.5,
        form='current', activation='tanh',
    )  # fmt: skip
    hidden = jax.random.normal(jax.random.key(1), (100,))
    params = rnn.init(jax.random.key(0), config)
    learner = rls.begin(params, rnn.State(hidden), 0.1)
    times = jnp.arange(2400)
    wave = jnp.sin(2 * jnp.pi * times / 60)[:, None]

    def advance(carry, now):
      learner, last = carry
      t, wanted = now
      learner, output = rls.force_step(
          learner, 2 * last, wanted, config, t < 2000
      )
      return (learner, output.logits), output.logits

    start = learner, jnp.zeros(1)
    _, found = jax.jit(lambda s: jax.lax.scan(advance, s, (times, wave)))(start)
    # It goes on by itself.
    self.assertLess(jnp.mean((found - wave)[2000:2200] ** 2), 0.01)

  def test_full_force_learns_another_cell_from_its_currents(self):
    teacher = rnn.init(jax.random.key(1), _CELL)
    xs = jax.random.normal(jax.random.key(2), (300, 2))
    _, wanted = rnn.unroll(teacher, rnn.initial_state(_CELL), xs, _CELL)
    silent = jnp.zeros((1, 12))
    before = jnp.concatenate([silent, wanted.rates[:-1]])
    currents = before @ teacher.recurrent.T + xs @ teacher.input.T

    def advance(learner, now):
      x, current, logits = now
      return rls.full_force_step(learner, x, current, logits, _CELL)

    learner, _ = jax.lax.scan(
        advance, _learner(_CELL, 1e-3), (xs, currents, wanted.logits)
    )
    new = jax.random.normal(jax.random.key(3), (50, 2))
    run = lambda params: rnn.unroll(
        params, rnn.initial_state(_CELL), new, _CELL
    )
    np.testing.assert_allclose(
        run(learner.params)[1].logits, run(teacher)[1].logits, atol=0.02
    )

  def test_right_weights_are_left_alone(self):
    learner = _learner(_CELL)
    x = jnp.ones(2)
    currents = learner.params.input @ x  # from rest
    _, output = rnn.step(learner.params, learner.state, x, _CELL)
    new, _ = rls.full_force_step(learner, x, currents, output.logits, _CELL)
    for a, b in zip(new.params, learner.params, strict=True):
      np.testing.assert_allclose(a, b, atol=1e-6)

  def test_not_learning_is_running(self):
    learner = _learner(_CELL)
    x = jnp.ones(2)
    new, output = rls.full_force_step(
        learner, x, jnp.ones(12), jnp.ones(1), _CELL, False
    )
    state, wanted = rnn.step(learner.params, learner.state, x, _CELL)
    jax.tree.map(np.testing.assert_array_equal, new.params, learner.params)
    np.testing.assert_array_equal(new.readout.inverse, learner.readout.inverse)
    np.testing.assert_allclose(new.state.hidden, state.hidden)
    np.testing.assert_allclose(output.logits, wanted.logits)

  def test_taught_currents(self):
    rng = np.random.default_rng(4)
    teaching = rls.Teaching(
        jnp.asarray(rng.normal(size=(12, 12))),
        jnp.asarray(rng.normal(size=(12, 1))),
        jnp.asarray(rng.normal(size=(12, 3))),
    )
    wanted, sampled = rng.normal(size=(5, 1)), rng.normal(size=(5, 3))
    found = rls.taught_currents(
        teaching, jnp.asarray(wanted), jnp.asarray(sampled), _CELL
    )
    hidden = np.zeros(12)
    for t in range(5):
      current = teaching.recurrent @ np.tanh(hidden)
      current += teaching.wanted @ wanted[t] + teaching.sampled @ sampled[t]
      np.testing.assert_allclose(found[t], current, rtol=1e-5, atol=1e-5)
      hidden = 0.9 * hidden + 0.1 * current

  def test_bad_input(self):
    with self.assertRaisesRegex(ValueError, 'ridge must be .*positive, got 0'):
      rls.Config(3, 0.0)
    state = rls.initial_state(rls.Config(3))
    with self.assertRaisesRegex(ValueError, r'regressors must be \[num'):
      rls.observe(state, jnp.ones(4))
    with self.assertRaisesRegex(ValueError, r'errors must be \[rows=2\]'):
      rls.correct(jnp.ones((2, 3)), jnp.ones(3), jnp.ones(3))
    rates = rnn.Config(num_inputs=2, num_units=12, num_outputs=1)
    with self.assertRaisesRegex(ValueError, "form='current', whose units"):
      rls.full_force_step(
          _learner(_CELL), jnp.ones(2), jnp.ones(12), jnp.ones(1), rates
      )


if __name__ == '__main__':
  absltest.main()
