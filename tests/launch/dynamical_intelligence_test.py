"""Mechanisms of dynamical intelligence, as a user starts them."""

from absl.testing import absltest
import jax
import pytest

from launch.dynamical_intelligence import config as config_lib
from launch.dynamical_intelligence import experiment
from nmlib import train
from tests.launch import launcher


class DynamicalIntelligenceTest(launcher.LauncherTest):
  LAUNCHER = 'launch.dynamical_intelligence'

  @pytest.mark.slow
  def test_small_claims(self):
    code, _, err = self.run_launcher('--preset=small')
    self.assertEqual(code, 0, err)
    self.assertEqual(train.unexpected(self.report()), [])

  def test_nothing_is_said_to_be_the_articles(self):
    for claim in self.smoke().report['claims']:
      self.assertEqual(claim['source'], 'literature')
      self.assertEqual(claim['paper'], '')

  def test_both_models_of_recall_have_as_many_weights_nearly(self):
    for preset in ('small', 'paper'):
      config = config_lib.PRESETS[preset]
      for length in config.recall.lengths:
        sizes = []
        for name in experiment.MODELS:
          stage = experiment.stage(config, name, length)
          params = jax.eval_shape(stage.init, jax.random.key(0))
          sizes.append(sum(leaf.size for leaf in jax.tree.leaves(params)))
        self.assertLess(abs(sizes[0] / sizes[1] - 1), 0.02)


if __name__ == '__main__':
  absltest.main()
