"""Predictive auxiliary objectives, as a user starts the experiment."""

import dataclasses
import functools

from absl.testing import absltest
import jax
import numpy as np
import pytest

from launch.predictive_auxiliary_rl import config as config_lib
from launch.predictive_auxiliary_rl import experiment
from launch.predictive_auxiliary_rl import worlds
from nmlib import train
from nmlib.networks import predictive_agent
from tests.launch import launcher

_SMOKE = config_lib.PRESETS['smoke']


@functools.cache
def _rooms():
  config = dataclasses.replace(_SMOKE, num_seeds=3, num_updates=300)
  return worlds.rooms(config)


class PredictiveAuxiliaryRlTest(launcher.LauncherTest):
  LAUNCHER = 'launch.predictive_auxiliary_rl'

  @pytest.mark.slow
  def test_small_claims(self):
    code, _, err = self.run_launcher('--preset=small')
    self.assertEqual(code, 0, err)
    self.assertEqual(train.unexpected(self.report()), [])

  def test_history_is_the_worlds(self):
    made = _rooms()
    for seed in range(3):
      world = jax.tree.map(lambda leaf, seed=seed: np.asarray(leaf[seed]), made)
      steps = world.history
      ahead = world.ahead[steps.observation, steps.action]
      reached = ahead == world.goal
      np.testing.assert_array_equal(steps.reward, reached)
      self.assertTrue(np.all(steps.terminal[reached]))
      # Time limits end too, as the authors store them; nothing else does.
      cut = steps.terminal & ~reached
      self.assertGreater(cut.sum(), 3)
      np.testing.assert_array_equal(
          steps.next_observation[~reached], ahead[~reached]
      )
      # The goal is never seen; an episode's end is followed by the next start.
      self.assertNotIn(world.goal, steps.observation)
      self.assertNotIn(world.goal, steps.next_observation)
      then = ~cut[:-1]
      np.testing.assert_array_equal(
          steps.next_observation[:-1][then], steps.observation[1:][then]
      )
    self.assertGreater(len(set(np.asarray(made.goal).tolist())), 1)

  def test_success_is_counted_over_all_other_starts(self):
    world = jax.tree.map(lambda leaf: leaf[0], _rooms())
    params = jax.jit(lambda key: predictive_agent.init(key, _SMOKE.network))(
        jax.random.key(0)
    )
    # Always up: from the cells below the goal alone it is reached.
    last = params.value[-1]
    up = last._replace(kernel=0 * last.kernel, bias=last.bias.at[3].set(9.0))
    params = params._replace(value=(params.value[0], up))
    below = int(world.goal) % 3
    found = jax.jit(experiment.success, static_argnums=2)(params, world, 9)
    self.assertAlmostEqual(float(found), below / 8, places=6)

  def test_paper_preset_has_its_shapes(self):
    config = config_lib.PRESETS['paper']
    few = dataclasses.replace(config, num_seeds=2)
    rooms = jax.eval_shape(
        lambda: predictive_agent.init(jax.random.key(0), few.network)
    )
    self.assertEqual(rooms.encoder.dense[0].kernel.shape, (512, 32))
    self.assertEqual(len(config.models), 6)
    self.assertEqual(config.num_updates % config.copy_every, 0)

  def test_bad_config(self):
    with self.assertRaisesRegex(ValueError, 'config.models must be of'):
      config_lib.Config(models=('prediction',))
    with self.assertRaisesRegex(ValueError, 'must be multiples of copy_every'):
      config_lib.Config(num_updates=1500)


if __name__ == '__main__':
  absltest.main()
