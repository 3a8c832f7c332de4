"""Progress as a reward, as a user starts it."""

import dataclasses

from absl.testing import absltest
import jax
import pytest

from launch.robo_dopamine import config as config_lib
from launch.robo_dopamine import experiment
from nmlib import train
from nmlib.plasticity.reinforcement import shaping
from tests.launch import launcher


class RoboDopamineTest(launcher.LauncherTest):
  LAUNCHER = 'launch.robo_dopamine'

  @pytest.mark.slow
  def test_small_claims(self):
    code, _, err = self.run_launcher('--preset=small')
    self.assertEqual(code, 0, err)
    self.assertEqual(train.unexpected(self.report()), [])

  def test_exact_claims_hold_in_every_preset(self):
    claims = self.smoke().report['claims']
    exact = [c for c in claims if c['text'].startswith(('Trap', 'Random'))]
    self.assertLen(exact, 6)
    for claim in exact:
      self.assertTrue(claim['holds'], claim['text'])

  def test_models_of_the_paper_preset_fit(self):
    config = config_lib.PRESETS['paper']
    small = dataclasses.replace(config, num_demonstrations=2)
    for name in experiment.MODELS:
      stage = experiment.stage(small, name)
      jax.eval_shape(stage.initial, jax.random.key(0), None)

  def test_bad_config(self):
    with self.assertRaisesRegex(ValueError, 'must be the discount 0.9 of'):
      config_lib.Config(shaping=shaping.Config(0.99))
    with self.assertRaisesRegex(ValueError, "the world's 72 places, got 10"):
      agent = dataclasses.replace(config_lib.Config().agent, num_states=10)
      config_lib.Config(agent=agent)


if __name__ == '__main__':
  absltest.main()
