"""The whole loop: the authors' simulation, its fixed point, that it learns."""

import dataclasses
import functools

from absl.testing import absltest
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.analysis.spikes import distances
from nmlib.analysis.spikes import pairing
from nmlib.networks.spiking import spike_learner
from nmlib.plasticity import presynaptic_pool

_N, _T = 60, 600
_CONFIG = spike_learner.Config(
    _N,
    local=presynaptic_pool.Config(1e-5),
    global_step=2e-9,
    shrink_every=2,
    capacity=64,
)
_learn = jax.jit(spike_learner.learn, static_argnames='config')
_simulate = jax.jit(spike_learner.simulate, static_argnames='config')
_smoothed = jax.jit(
    functools.partial(distances.smoothed, kernel=distances.gaussian_kernel())
)


def _trial(seed):
  who, first, second, noise = jax.random.split(jax.random.key(seed), 4)
  signs = jnp.where(jax.random.permutation(who, _N) < _N // 5, -1.0, 1.0)
  draw = lambda key: signs[None] * jax.random.uniform(key, (_N, _N))
  drive = 0.025 + 0.01 * jax.random.normal(noise, (_T, _N))
  reference, naive = 6e-3 * draw(first), 3e-3 * draw(second)
  spikes = _simulate(reference, drive, config=_CONFIG)
  return reference, naive, signs, drive, spikes


def _run(seed, loops, config=_CONFIG):
  _, naive, signs, drive, spikes = _trial(seed)
  state = spike_learner.initial_state(jax.random.key(seed), naive, config)
  target = pairing.spike_times(spikes, 64)
  for _ in range(loops - 1):
    state, _ = _learn(state, target, drive, signs, config=config)
  return _learn(state, target, drive, signs, config=config)


class SpikeLearnerTest(absltest.TestCase):

  def test_simulation_is_the_authors_euler_step(self):
    reference, _, _, drive, _ = _trial(0)
    w, i, drive = np.asarray(reference, np.float64), [], np.asarray(drive)
    v = np.zeros(_N)
    for x in drive[:200].astype(np.float64):
      fires = v > 0.03
      d = w @ fires + x
      v = np.where(fires, 0.09 * d, v + 0.09 * (d - v))
      i.append(fires)
    self.assertGreater(np.sum(i), 20)
    ours = _simulate(reference, drive[:200], config=_CONFIG)
    np.testing.assert_array_equal(ours, i)

  def test_true_weights_are_a_fixed_point(self):
    reference, _, signs, drive, spikes = _trial(1)
    state = spike_learner.initial_state(jax.random.key(0), reference, _CONFIG)
    target = pairing.spike_times(spikes, 64)
    after, counts = _learn(state, target, drive, signs, config=_CONFIG)
    self.assertEqual(int(counts.surplus + counts.missing + counts.dropped), 0)
    np.testing.assert_array_equal(after.weights, reference)
    np.testing.assert_array_equal(after.control, reference)

  def test_window_shrinks_as_the_authors_does(self):
    config = spike_learner.Config()
    of = [int(spike_learner.max_distance(i, config)) for i in range(400)]
    self.assertEqual((of[0], of[14], of[15], of[149]), (14, 14, 13, 5))
    self.assertEqual((of[209], of[210], of[399]), (1, 0, 0))

  def test_trains_become_alike_and_signs_stay(self):
    for seed in range(5):
      _, naive, signs, drive, spikes = _trial(seed)
      state, _ = _run(seed, 20)
      apart = [
          _smoothed(_simulate(weights, drive, config=_CONFIG), spikes)
          for weights in (naive, state.weights)
      ]
      before, after = (float(one.per_neuron.sum()) for one in apart)
      self.assertLess(after, 0.9 * before, seed)
      for weights in (state.weights, state.control):
        self.assertGreaterEqual(float((weights * signs[None]).min()), 0)

  def test_variants_leave_a_rule_out(self):
    _, naive, signs, *_ = _trial(0)
    alone = dataclasses.replace(_CONFIG, local=None)
    state, counts = _run(0, 1, alone)
    missing = _trial(0)[-1].sum() - counts.spikes
    shifted = np.asarray(naive + 2e-9 * missing)
    kept = np.where(shifted * np.asarray(signs) >= 0, shifted, 0)
    np.testing.assert_allclose(state.weights, kept, atol=1e-10)
    np.testing.assert_array_equal(state.weights, state.control)
    local = dataclasses.replace(_CONFIG, global_step=0.0, has_control=False)
    state, counts = _run(0, 1, local)
    np.testing.assert_array_equal(state.control, naive)
    self.assertGreater(float(jnp.abs(state.weights - naive).max()), 0)

  def test_vmap_is_a_loop(self):
    learn = functools.partial(spike_learner.learn, config=_CONFIG)
    trials = [_trial(seed) for seed in (0, 1)]
    given = [
        (
            spike_learner.initial_state(jax.random.key(3), trial[1], _CONFIG),
            pairing.spike_times(trial[4], 64),
            trial[3],
            trial[2],
        )
        for trial in trials
    ]
    stacked = jax.tree.map(lambda *a: jnp.stack(a), *given)
    together, counts = jax.jit(jax.vmap(learn))(*stacked)
    for i, one in enumerate(given):
      alone, of_one = _learn(*one, config=_CONFIG)
      np.testing.assert_allclose(together.weights[i], alone.weights, atol=1e-9)
      np.testing.assert_allclose(together.control[i], alone.control, atol=1e-9)
      self.assertEqual(int(counts.missing[i]), int(of_one.missing))

  def test_bad_input(self):
    _, naive, _, drive, _ = _trial(0)
    with self.assertRaisesRegex(ValueError, r'drive must be \[T, num_units=60'):
      spike_learner.simulate(naive, drive[:, :3], _CONFIG)
    with self.assertRaisesRegex(ValueError, r'weights must be \[to=60'):
      spike_learner.initial_state(jax.random.key(0), naive[1:], _CONFIG)
    with self.assertRaisesRegex(ValueError, 'leak must be in'):
      spike_learner.Config(leak=1.0)


if __name__ == '__main__':
  absltest.main()
