"""Delays that are learned: interpolation, forms, gradients, recovery."""

from absl.testing import absltest
from absl.testing import parameterized
import hypothesis
from hypothesis import strategies
import jax
import jax.numpy as jnp
from jax.test_util import check_grads
import numpy as np
import optax

from nmlib.neurons.delays import learnable as learnable_delays
from nmlib.neurons.delays import synapses as hetero_delays


class LearnableDelaysTest(parameterized.TestCase):

  @parameterized.parameters('linear', 'gaussian')
  def test_unroll_equals_steps(self, interpolation):
    config = learnable_delays.Config(3, 2, 5, 2, interpolation)
    params = learnable_delays.init(jax.random.key(0), config)
    xs = jax.random.normal(jax.random.key(1), (12, 3))
    state, outputs = learnable_delays.initial_state(config), []
    for x_t in xs:
      state, out = learnable_delays.step(params, state, x_t, config)
      outputs.append(out)
    start = learnable_delays.initial_state(config)
    middle, first = learnable_delays.unroll(params, start, xs[:4], config)
    last, second = learnable_delays.unroll(params, middle, xs[4:], config)
    np.testing.assert_allclose(  # float32 sums of 36 terms of order 1
        jnp.concatenate([first, second]), jnp.stack(outputs), atol=1e-5
    )
    np.testing.assert_array_equal(last.past, state.past)

  def test_whole_delays_equal_the_list_of_synapses(self):
    config = learnable_delays.Config(4, 3, 6, 2)
    rng = np.random.default_rng(0)
    shape = (2, 4, 3)  # two synapses a pair
    weight = jnp.asarray(rng.integers(-4, 5, shape).astype(np.float32))
    delay = rng.integers(0, 7, shape)
    params = learnable_delays.Params(weight, jnp.asarray(delay, jnp.float32))
    xs = jnp.asarray((rng.random((20, 4)) < 0.3).astype(np.float32))
    _, source, target = np.indices(shape).reshape(3, -1)
    synapses = hetero_delays.Synapses(
        jnp.asarray(source),
        jnp.asarray(target),
        weight.reshape(-1),
        jnp.asarray(delay.reshape(-1)),
    )
    np.testing.assert_array_equal(  # small integers: exact in any order
        learnable_delays.unroll(
            params, learnable_delays.initial_state(config), xs, config
        )[1],
        hetero_delays.delayed_synapses_dense(xs, synapses, 3),
    )

  def test_a_delay_past_an_end_learns_again_once_projected(self):
    config = learnable_delays.Config(1, 1, 4)
    params = learnable_delays.Params(
        jnp.ones((1, 1, 1)), jnp.full((1, 1, 1), 4.5)
    )
    slope = jax.grad(
        lambda p: learnable_delays.kernel(p, config)[3, 0, 0], allow_int=False
    )
    self.assertEqual(float(slope(params).delay[0, 0, 0]), 0)
    inside = learnable_delays.project(params, config)
    self.assertEqual(float(inside.delay[0, 0, 0]), 4)
    # One step from delay 3, a larger delay takes its share away.
    self.assertLess(float(slope(inside).delay[0, 0, 0]), 0)

  @hypothesis.given(
      strategies.floats(-3, 12, width=32), strategies.sampled_from((0.05, 2.0))
  )
  @hypothesis.settings(max_examples=25)
  def test_shares_of_a_synapse_add_up_to_its_weight(self, delay, spread):
    for interpolation in ('linear', 'gaussian'):
      config = learnable_delays.Config(1, 1, 8, 1, interpolation, spread)
      params = learnable_delays.Params(
          jnp.full((1, 1, 1), 2.0), jnp.full((1, 1, 1), delay)
      )
      shares = learnable_delays.kernel(params, config)[:, 0, 0]
      np.testing.assert_allclose(shares.sum(), 2.0, rtol=1e-5)
      self.assertGreaterEqual(float(shares.min()), 0)

  def test_half_a_step_is_the_mean_of_its_neighbours(self):
    config = learnable_delays.Config(1, 1, 4)
    params = learnable_delays.Params(
        jnp.ones((1, 1, 1)), jnp.full((1, 1, 1), 2.5)
    )
    np.testing.assert_array_equal(
        learnable_delays.kernel(params, config)[:, 0, 0], [0, 0, 0.5, 0.5, 0]
    )

  @parameterized.parameters('linear', 'gaussian')
  def test_gradients_equal_finite_differences(self, interpolation):
    config = learnable_delays.Config(3, 2, 5, 2, interpolation)
    params = learnable_delays.init(jax.random.key(0), config)
    # Away from whole delays, where the linear form has its kinks.
    params = params._replace(delay=jnp.floor(params.delay) + 0.4)
    xs = jax.random.normal(jax.random.key(1), (8, 3))
    state = learnable_delays.initial_state(config)
    run = lambda p: learnable_delays.unroll(p, state, xs, config)[1]
    check_grads(  # float32 differences
        run, (params,), order=1, modes=('fwd', 'rev'), rtol=1e-2, atol=1e-2
    )

  def test_a_narrowing_gaussian_finds_the_delays_of_a_teacher(self):
    config = learnable_delays.Config(4, 2, 10, interpolation='gaussian')
    keys = jax.random.split(jax.random.key(3), 3)
    true = jax.random.randint(keys[0], (1, 4, 2), 0, 11).astype(float)
    teacher = learnable_delays.Params(jnp.ones((1, 4, 2)), true)
    xs = (jax.random.uniform(keys[1], (300, 4)) < 0.2).astype(jnp.float32)
    state = learnable_delays.initial_state(config)
    exact = learnable_delays.Config(4, 2, 10)
    target = learnable_delays.unroll(teacher, state, xs, exact)[1]
    params = learnable_delays.Params(
        jnp.ones((1, 4, 2)), jnp.full((1, 4, 2), 5.0)
    )
    optimizer = optax.adam(0.1)

    def update(carry, i):
      params, moments = carry
      spread = 5 * 0.1 ** (i / 300)

      def loss(params):
        out = learnable_delays.unroll(params, state, xs, config, spread)[1]
        return jnp.mean((out - target) ** 2)

      updates, moments = optimizer.update(jax.grad(loss)(params), moments)
      return (optax.apply_updates(params, updates), moments), None

    start = (params, optimizer.init(params))
    (params, _), _ = jax.jit(
        lambda c: jax.lax.scan(update, c, jnp.arange(300.0))
    )(start)
    found = jnp.clip(params.delay, 0, 10)  # beyond them, the ends act
    np.testing.assert_array_equal(jnp.round(found), true)

  def test_wrong_inputs(self):
    config = learnable_delays.Config(3, 2, 5)
    params = learnable_delays.init(jax.random.key(0), config)
    with self.assertRaisesRegex(ValueError, r'\[T, num_inputs=3\], got shape'):
      learnable_delays.unroll(
          params,
          learnable_delays.initial_state(config),
          jnp.zeros((3, 8)),
          config,
      )


if __name__ == '__main__':
  absltest.main()
