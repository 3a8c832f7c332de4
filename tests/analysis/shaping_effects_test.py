"""Exact effects of shaping: the stored trap, and random worlds."""

import pathlib

from absl.testing import absltest
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.analysis.task_progress import shaping_effects

_FIXTURE = pathlib.Path(__file__).parents[1] / 'fixtures'


class ShapingEffectsTest(absltest.TestCase):

  def test_trap_is_the_one_stored(self):
    path = _FIXTURE / 'robo_dopamine_shaping.npz'
    with np.load(path) as stored, jax.enable_x64(True):
      phi = jnp.asarray(stored['trap.phi'])
      phi = phi.at[-1].set(1.0)
      found = shaping_effects.trap(phi, float(stored['trap.gamma']))
      for ours, theirs in (
          ('plan gold', 'gold'),
          ('plan shaped, cut is an end', 'shaped_terminal0'),
          ('plan shaped, bootstraps', 'shaped_terminal0_minus_phi_at_timeout'),
      ):
        wanted = stored[f'trap.horizon6.policy.{theirs}']
        np.testing.assert_array_equal(
            found[ours][:, :3], wanted[:, :3], err_msg=ours
        )
    np.testing.assert_array_equal(found['gold'][:3], 1)
    np.testing.assert_array_equal(found['shaped'][:3], 1)
    np.testing.assert_array_equal(found['naive'][:3], [1, 1, 0])

  def test_random_worlds(self):
    with jax.enable_x64(True):
      keys = jax.random.split(jax.random.key(1), 20)
      found = jax.jit(lambda k: jax.lax.map(shaping_effects.random_world, k))(
          keys
      )
      self.assertLess(found['error'].max(), 1e-10)
      for name, some in (
          ('shaped', False),
          ('bootstraps', False),
          ('naive', True),
          ('cut is an end', True),
      ):
        self.assertEqual(bool((found[name] > 0).any()), some, name)


if __name__ == '__main__':
  absltest.main()
