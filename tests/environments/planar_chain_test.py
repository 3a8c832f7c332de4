"""The chain against MuJoCo, against mechanics, and form against form."""

import functools
import pathlib
from typing import Any

from absl.testing import absltest
from absl.testing import parameterized
import hypothesis
from hypothesis import strategies as st
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.environments import planar_chain
from nmlib.environments.planar_chain import joint_limits

_PATH = pathlib.Path(__file__).parents[1] / 'fixtures/ncap_swimmer_physics.npz'
_FORMS = ('fast', 'plain')


@functools.cache
def _mujoco(name: str) -> dict[str, np.ndarray]:
  with np.load(_PATH) as arrays:
    return {
        key.partition('/')[2]: arrays[key]
        for key in arrays
        if key.startswith(name)
    }


def _config(num_links: int, **options: Any) -> planar_chain.Config:
  return planar_chain.Config(num_links, dtype='float64', **options)


def _drawn(config, seed, bend=1.3, speed=3.0):
  """A state with some joints beyond their limits."""
  rng = np.random.default_rng(seed)
  reach = 2 * np.pi / config.num_links
  joints = rng.uniform(-bend, bend, config.num_joints) * reach
  pose = np.concatenate([rng.uniform(-3, 3, 3), joints])
  velocity = rng.normal(0, speed, config.num_links + 2)
  velocity[:2] *= 0.1
  return planar_chain.state_from(pose, velocity, config)


@functools.partial(jax.jit, static_argnums=(2, 3, 4))
def _moved(state, action, config, count, form):
  return planar_chain.advance(state, action, config, count, form=form)


def _energy(state, config):
  matrix = planar_chain.mass_matrix(state.qpos, config)
  return float(state.qvel @ matrix @ state.qvel / 2)


class MuJoCoTest(parameterized.TestCase):

  @parameterized.product(num_links=(3, 6), form=_FORMS)
  def test_open_loop(self, num_links, form):
    found = _mujoco(f'open_n{num_links}')
    with jax.enable_x64(True):
      config = _config(num_links)
      start = planar_chain.state_from(
          found['qpos0'], np.zeros(num_links + 2), config
      )

      def control(state, action):
        state = planar_chain.advance(state, action, config, 15, form=form)
        return state, state

      run = jax.jit(lambda *a: jax.lax.scan(control, *a)[1])
      states = run(start, jnp.asarray(found['ctrl']))
      bends = np.abs(found['qpos'][:, 3:])
      self.assertTrue(np.any(bends > config.joint_limit))
      np.testing.assert_allclose(states.qpos, found['qpos'], atol=1e-9)
      np.testing.assert_allclose(states.qvel, found['qvel'], atol=1e-9)

  @parameterized.parameters(3, 6)
  def test_mass_matrix_and_inverse_weights(self, num_links):
    found = _mujoco(f'open_n{num_links}')
    with jax.enable_x64(True):
      config = _config(num_links)
      np.testing.assert_allclose(
          planar_chain.mass_matrix(found['qpos0'], config),
          found['mass_matrix_at_qpos0'], atol=1e-15,
      )  # fmt: skip
      np.testing.assert_allclose(
          joint_limits.weights(config), found['dof_invweight0'][3:], rtol=1e-10
      )


class FormsTest(parameterized.TestCase):

  @hypothesis.given(st.sampled_from((2, 4)), st.integers(0, 10**6))
  @hypothesis.settings(max_examples=20)
  def test_fast_equals_plain(self, num_links, seed):
    with jax.enable_x64(True):
      config = _config(num_links)
      state = _drawn(config, seed)
      rng = np.random.default_rng(seed)
      action = rng.uniform(-1, 1, config.num_joints)
      fast, plain = (_moved(state, action, config, 3, f) for f in _FORMS)
      np.testing.assert_allclose(fast.qpos, plain.qpos, atol=1e-10)
      np.testing.assert_allclose(fast.qvel, plain.qvel, rtol=1e-9, atol=1e-9)

  def test_four_links_in_32_bits_and_side_by_side(self):
    config = planar_chain.Config(4)
    states = [_drawn(config, seed, speed=1.0) for seed in range(3)]
    many = jax.tree.map(lambda *leaves: jnp.stack(leaves), *states)
    actions = jax.random.uniform(jax.random.key(0), (3, 3))
    one = lambda state, action: _moved(state, action, config, 2, 'fast')
    fast = jax.vmap(one)(many, actions)
    self.assertEqual(fast.qpos.dtype, jnp.float32)
    for i, state in enumerate(states):
      plain = _moved(state, actions[i], config, 2, 'plain')
      np.testing.assert_allclose(fast.qpos[i], plain.qpos, atol=1e-5)
      np.testing.assert_allclose(fast.qvel[i], plain.qvel, rtol=1e-2, atol=2e-3)

  def test_chains_on_two_devices_move_as_on_one(self):
    config = planar_chain.Config(2)
    states = [_drawn(config, seed, bend=2) for seed in range(4)]
    many = jax.tree.map(lambda *leaves: jnp.stack(leaves), *states)
    one = lambda state: planar_chain.advance(state, jnp.ones(1), config, 2)
    across = jax.sharding.PartitionSpec('chains')
    auto = (jax.sharding.AxisType.Auto,)
    mesh = jax.make_mesh((2,), ('chains',), auto, devices=jax.devices()[:2])
    split = jax.shard_map(
        jax.vmap(one), mesh=mesh, in_specs=across, out_specs=across
    )
    found, want = jax.jit(split)(many), jax.jit(jax.vmap(one))(many)
    np.testing.assert_allclose(found.qpos, want.qpos, atol=1e-6)

  def test_gradient_of_plain_is_the_slope_of_fast(self):
    with jax.enable_x64(True):
      config = _config(2)
      way, place = jnp.array([0.3]), np.array([0, 0, 0.3, 3.3])
      state = planar_chain.state_from(place, place[::-1], config)
      self.assertGreater(abs(state.qpos[3]), config.joint_limit)

      def slopes(config, form, of):
        end = lambda a: planar_chain.advance(
            state, a, config, 2, form=form
        ).qvel[3:]
        return jax.jit(of(end))(way)

      backward = slopes(config, 'plain', jax.jacrev)
      forward = slopes(config, 'fast', jax.jacfwd)
      np.testing.assert_allclose(forward, backward, rtol=1e-8)
      free = _config(2, limit_range=None)
      both = [slopes(free, form, jax.jacrev) for form in _FORMS]
      np.testing.assert_allclose(*both, rtol=1e-8)


class MechanicsTest(parameterized.TestCase):

  @parameterized.parameters(*_FORMS)
  def test_nothing_acts_momentum_and_energy_stay(self, form):
    with jax.enable_x64(True):
      drift = []
      for dt in (1e-4, 5e-5):
        config = _config(4, density=0, gear=0, limit_range=None, dt=dt)
        start = _drawn(config, 2)
        last = _moved(start, jnp.ones(3), config, round(0.02 / dt), form)
        momentum = [
            (planar_chain.mass_matrix(s.qpos, config) @ s.qvel)[:2]
            for s in (start, last)
        ]
        # Conserved by the equations; the integrator's steps are small.
        np.testing.assert_allclose(*momentum, rtol=0.01)
        drift.append(_energy(last, config) / _energy(start, config) - 1)
      self.assertLess(abs(drift[0]), 1e-2)
      self.assertAlmostEqual(drift[1] / drift[0], 0.5, delta=0.05)  # O(dt)

  @parameterized.parameters(*_FORMS)
  def test_momentum_has_no_force_in_the_equations(self, form):
    """At rest motors bend the chain, and its centre does not move."""
    with jax.enable_x64(True):
      config = _config(5, density=0, dt=1e-7)
      start = _drawn(config, 3, bend=0.5, speed=0)
      last = _moved(start, jnp.array([1, -1, 0.5, 1]), config, 1, form)
      moved = planar_chain.mass_matrix(start.qpos, config) @ last.qvel
      self.assertGreater(np.abs(last.qvel[3:]).max(), 1e-5)
      np.testing.assert_allclose(moved[:2], 0, atol=1e-17)

  @parameterized.parameters(*_FORMS)
  def test_straight_and_still_stays_so(self, form):
    config = planar_chain.Config(6)
    still = planar_chain.state_from(np.zeros(8), np.zeros(8), config)
    last = _moved(still, jnp.zeros(5), config, 50, form)
    np.testing.assert_allclose(last.qpos, 0, atol=1e-7)
    np.testing.assert_allclose(last.qvel, 0, atol=1e-6)

  def test_mirrored_chain_moves_mirrored(self):
    with jax.enable_x64(True):
      config = _config(4)
      flip = np.array([-1, 1, -1, -1, -1, -1.0])
      state, action = _drawn(config, 4), jnp.array([0.4, -1, 0.2])
      mirrored = planar_chain.state_from(
          flip * state.qpos, flip * state.qvel, config
      )
      one = _moved(state, action, config, 20, 'fast')
      other = _moved(mirrored, -action, config, 20, 'fast')
      np.testing.assert_allclose(flip * one.qpos, other.qpos, atol=1e-10)

  def test_mass_matrix_is_positive_definite_and_fluid_brakes(self):
    with jax.enable_x64(True):
      config = _config(5, gear=0, limit_range=None)
      for seed in range(3):
        state = _drawn(config, seed)
        matrix = planar_chain.mass_matrix(state.qpos, config)
        np.testing.assert_allclose(matrix, matrix.T, atol=1e-17)
        self.assertGreater(np.linalg.eigvalsh(matrix).min(), 0)
        last = _moved(state, jnp.zeros(4), config, 5, 'fast')
        self.assertLess(_energy(last, config), _energy(state, config))

  def test_outline_has_links_of_one_length(self):
    config = planar_chain.Config(3)
    straight = planar_chain.outline(jnp.zeros(5), config)
    np.testing.assert_allclose(straight[:, 1], [-0.05, 0.05, 0.15, 0.25])
    bent = planar_chain.outline(_drawn(config, 0).qpos, config)
    lengths = np.linalg.norm(np.diff(bent, axis=0), axis=1)
    np.testing.assert_allclose(lengths, 0.1, rtol=1e-5)


class DtypeTest(absltest.TestCase):

  def test_whole_numbers_are_those_numbers(self):
    config = planar_chain.Config(2)
    whole = np.array([0, 1, 1, 2]), np.array([1, 0, 2, -1])
    state = planar_chain.State(*map(jnp.asarray, whole))
    real = planar_chain.state_from(*whole, config)
    for found, want in (
        (
            planar_chain.mass_matrix(whole[0], config),
            planar_chain.mass_matrix(real.qpos, config),
        ),
        (
            planar_chain.outline(whole[0], config),
            planar_chain.outline(real.qpos, config),
        ),
        (
            planar_chain.body_velocities(state, config),
            planar_chain.body_velocities(real, config),
        ),
        (
            planar_chain.advance(state, np.array([0.5]), config, 0),
            planar_chain.advance(real, np.array([0.5]), config, 0),
        ),
        (
            jax.eval_shape(
                lambda s: planar_chain.advance(s, np.array([0.5]), config, 1),
                state,
            ),
            jax.eval_shape(lambda: real),
        ),
    ):
      for one, other in zip(
          jax.tree.leaves(found), jax.tree.leaves(want), strict=True
      ):
        self.assertEqual(one.dtype, jnp.float32)
        if hasattr(one, 'devices'):
          np.testing.assert_allclose(one, other, rtol=1e-6)
    with jax.enable_x64(True):
      wide = planar_chain.mass_matrix(whole[0], _config(2))
      self.assertEqual(wide.dtype, jnp.float64)


class BadInputTest(absltest.TestCase):

  def test_is_refused_in_a_sentence(self):
    config = planar_chain.Config(3)
    still = planar_chain.state_from(np.zeros(5), np.zeros(5), config)
    form: Any = 'quick'
    half: Any = 1.5
    longer = planar_chain.Config(4)
    advance = lambda config, count: planar_chain.advance(
        still, np.zeros(config.num_joints), config, count
    )
    step = lambda action: planar_chain.substep(still, action, config)
    for text, call in (
        ('num_links must be .*at least 2, got 1', lambda: _config(1)),
        (r'action must be in \[-1, 1\], got nan', lambda: step([0, np.nan])),
        (r'action must be in \[-1, 1\], got 1.5', lambda: step([1.5, 0])),
        (r'action must be \[num_joints=2\]', lambda: step([0.0])),
        (
            r'qpos must be \[num_links \+ 2=5\]',
            lambda: planar_chain.state_from(np.zeros(4), np.zeros(5), config),
        ),
        (
            'qvel must be finite, got inf',
            lambda: planar_chain.state_from(
                np.zeros(5), np.full(5, np.inf), config
            ),
        ),
        (
            r'qpos must be \[num_links \+ 2=6\], got shape \[5\]',
            lambda: advance(longer, 1),
        ),
        (
            r'qpos must be \[num_links \+ 2=6\], got shape \[5\]',
            lambda: planar_chain.body_velocities(still, longer),
        ),
        (
            r'qvel must be \[num_links \+ 2=5\], got shape \[4\]',
            lambda: planar_chain.body_velocities(
                still._replace(qvel=jnp.zeros(4)), config
            ),
        ),
        (
            r'qpos must be \[num_links \+ 2=6\], got shape \[5\]',
            lambda: planar_chain.outline(still.qpos, longer),
        ),
        ('count must be at least 0, got -3', lambda: advance(config, -3)),
        (
            'count must be a whole number, got 1.5',
            lambda: advance(config, half),
        ),
        (
            "form must be 'fast' or 'plain', got 'quick'",
            lambda: planar_chain.advance(
                still, np.zeros(2), config, 1, form=form
            ),
        ),
    ):
      with self.subTest(text), self.assertRaisesRegex(ValueError, text):
        call()


if __name__ == '__main__':
  absltest.main()
