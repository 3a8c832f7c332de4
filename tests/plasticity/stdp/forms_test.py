"""One rule, four forms; triplets; reward."""

from typing import Any

from absl.testing import absltest
from absl.testing import parameterized
import hypothesis
from hypothesis import strategies as st
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.plasticity.stdp import deferred
from nmlib.plasticity.stdp import events
from nmlib.plasticity.stdp import pair
from nmlib.plasticity.stdp import pair_sum
from nmlib.plasticity.stdp import reward
from nmlib.plasticity.stdp import triplet

_ORDERS = ('post_first', 'pre_first', 'together')
_EVENTS = jax.jit(events.unroll, static_argnums=(3, 4))
_DENSE = jax.jit(pair.unroll, static_argnums=3)
_DEFERRED = jax.jit(deferred.unroll, static_argnums=3)
_SUM = jax.jit(pair_sum.pair_sum, static_argnums=2)


def _trains(seed, steps=30, sizes=(5, 4), rate=0.2):
  rng = np.random.default_rng(seed)
  return [(rng.random((steps, n)) < rate).astype(np.float32) for n in sizes]


class FormsTest(parameterized.TestCase):

  @parameterized.product(
      pairing=('all', 'nearest', 'presynaptic', 'reduced'),
      zero_lag=('ignore', 'skip', 'depress', 'potentiate', 'both'),
  )
  def test_traces_sum_over_pairs(self, pairing, zero_lag):
    config = pair.Config(
        6.0, 9.0, 0.2, 0.3, delay=2, bounds='none', pairing=pairing,
        zero_lag=zero_lag,
    )  # fmt: skip
    pre, post = _trains(0)
    start = pair.initial_state(jnp.full((5, 4), 0.5), config)
    state, _ = _DENSE(start, pre, post, config)
    change = _SUM(pre, post, config)
    self.assertGreater(np.abs(change).max(), 0.1)
    np.testing.assert_allclose(state.weights - 0.5, change, atol=1e-5)

  @parameterized.product(
      order=_ORDERS, kind=(('event', 'all'), ('read', 'nearest'))
  )
  def test_four_forms_are_equal(self, order, kind):
    bounds, pairing = kind
    config = pair.Config(
        6.0, 9.0, 0.2, 0.3, 0.5, 1.0, delay=1, order=order, bounds=bounds,
        pairing=pairing, zero_lag='both',
    )  # fmt: skip
    pre, post = _trains(1)
    weights = jnp.full((5, 4), 0.5)
    dense, drive = _DENSE(
        pair.initial_state(weights, config), pre, post, config
    )
    late, late_drive = _DEFERRED(
        deferred.initial_state(weights, config), pre, post, config
    )
    np.testing.assert_array_equal(late_drive, drive)
    np.testing.assert_array_equal(late.current.weights, dense.weights)
    for capacity in (2, (9, 1), 9):
      few, few_drive = _EVENTS(
          events.initial_state(weights, config), pre, post, config, capacity
      )
      np.testing.assert_allclose(few_drive, drive, atol=1e-5)
      np.testing.assert_allclose(few.synapses.weights, dense.weights, atol=1e-5)
      arrived = np.concatenate([0 * post[:1], post[:-1]])
      rows, columns = np.broadcast_to(capacity, 2)
      over = (pre.sum(1) > rows) | (arrived.sum(1) > columns)
      self.assertEqual(few.overflows, over.sum())
      self.assertEqual(bool(few.overflows), capacity != 9)

  @hypothesis.settings(max_examples=10)
  @hypothesis.given(st.integers(0, 2**31))
  def test_shuffled_cells_have_shuffled_weights(self, seed):
    config = pair.Config(6.0, 9.0, 0.2, 0.3, zero_lag='both', delay=1)
    pre, post = _trains(seed)
    rng = np.random.default_rng(seed)
    rows, columns = rng.permutation(5), rng.permutation(4)
    start = pair.initial_state(jnp.full((5, 4), 0.5), config)
    plain = _DENSE(start, pre, post, config)[0].weights
    mixed = _DENSE(start, pre[:, rows], post[:, columns], config)[0].weights
    np.testing.assert_array_equal(mixed, plain[rows][:, columns])

  def test_what_a_form_cannot_do_is_refused(self):
    weights = jnp.zeros((2, 2))
    with self.assertRaisesRegex(ValueError, "got 'reduced'; use pair.step"):
      events.initial_state(weights, pair.Config(pairing='reduced'))
    state = events.initial_state(weights, pair.Config())
    wrong: list[Any] = [0, (2, 0), (1, 2, 3), 1.5]
    for capacity in wrong:
      with self.assertRaisesRegex(ValueError, 'capacity must be'):
        events.event_step(
            state, np.zeros(2), np.zeros(2), pair.Config(), capacity
        )
    spikes = np.zeros((3, 2), np.float32)
    with self.assertRaisesRegex(ValueError, 'do not depend on the weight'):
      pair_sum.pair_sum(spikes, spikes, pair.Config(mu_plus=1.0))
    with self.assertRaisesRegex(ValueError, 'post must be'):
      pair_sum.pair_sum(spikes, spikes[:2], pair.Config())


class TripletTest(absltest.TestCase):

  def test_without_triplets_it_is_the_pair_rule(self):
    config = triplet.Config(
        pair_plus=0.2, pair_minus=0.1, triplet_plus=0.0, triplet_minus=0.0,
        delay=1,
    )  # fmt: skip
    pairs = pair.Config(16.8, 33.7, 0.2, 0.1, delay=1)
    pre, post = _trains(2)
    weights = jnp.full((5, 4), 0.5)
    ours, drive = triplet.unroll(
        triplet.initial_state(weights, config), pre, post, config
    )
    theirs, expected = _DENSE(
        pair.initial_state(weights, pairs), pre, post, pairs
    )
    np.testing.assert_allclose(ours.weights, theirs.weights, atol=1e-6)
    np.testing.assert_allclose(drive, expected, atol=1e-5)

  def test_a_third_spike_adds_what_the_paper_says(self):
    config = triplet.Config(
        pair_plus=0.0, pair_minus=0.0, triplet_plus=0.3, triplet_minus=0.2
    )
    run = lambda pre, post: triplet.unroll(
        triplet.initial_state(jnp.full((1, 1), 0.5), config),
        np.isin(np.arange(9), pre)[:, None].astype(np.float32),
        np.isin(np.arange(9), post)[:, None].astype(np.float32),
        config,
    )[0].weights.item() - 0.5  # fmt: skip
    self.assertAlmostEqual(run([3], [7]), 0.0)
    up = 0.3 * np.exp(-4 / 16.8) * np.exp(-6 / 125.0)  # post, pre, post
    self.assertAlmostEqual(run([3], [1, 7]), up, 5)
    down = 0.2 * np.exp(-4 / 33.7) * np.exp(-6 / 101.0)  # pre, post, pre
    self.assertAlmostEqual(run([1, 7], [3]), -down, 5)

  def test_bounds_in_disorder_are_refused(self):
    with self.assertRaisesRegex(ValueError, 'w_max must be above w_min=2.0'):
      triplet.Config(w_min=2.0)


class RewardTest(absltest.TestCase):

  def _run(self, config, rewards, post=3):
    spikes = lambda t: (np.arange(12) == t)[:, None].astype(np.float32)
    start = reward.initial_state(jnp.full((1, 1), 0.5), config)
    state, drive = reward.unroll(
        start, spikes(1), spikes(post), rewards, config
    )
    return state, drive

  def test_reward_at_once_acts_on_what_is_left_of_eligibility(self):
    config = reward.Config(
        pair.Config(10.0, 10.0, 0.2, 0.3), 50.0, tau_reward=None
    )
    rewards = np.zeros(12, np.float32)
    state, drive = self._run(config, rewards)
    self.assertEqual(state.synapses.weights, 0.5)
    self.assertEqual(drive.sum(), 0.5)
    for size in (1.0, -0.5):
      rewards[8] = size
      state, _ = self._run(config, rewards)
      expected = 0.5 + size * 0.2 * np.exp(-2 / 10) * np.exp(-5 / 50)
      np.testing.assert_allclose(state.synapses.weights, expected, rtol=1e-5)
    state, _ = self._run(config, rewards, post=0)  # post before pre, punished
    expected = 0.5 + 0.5 * 0.3 * np.exp(-1 / 10) * np.exp(-7 / 50)
    np.testing.assert_allclose(state.synapses.weights, expected, rtol=1e-5)

  def test_a_modulator_decays_as_the_closed_form(self):
    config = reward.Config(
        pair.Config(10.0, 10.0, 0.2, 0.3), 50.0, 20.0, tau_weight=4.0
    )
    rewards = np.zeros(12, np.float32)
    rewards[5] = 0.3
    state, _ = self._run(config, rewards)
    lags = np.arange(12 - 5)
    eligible = 0.2 * np.exp(-2 / 10) * np.exp(-(lags + 2) / 50)
    expected = 0.5 + np.sum(eligible * 0.3 * np.exp(-lags / 20)) / 4
    np.testing.assert_allclose(state.synapses.weights, expected, rtol=1e-5)
    np.testing.assert_allclose(
        state.modulator, 0.3 * np.exp(-6 / 20), rtol=1e-5
    )

  def test_bounds_hold(self):
    config = reward.Config(pair.Config(a_plus=0.9), tau_reward=None)
    state, _ = self._run(config, np.full(12, 5.0, np.float32))
    self.assertEqual(state.synapses.weights, 1.0)


if __name__ == '__main__':
  absltest.main()
