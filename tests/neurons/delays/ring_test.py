"""The ring buffer against windows of the past, and lists of synapses."""

from absl.testing import absltest
import hypothesis
from hypothesis import strategies as st
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.delays import learnable
from nmlib.neurons.delays import ring
from nmlib.neurons.delays import synapses as synapses_lib


class RingTest(absltest.TestCase):

  @hypothesis.settings(max_examples=15)
  @hypothesis.given(st.integers(0, 2**31), st.integers(0, 5))
  def test_a_list_of_synapses_arrives_as_it_does_offline(self, seed, longest):
    rng = np.random.default_rng(seed)
    n, m, count = 4, 3, 10
    synapses = synapses_lib.Synapses(
        jnp.asarray(rng.integers(0, n, count)),
        jnp.asarray(rng.integers(0, m, count)),
        jnp.asarray(rng.normal(size=count), jnp.float32),
        jnp.asarray(rng.integers(0, longest + 1, count)),
    )
    spikes = jnp.asarray(rng.integers(0, 2, (17, n)), jnp.float32)
    _, arrived = jax.lax.scan(
        lambda s, x: ring.arrive(ring.send(s, x, synapses)),
        ring.initial_state(longest, (m,)),
        spikes,
    )
    expected = synapses_lib.delayed_synapses_dense(spikes, synapses, m)
    np.testing.assert_allclose(arrived, expected, atol=1e-5)

  def test_weights_by_delay_arrive_as_through_a_window(self):
    config = learnable.Config(3, 2, 4)
    params = learnable.init(jax.random.key(0), config)
    params = params._replace(delay=jnp.round(params.delay))
    xs = jax.random.normal(jax.random.key(1), (20, 3))
    kernel = learnable.kernel(params, config)

    def step(state, x):
      for delay, weights in enumerate(kernel):
        state = ring.add(state, x @ weights, delay)
      return ring.arrive(state)

    _, arrived = jax.lax.scan(step, ring.initial_state(4, (2,)), xs)
    start = learnable.initial_state(config)
    _, expected = learnable.unroll(params, start, xs, config)
    np.testing.assert_allclose(arrived, expected, atol=1e-5)

  def test_what_does_not_fit_is_refused(self):
    state = ring.initial_state(2, (3,))
    with self.assertRaisesRegex(ValueError, r'delay must be in \[0, 2\]'):
      ring.add(state, jnp.ones(3), 3)
    with self.assertRaisesRegex(ValueError, 'max_delay must be at least 0'):
      ring.initial_state(-1, (3,))
    far = synapses_lib.Synapses(*jnp.array([[0], [0], [1], [3]]))
    with self.assertRaisesRegex(
        ValueError, r'synapses.delay must be in \[0, 3'
    ):
      ring.send(state, jnp.ones(1), far)

  def test_delays_in_time_are_whole_steps(self):
    self.assertEqual(ring.steps(1.5, 0.1), 15)
    self.assertEqual(ring.steps(0.0, 0.1, least=0), 0)
    for delay, least in ((0.05, 1), (0.0, 1), (1.25, 1), (-1.0, 0)):
      with self.assertRaisesRegex(ValueError, 'whole number of steps dt=0.1'):
        ring.steps(delay, 0.1, least=least)


if __name__ == '__main__':
  absltest.main()
