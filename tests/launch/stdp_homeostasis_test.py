"""Patterns learned from one presentation, as a user starts it."""

from absl.testing import absltest
import jax
import numpy as np
import pytest

from launch.stdp_homeostasis import config as config_lib
from launch.stdp_homeostasis import experiment
from nmlib import train
from tests.launch import launcher


class StdpHomeostasisTest(launcher.LauncherTest):
  LAUNCHER = 'launch.stdp_homeostasis'

  @pytest.mark.slow
  def test_small_claims(self):
    code, _, err = self.run_launcher('--preset=small')
    self.assertEqual(code, 0, err)
    self.assertEqual(train.unexpected(self.report()), [])

  def test_says_first_that_it_is_a_reconstruction(self):
    report = self.smoke().report
    self.assertStartsWith(report['differences'][0], 'RECONSTRUCTION')
    for claim in report['claims']:
      self.assertRegex(claim['source'], 'abstract|reconstruction')
      # The one number that is known.
      self.assertIn(claim['paper'], ('', '100 % accuracy'))

  def test_patterns_of_the_paper_preset_fit(self):
    config = config_lib.PRESETS['paper']
    for distance in config.distances:
      key = jax.random.key(0)
      patterns = experiment.patterns_of(key, config, 3, distance)
      self.assertEqual(patterns.shape, (3, 256))
      apart = np.sum(patterns[0] != patterns[2])
      self.assertEqual(int(apart), distance)

  def test_bad_config(self):
    with self.assertRaisesRegex(ValueError, 'distances must ascend'):
      config_lib.Config(distances=(6, 2))
    with self.assertRaisesRegex(ValueError, 'num_active must be above missing'):
      config_lib.Config(num_active=3)


if __name__ == '__main__':
  absltest.main()
