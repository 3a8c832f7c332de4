"""The local rule: the authors' loops, spike by spike, and what follows."""

from absl.testing import absltest
import hypothesis
from hypothesis import strategies as st
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.initializers import dale
from nmlib.plasticity import presynaptic_pool

_N, _T = 6, 60
_local = jax.jit(presynaptic_pool.local_update, static_argnames='config')
_control = jax.jit(presynaptic_pool.control_update, static_argnames='config')


def _case(seed, scale=3.0):
  """Spikes, signs, weights near 0, and events of random spikes."""
  rng = np.random.default_rng(seed)
  config = presynaptic_pool.Config(step_size=1.0, reach=5)
  spikes = jnp.asarray(rng.random((_T, _N)) < 0.1, float)
  signs = np.where(np.arange(_N) < 2, -1.0, 1.0)
  weights = signs * scale * rng.random((_N, _N))
  lone = lambda: jnp.asarray(np.sort(rng.integers(-20, _T, (_N, 4)), 1))
  happened = presynaptic_pool.events(lone(), lone(), config)
  pools = presynaptic_pool.pool(spikes, config.reach)
  as_jax = jnp.asarray(weights, jnp.float32), jnp.asarray(signs, jnp.float32)
  return config, spikes, *as_jax, happened, pools


def _draws(key, row, event, config):
  key = jax.random.fold_in(jax.random.fold_in(key, row), event)
  draw = lambda key: np.asarray(jax.random.bits(key, (_N,), jnp.uint32))
  return draw(key) % config.draws, draw(jax.random.fold_in(key, 1)) % _N**2


def _authors_loop(key, weights, happened, spikes, signs, config):
  """Neuron by neuron, spike by spike, synapse by synapse; and the control."""
  weights, control = np.array(weights, float), np.array(weights, float)
  times, kinds = np.asarray(happened.times), np.asarray(happened.signs)
  clip = lambda value, j: max(value, 0) if signs[j] > 0 else min(value, 0)
  for i in range(_N):
    for e in range(times.shape[1]):
      if not kinds[i, e]:
        continue
      size, place = _draws(key, i, e, config)
      t = times[i, e]
      for j in range(_N):
        if np.any(np.asarray(spikes)[max(t - config.reach, 0) : t, j]):
          q = kinds[i, e] * config.step_size * size[j]
          weights[i, j] = clip(weights[i, j] + q, j)
          a, b = divmod(int(place[j]), _N)
          control[a, b] = clip(control[a, b] + q, b)
  return weights, control


class PresynapticPoolTest(absltest.TestCase):

  @hypothesis.given(st.integers(0, 1000))
  @hypothesis.settings(max_examples=10)
  def test_equals_the_authors_loop_with_a_clip_each_spike(self, seed):
    config, spikes, weights, signs, happened, pools = _case(seed)
    key = jax.random.key(seed)
    given = happened, pools, signs
    rows, control = _authors_loop(key, weights, happened, spikes, signs, config)
    np.testing.assert_allclose(
        _local(key, weights, *given, config=config), rows, atol=1e-5
    )
    np.testing.assert_allclose(
        _control(key, weights, *given, config=config),
        control,
        atol=1e-5,
    )

  def test_control_takes_the_same_steps_where_nothing_is_clipped(self):
    config, _, weights, signs, happened, pools = _case(0)
    weights = weights + 1e3 * signs[None]
    key = jax.random.key(0)
    given = happened, pools, signs
    moved = _local(key, weights, *given, config=config) - weights
    control = _control(key, weights, *given, config=config) - weights
    self.assertGreater(float(jnp.abs(moved).max()), 0)
    np.testing.assert_allclose(moved.sum(), control.sum(), atol=1e-2)
    # And one step for all events is as good as one after another.
    once = np.zeros((_N, _N))
    for i, e in np.argwhere(np.asarray(happened.signs)):
      size, _ = _draws(key, i, e, config)
      pooled = np.asarray(pools)[happened.times[i, e]]
      once[i] += np.asarray(happened.signs)[i, e] * size * pooled
    np.testing.assert_allclose(moved, once, atol=1e-3)

  def test_clipping_once_at_the_end_is_another_rule(self):
    config, _, weights, signs, happened, pools = _case(3, scale=0.5)
    given = happened, pools, signs
    ours = _local(jax.random.key(0), weights, *given, config=config)
    far = weights + 1e3 * signs[None]
    steps = _local(jax.random.key(0), far, *given, config=config) - far
    late = dale.project(weights + steps, signs)
    self.assertGreater(float(jnp.abs(ours - late).max()), 0.5)

  def test_one_surplus_spike_lowers_its_pool_by_at_most_nine_steps(self):
    config = presynaptic_pool.Config(step_size=0.01, reach=5)
    spikes = jnp.zeros((_T, _N)).at[30, 1].set(1.0).at[33, 4].set(1.0)
    spikes = spikes.at[35, 0].set(1.0).at[29, 5].set(1.0)  # too late, early
    pools = presynaptic_pool.pool(spikes, 5)
    surplus = jnp.full((_N, 3), -1).at[2, 0].set(35)
    happened = presynaptic_pool.events(surplus, jnp.full((_N, 1), -1), config)
    weights = jnp.ones((_N, _N))
    keys = jax.random.split(jax.random.key(0), 400)
    after = jax.vmap(
        lambda key: _local(
            key, weights, happened, pools, jnp.ones(_N), config=config
        )
    )(keys)
    changed = np.zeros((_N, _N), bool)
    changed[2, [1, 4]] = True
    steps = np.asarray(after - 1)
    np.testing.assert_array_equal(np.any(steps, 0), changed)
    self.assertGreaterEqual(steps.min(), -0.09 - 1e-6)
    self.assertLessEqual(steps.max(), 0)
    mean = steps[:, changed].mean()
    # 4.5 steps expected; the deviation of the mean of 800 draws is 0.1.
    self.assertAlmostEqual(mean / 0.01, -4.5, delta=0.4)

  def test_pool_is_who_fired_in_the_window_before(self):
    _, spikes, *_ = _case(5)
    for reach in (1, 4, 100):
      expected = [
          np.any(np.asarray(spikes)[max(t - reach, 0) : t], 0)
          for t in range(_T)
      ]
      np.testing.assert_array_equal(
          presynaptic_pool.pool(spikes, reach), expected
      )

  def test_surplus_spikes_of_the_first_steps_are_left_out(self):
    config = presynaptic_pool.Config(reach=5)
    surplus, missing = jnp.array([[3, 5, 6, -1]]), jnp.array([[-1, 2, 9]])
    happened = presynaptic_pool.events(surplus, missing, config)
    np.testing.assert_array_equal(happened.signs, [[-1, 1, 1, 0, 0, 0, 0]])
    np.testing.assert_array_equal(happened.times[0, :3], [6, 2, 9])

  def test_bad_input(self):
    config, _, weights, signs, happened, pools = _case(0)
    with self.assertRaisesRegex(ValueError, "against Dale's law"):
      presynaptic_pool.local_update(
          jax.random.key(0), -weights, happened, pools, signs, config
      )
    with self.assertRaisesRegex(ValueError, 'weights must be'):
      presynaptic_pool.control_update(
          jax.random.key(0), weights[:2], happened, pools, signs, config
      )
    with self.assertRaisesRegex(ValueError, 'step_size must be at least 0'):
      presynaptic_pool.Config(step_size=-1.0)
    with self.assertRaisesRegex(ValueError, 'reach must be at least 1'):
      presynaptic_pool.pool(jnp.zeros((3, 2)), 0)


if __name__ == '__main__':
  absltest.main()
