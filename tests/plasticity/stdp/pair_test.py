"""The pair rule against spikes counted by hand, and the published memory."""

import itertools
import pathlib

from absl.testing import absltest
from absl.testing import parameterized
import hypothesis
from hypothesis import strategies as st
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.plasticity.stdp import deferred
from nmlib.plasticity.stdp import pair

_FIXTURES = pathlib.Path(__file__).parents[2] / 'fixtures'
_MEMORY = pair.Config(
    tau_plus=3.0, tau_minus=3.0, a_plus=6.0, a_minus=6.0, w_max=6.0, delay=1,
    zero_lag='depress',
)  # fmt: skip
_PAIRINGS = ('all', 'nearest', 'presynaptic', 'reduced')
_ZERO_LAGS = ('ignore', 'depress', 'potentiate', 'both')
_RUN = jax.jit(pair.unroll, static_argnums=3)
_SHOWN = jax.jit(deferred.weights_at, static_argnums=2)
_RUN_DEFERRED = jax.jit(deferred.unroll, static_argnums=3)


def _pairs(pre, post, config):
  """Yields (lag in steps, of the later spike's side) of the pairs that count.

  Args:
    pre: times at the synapse.
    post: likewise.
    config: of the rule.
  """
  up_at_0 = config.zero_lag in ('potentiate', 'both')
  down_at_0 = config.zero_lag in ('depress', 'both')
  for t, s in itertools.product(pre, post):
    lag = s - t
    if lag > 0 or (lag == 0 and up_at_0):
      # Events that would make a closer pair with one of the two.
      pre_between = [p for p in pre if t < p and (p < s or p == s and up_at_0)]
      post_between = [
          q for q in post if q < s and (t < q or q == t and up_at_0)
      ]
      kept = {
          'all': True, 'nearest': not pre_between,
          'presynaptic': not post_between,
          'reduced': not pre_between and not post_between,
      }  # fmt: skip
      if kept[config.pairing]:
        yield 'up', lag
    if lag < 0 or (lag == 0 and down_at_0):
      post_between = [
          q for q in post if s < q and (q < t or q == t and down_at_0)
      ]
      pre_between = [
          p for p in pre if p < t and (s < p or p == s and down_at_0)
      ]
      kept = {
          'all': True, 'nearest': not post_between,
          'presynaptic': not post_between,
          'reduced': not pre_between and not post_between,
      }  # fmt: skip
      if kept[config.pairing]:
        yield 'down', -lag


def _by_hand(pre, post, config):
  """Returns the change [N, M] of weights by a loop over pairs of spikes."""
  change = np.zeros((pre.shape[1], post.shape[1]))
  late = config.delay, 0
  pre_late, post_late = late if config.delay_side == 'axonal' else late[::-1]
  for i, j in np.ndindex(*change.shape):
    times = (
        np.flatnonzero(pre[:, i]) + pre_late,
        np.flatnonzero(post[:, j]) + post_late,
    )
    within = [[t for t in side if t < len(pre)] for side in times]
    for way, lag in _pairs(*within, config):
      if way == 'up':
        change[i, j] += config.a_plus * np.exp(-lag / config.tau_plus)
      else:
        change[i, j] -= config.a_minus * np.exp(-lag / config.tau_minus)
  return change


def _trains(seed, steps=24, sizes=(2, 3), rate=0.35):
  rng = np.random.default_rng(seed)
  return [(rng.random((steps, n)) < rate).astype(np.float32) for n in sizes]


class PairTest(parameterized.TestCase):

  @parameterized.product(
      pairing=_PAIRINGS, zero_lag=_ZERO_LAGS, side=('dendritic', 'axonal')
  )
  def test_equals_a_loop_over_pairs_of_spikes(self, pairing, zero_lag, side):
    for delay in (0, 2):
      config = pair.Config(
          5.0, 8.0, 0.3, 0.2, delay=delay, delay_side=side, pairing=pairing,
          zero_lag=zero_lag, bounds='none',
      )  # fmt: skip
      pre, post = _trains(3)
      start = pair.initial_state(jnp.zeros((2, 3)), config)
      state, _ = _RUN(start, pre, post, config)
      expected = _by_hand(pre, post, config)
      np.testing.assert_allclose(state.weights, expected, atol=1e-5)

  @parameterized.product(
      experiment=('exp1', 'exp3'),
      name=(
          ('CueCue', 'ContCue', 'final_w_cue_to_cont'),
          ('ContCont', 'CueCont', 'final_w_cont_to_cue'),
      ),
  )
  def test_deferred_weights_are_those_of_the_published_memory(
      self, experiment, name
  ):
    with np.load(_FIXTURES / 'snn_peers_cam.npz') as arrays:
      pre, post, weights = (arrays[f'{experiment}/{n}'] for n in name)
    start = deferred.initial_state(jnp.zeros(weights.shape), _MEMORY)
    state, _ = _RUN_DEFERRED(start, pre, post, _MEMORY)
    np.testing.assert_allclose(state.stored, weights, atol=1e-5)

  @hypothesis.settings(max_examples=20)
  @hypothesis.given(
      st.integers(0, 2**31),
      st.sampled_from(('post_first', 'pre_first', 'together')),
      st.sampled_from(('event', 'read')),
  )
  def test_deferred_delivers_what_the_immediate_rule_does(
      self, seed, order, bounds
  ):
    config = pair.Config(
        5.0, 8.0, 0.4, 0.5, 0.3, 1.0, delay=1, order=order, bounds=bounds
    )
    pre, post = _trains(seed)
    weights = jnp.full((2, 3), 0.5)
    now, delivered = _RUN(
        pair.initial_state(weights, config), pre, post, config
    )
    late, also = _RUN_DEFERRED(
        deferred.initial_state(weights, config), pre, post, config
    )
    np.testing.assert_array_equal(also, delivered)
    shown = _SHOWN(late, len(pre), config)
    np.testing.assert_array_equal(shown, now.weights)
    # One more postsynaptic spike may be on its way, and none later.
    silence = [jnp.zeros((4, n)) for n in (2, 3)]
    then, _ = _RUN(now, *silence, config)
    np.testing.assert_array_equal(
        _SHOWN(late, len(pre) + 4, config), then.weights
    )

  @parameterized.parameters('event', 'read')
  def test_bounds_hold_and_are_reached(self, bounds):
    config = pair.Config(5.0, 8.0, 0.9, 0.4, w_min=0.2, bounds=bounds)

    @jax.jit
    def stored(pre, post):
      def step(state, spikes):
        state, _ = deferred.deferred_step(state, *spikes, config)
        return state, state.stored

      start = deferred.initial_state(jnp.full((2, 3), 0.5), config)
      return jax.lax.scan(step, start, (pre, post))[1]

    weights = np.asarray(stored(*_trains(5, steps=60)))
    self.assertEqual((weights.min(), weights.max()), (np.float32(0.2), 1))

  def test_multiplicative_changes_shrink_towards_their_bound(self):
    config = pair.Config(5.0, 5.0, 0.5, 0.5, 1.0, 1.0, w_max=4.0)
    one, none = jnp.ones(1), jnp.zeros(1)
    for weight in (0.0, 1.0, 4.0):
      state = pair.initial_state(jnp.full((1, 1), weight), config)
      state, _ = pair.step(state, one, none, config)
      state, _ = pair.step(state, none, one, config)
      grown = 0.5 * (1 - weight / 4) * np.exp(-1 / 5)
      np.testing.assert_allclose(state.weights, weight + grown, rtol=1e-6)

  def test_a_vmapped_batch_shares_no_traces(self):
    config = pair.Config(delay=1)
    trains = [_trains(seed) for seed in range(3)]
    pre, post = (jnp.stack(side) for side in zip(*trains, strict=True))
    start = pair.initial_state(jnp.full((2, 3), 0.5), config)
    run = lambda p, q: pair.unroll(start, p, q, config)[0].weights
    loop = [run(p, q) for p, q in zip(pre, post, strict=True)]
    np.testing.assert_allclose(jax.vmap(run)(pre, post), loop, rtol=1e-6)

  @parameterized.parameters(
      (dict(w_min=1.0, w_max=0.5), r'w_max must be above w_min=1.0, got 0.5'),
      (dict(delay=-1), 'delay must be'),
      (dict(tau_plus=0.0), 'tau_plus must be'),
      (dict(pairing='some'), 'pairing must be one of'),
      (dict(decay='euler', tau_minus=0.5), 'tau_minus must be at least dt'),
  )
  def test_bad_settings_are_refused(self, fields, message):
    with self.assertRaisesRegex(ValueError, message):
      pair.Config(**fields)

  def test_bad_input_is_refused(self):
    config = pair.Config()
    state = pair.initial_state(jnp.zeros((2, 3)), config)
    with self.assertRaisesRegex(
        ValueError, r'pre must be spikes.*got 2.*\[1\]'
    ):
      pair.step(state, jnp.array([0.0, 2.0]), jnp.zeros(3), config)
    with self.assertRaisesRegex(ValueError, r'post must be \[postsynaptic_cel'):
      pair.step(state, jnp.zeros(2), jnp.zeros(2), config)
    with self.assertRaisesRegex(ValueError, r'weights must be in \[0.0, 1.0\]'):
      pair.initial_state(jnp.full((2, 3), 1.5), config)
    with self.assertRaisesRegex(ValueError, 'weights must be floats'):
      pair.initial_state(jnp.zeros(3), config)
    late = deferred.initial_state(jnp.zeros((2, 3)), config)
    late, _ = deferred.deferred_step(late, jnp.zeros(2), jnp.ones(3), config)
    with self.assertRaisesRegex(ValueError, 't must be at least 1'):
      deferred.weights_at(late, 0, config)


if __name__ == '__main__':
  absltest.main()
