"""The swimmer's task against dm_control, and what it refuses."""

import dataclasses
import functools
import pathlib

from absl.testing import absltest
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.environments import contract
from nmlib.environments import planar_chain
from nmlib.environments import swimmer
from nmlib.networks import ncap

_PATH = pathlib.Path(__file__).parents[1] / 'fixtures/ncap_swimmer_physics.npz'
_DOUBLE = dataclasses.replace(
    swimmer.Config(), chain=planar_chain.Config(6, dtype='float64')
)


@functools.cache
def _official() -> dict[str, np.ndarray]:
  with np.load(_PATH) as arrays:
    return {k[6:]: arrays[k] for k in arrays if k.startswith('n6_s0/')}


def _swim(config, start, steps):
  """Swims by the untrained circuit; returns what each step answered."""
  circuit = ncap.Config(config.num_joints, param_dtype='float64')
  params = ncap.init(jax.random.key(0), circuit)

  def advance(state, _):
    action = ncap.apply(params, state.chain.qpos[3:], state.elapsed, circuit)
    found = swimmer.step(jax.random.key(0), state, action, config)
    return found.state, (action, found)

  return jax.jit(lambda s: jax.lax.scan(advance, s, None, steps)[1])(start)


class SwimmerTest(absltest.TestCase):

  def test_episode_in_closed_loop_is_that_of_mujoco(self):
    found = _official()
    with jax.enable_x64(True):
      body = planar_chain.state_from(found['qpos0'], np.zeros(8), _DOUBLE.chain)
      start = swimmer.State(body, jnp.zeros((), jnp.int32))
      actions, steps = _swim(_DOUBLE, start, 1000)
      first = slice(0, 200)
      np.testing.assert_allclose(
          steps.state.chain.qpos[first], found['qpos'], atol=1e-5
      )
      np.testing.assert_allclose(actions[first], found['actions'], atol=1e-5)
      np.testing.assert_allclose(
          steps.observation[first, 5:23], found['body_velocities'][1:],
          atol=1e-5,
      )  # fmt: skip
      np.testing.assert_allclose(
          steps.reward[first], found['rewards'][first], atol=1e-5
      )
      self.assertAlmostEqual(
          float(steps.reward.sum()), float(found['return']), delta=1
      )
      self.assertFalse(np.any(steps.terminated | steps.truncated))

  def test_reset_is_at_rest_within_the_limits(self):
    config = swimmer.with_links(4)
    keys = jax.random.split(jax.random.key(0), 200)
    seen, states = jax.vmap(lambda k: swimmer.reset(k, config))(keys)
    self.assertEqual(seen.shape, (200, config.observation_size))
    bends = np.abs(states.chain.qpos[:, 3:])
    self.assertBetween(bends.max(), 0.95 * np.pi / 2, np.pi / 2)
    self.assertBetween(
        np.abs(states.chain.qpos[:, 2]).max(), 0.95 * np.pi, np.pi
    )
    np.testing.assert_array_equal(states.chain.qpos[:, :2], 0)
    np.testing.assert_array_equal(states.chain.qvel, 0)
    np.testing.assert_array_equal(seen[:, -1], -1)

  def test_time_is_seen_and_read_back(self):
    config = swimmer.with_links(2)
    _, state = swimmer.reset(jax.random.key(0), config)
    for t in (0, 1, 333, 999):
      late = state._replace(elapsed=jnp.array(t))
      angles, when = swimmer.joints_and_time(
          swimmer.observe(late, config), config
      )
      self.assertEqual(when, t)
      np.testing.assert_array_equal(angles, state.chain.qpos[3:])
    blind = dataclasses.replace(config, sees_time=False)
    self.assertLen(swimmer.observe(state, blind), 7)
    with self.assertRaisesRegex(ValueError, 'sees_time must be True'):
      swimmer.joints_and_time(jnp.zeros(7), blind)

  def test_reward_is_of_speed_towards_the_nose(self):
    config = swimmer.with_links(3)
    for speed, reward in ((0.05, 0.5), (0.3, 1), (-0.1, 0)):
      # Straight along y, the nose at the lower end, nothing slows it much.
      body = planar_chain.state_from(
          np.zeros(5), np.array([0, -speed, 0, 0, 0]), config.chain
      )
      slow = dataclasses.replace(
          config, chain=dataclasses.replace(config.chain, density=0.0)
      )
      state = swimmer.State(body, jnp.zeros((), jnp.int32))
      found = swimmer.step(jax.random.key(0), state, jnp.zeros(2), slow)
      self.assertIsInstance(found, contract.Step)
      self.assertAlmostEqual(float(found.reward), reward, delta=1e-5)

  def test_bad_action_and_too_few_links_are_refused(self):
    config = swimmer.with_links(3)
    key = jax.random.key(0)
    _, state = swimmer.reset(key, config)
    for action, text in (
        ([0, np.nan], r'action must be in \[-1, 1\], got nan at \[1\]'),
        ([-1.5, 0], r'action must be in \[-1, 1\], got -1.5'),
        ([0.0], 'action must be .*got shape'),
    ):
      with self.assertRaisesRegex(ValueError, text):
        swimmer.step(key, state, jnp.array(action), config)
    text = r'qpos must be \[num_links \+ 2=8\], got shape \[5\]'
    with self.assertRaisesRegex(ValueError, text):
      swimmer.step(key, state, jnp.zeros(5), swimmer.with_links(6))
    with self.assertRaisesRegex(ValueError, 'num_links must be .*2, got 1'):
      swimmer.with_links(1)


if __name__ == '__main__':
  absltest.main()
