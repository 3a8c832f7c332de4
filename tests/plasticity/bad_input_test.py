# pyrefly: ignore-errors
# Wrong types are what is tested.
"""What plasticity refuses, in one sentence that names it, and what it takes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nmlib.neurons.delays import ring
from nmlib.plasticity import homeostasis
from nmlib.plasticity import presynaptic_pool
from nmlib.plasticity import self_regulation
from nmlib.plasticity.presets import nest
from nmlib.plasticity.presets import spynnaker
from nmlib.plasticity.stdp import deferred
from nmlib.plasticity.stdp import events
from nmlib.plasticity.stdp import pair
from nmlib.plasticity.stdp import pair_sum
from nmlib.plasticity.stdp import reward

_RULE = pair.Config()
_FREE = pair.Config(bounds='none')
_PRE = np.array([[1.0, 0], [0, 1], [0, 0], [0, 0], [1, 0]])
_POST = np.array([[0.0], [1], [0], [1], [0]])
_SIGNS = np.array([1.0, -1])
_WEIGHTS = np.array([[0.2, -0.3], [0.1, -0.4]])
_LEARNER = self_regulation.Config(
    num_inputs=3, hidden=(4,), num_classes=4, first_raising=2, batch_size=2,
    num_remembered=2,
)  # fmt: skip


@pytest.mark.parametrize('rule', [_RULE, _FREE])
def test_weights_that_are_nan_are_refused(rule):
  with pytest.raises(ValueError, match='got values from nan to nan'):
    pair.initial_state(np.full((2, 1), np.nan), rule)


def test_a_population_may_be_empty():
  state = pair.initial_state(np.zeros((0, 1)), _RULE)
  _, drive = pair.unroll(state, _PRE[:, :0], _POST, _RULE)
  np.testing.assert_array_equal(drive, np.zeros((5, 1)))
  reward.initial_state(np.zeros((0, 1)), reward.Config())


@pytest.mark.parametrize('dtype', [bool, np.int8, np.uint8, np.float16])
def test_sum_over_pairs_takes_spikes_of_any_dtype(dtype):
  found = pair_sum.pair_sum(_PRE.astype(dtype), _POST.astype(dtype), _RULE)
  decay = lambda lag: np.exp(-lag / 20)
  expected = [  # of the first cell two pairs, then one of each spike before it
      0.01 * (decay(1) + decay(3) - decay(3) - decay(1)),
      0.01 * decay(2),
  ]
  np.testing.assert_allclose(found[:, 0], expected, atol=1e-7)


def test_sum_over_pairs_counts_lags_that_do_not_fit_in_a_byte():
  spikes = np.zeros((301, 1), np.int8)
  first, last = spikes.copy(), spikes.copy()
  first[0], last[300] = 1, 1
  rule = pair.Config(tau_plus=100.0)
  found = pair_sum.pair_sum(first, last, rule)
  np.testing.assert_allclose(found, 0.01 * np.exp(-3), rtol=1e-5)


@pytest.mark.parametrize(
    'pre, post, message',
    [
        (_PRE[:, 0], _POST, r'pre must be \[T, N\], got shape \[5\]'),
        (_PRE, _POST[:3], r'post must be \[steps=5, M=1\], got shape \[3, 1\]'),
    ],
)
def test_sum_over_pairs_refuses_shapes(pre, post, message):
  with pytest.raises(ValueError, match=message):
    pair_sum.pair_sum(pre, post, _RULE)


@pytest.mark.parametrize(
    'call, message',
    [
        (lambda: ring.steps(np.nan, 0.1), 'whole number of steps.*got nan'),
        (lambda: ring.steps(np.inf, 0.1), 'whole number of steps.*got inf'),
        (lambda: ring.steps(1, 0), 'dt must be positive and finite, got 0'),
        (lambda: nest.stdp(resolution=-0.1), 'dt must be positive.*got -0.1'),
        (
            lambda: spynnaker.stdp(weight_dependence='linear'),  # pyrefly: ignore
            "weight_dependence must be one of.*got 'linear'",
        ),
        (
            lambda: deferred.weights_at(
                deferred.initial_state(np.ones((1, 1)), _RULE), np.nan, _RULE
            ),
            't must be at least 0, the present, got nan',
        ),
        (
            lambda: deferred.weights_at(
                deferred.initial_state(np.ones((1, 1)), _RULE), 2.5, _RULE
            ),
            't must be a whole number, got 2.5',
        ),
        (
            lambda: deferred.weights_at(
                deferred.initial_state(np.ones((1, 1)), _RULE), 2**31, _RULE
            ),
            r't must be below 2\*\*31 steps, got 2147483648',
        ),
        (
            lambda: pair.step(
                pair.initial_state(np.ones((2, 1)), _RULE), _PRE[0], _POST[0],
                pair.Config(delay=2),
            ),
            "another pairing, delay or delay_side than 'all', 2 and 'dend",
        ),
        (
            lambda: events.event_step(
                events.initial_state(np.ones((2, 1)), _RULE), _PRE[0],
                _POST[0], pair.Config(pairing='reduced'), 2,
            ),
            "another pairing, delay or delay_side than 'reduced', 0",
        ),
        (
            lambda: pair.step(
                pair.initial_state(np.ones((2, 1)), _RULE), _PRE[0], _POST[0],
                pair.Config(depression=lambda w: w[:, 0]),
            ),
            r'depression must return a number for each weight.*shape \[2\]',
        ),
        (
            lambda: reward.unroll(
                reward.initial_state(np.ones((2, 1)), reward.Config()),
                _PRE, _POST, 1.0, reward.Config(),
            ),
            r'reward must be an array \[steps=5\], got a float',
        ),
        (
            lambda: reward.step(
                reward.initial_state(np.ones((2, 1)), reward.Config()),
                _PRE[0], _POST[0], np.ones(2), reward.Config(),
            ),
            r'reward must be \[\], got shape \[2\]',
        ),
    ],
)  # fmt: skip
def test_steps_and_presets(call, message):
  with pytest.raises(ValueError, match=message):
    call()


@pytest.mark.parametrize(
    'call, message',
    [
        (lambda: homeostasis.joint(np.ones(2), np.ones(0), 1), 'got none'),
        (lambda: homeostasis.joint(np.ones(2), np.ones(1), -1), 'got -1'),
        (lambda: homeostasis.joint(np.ones(2), np.array(np.nan), 1), 'got nan'),
        (lambda: homeostasis.rate(np.ones(2), 1, 1, np.nan), 'got nan'),
        (
            lambda: homeostasis.sequential(np.ones(2), np.ones(2), 1),
            r'drive must be \[\], got shape \[2\]',
        ),
        (
            lambda: homeostasis.additive(-_WEIGHTS, 1, 0.1, _SIGNS),
            "column 0 has weights.*against Dale's law; 2 columns do",
        ),
        (
            lambda: homeostasis.additive(_WEIGHTS, 1, 0.1, np.ones(3)),
            r'must be \[M, N=3\], got shape \[2, 2\]',
        ),
    ],
)
def test_homeostasis(call, message):
  with pytest.raises(ValueError, match=message):
    call()


def test_homeostasis_of_lists():
  found = homeostasis.joint([1.0, 2.0], [2.0, 4.0], 6.0)
  np.testing.assert_allclose(found, [3, 6])
  np.testing.assert_allclose(homeostasis.rate([2.0], 3.0, 2.0, 0.1), [1.8])


def test_homeostasis_by_traced_rates():
  found = jax.jit(homeostasis.rate)(jnp.ones(2), 3.0, 2.0, 0.1)
  np.testing.assert_allclose(found, 0.9)


def _pool_update(update, surplus=((4,), (-1,)), pools=None, weights=_WEIGHTS):
  config = presynaptic_pool.Config(0.01, reach=3)
  events = presynaptic_pool.events(
      np.array(surplus), np.zeros((2, 0), int), config
  )
  pools = np.ones((5, 2), bool) if pools is None else pools
  key = jax.random.key(0)
  return update(key, weights, events, pools, _SIGNS, config)


@pytest.mark.parametrize(
    'update',
    [presynaptic_pool.local_update, presynaptic_pool.control_update],
)
def test_presynaptic_pool(update):
  for given, message in (
      ({'pools': np.ones((5, 3), bool)}, r'pools must be \[T, source=2\]'),
      ({'pools': np.ones((4, 2), bool)}, r'times of events must be in \[0, 4'),
      ({'weights': np.array([[1, -1], [0, 0]])}, 'weights must be floats'),
      ({'weights': -_WEIGHTS}, "against Dale's law"),
      ({'surplus': ((4.0,), (5.0,))}, 'surplus must be whole steps'),
  ):
    with pytest.raises(ValueError, match=message):
      _pool_update(update, **given)
  nothing = np.zeros((2, 0), int)
  np.testing.assert_array_equal(_pool_update(update, nothing), _WEIGHTS)
  lost = np.array([[np.nan, -0.3], [0.1, -0.4]])
  assert np.isnan(_pool_update(update, weights=lost)[0, 0])


def test_learner_takes_numpy_and_refuses_unknown_labels():
  params = self_regulation.init(jax.random.key(0), _LEARNER)
  rng = np.random.default_rng(0)
  images, labels = rng.random((6, 3)), np.arange(6, dtype=np.uint8) % 4
  order, swaps = np.arange(6).reshape(3, 2), np.array([[0, 1], [2, 2], [1, 3]])
  run = lambda *given: self_regulation.run(params, *given, _LEARNER)
  state, record = run(images, labels, swaps)
  again, same = run(*map(jnp.asarray, (images, labels, swaps)))
  jax.tree.map(np.testing.assert_array_equal, (state, record), (again, same))
  np.testing.assert_array_equal(state.permutation, [3, 0, 2, 1])
  coins = np.zeros((3, 1))
  start = self_regulation.initial_state(params, _LEARNER)
  batch = self_regulation.Batch(images[:2], labels[:2], swaps[0], coins[0])
  stream = lambda labels, order, swaps: self_regulation.unroll(
      start, images, labels, order, swaps, coins, _LEARNER
  )
  for call, message in (
      (lambda: stream(labels + 1, order, swaps), 'labels must be in.*got 4'),
      (lambda: stream(labels, order + 1, swaps), 'order must be in.*got 6'),
      (lambda: stream(labels, order, swaps + 1), 'swaps must be in.*got 4'),
      (lambda: stream(labels, order, swaps[:2]), 'swaps must be .minibatch'),
      (
          lambda: self_regulation.step(
              start, batch._replace(labels=np.array([4, 0])), _LEARNER
          ),
          'labels must be in.*got 4',
      ),
      (
          lambda: self_regulation.step(
              start, batch._replace(swap=np.array([0, 4])), _LEARNER
          ),
          'swap must be in.*got 4',
      ),
      (
          lambda: self_regulation.accuracy(start, images, labels + 1),
          'labels must be in.*got 4',
      ),
      (
          lambda: self_regulation.accuracy(start, images[:0], labels[:0]),
          'at least one image, got none',
      ),
      (
          lambda: run(images[:0], labels[:0], swaps[:0]),
          'at least one image, got none',
      ),
      (
          lambda: self_regulation.initial_state(params, _LEARNER, rate=np.nan),
          'rate must be positive, got nan',
      ),
      (
          lambda: self_regulation.initial_state(
              params, _LEARNER, step_ratio=-1.0
          ),
          'step_ratio must be at least 0, got -1.0',
      ),
      (
          lambda: self_regulation.exchange(start.permutation, np.array([0, 4])),
          'swap must be in.*got 4',
      ),
  ):
    with pytest.raises(ValueError, match=message):
      call()
