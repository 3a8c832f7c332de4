"""Learning to fire at given times, as a user starts it."""

import dataclasses

from absl.testing import absltest
from absl.testing import parameterized
import jax
import numpy as np
import pytest

from launch.pspm import config as config_lib
from launch.pspm import experiment
from nmlib import train
from tests.launch import launcher

_SMOKE = config_lib.PRESETS['smoke']


class PspmTest(launcher.LauncherTest):
  LAUNCHER = 'launch.pspm'

  @pytest.mark.slow
  def test_small_claims(self):
    code, _, err = self.run_launcher('--preset=small')
    self.assertEqual(code, 0, err)
    self.assertEqual(train.unexpected(self.report()), [])

  @parameterized.parameters('uniform', 'half_max', 'sparse', 'gaussian')
  def test_weights_keep_signs_and_sizes_of_their_setting(self, setting):
    trial = experiment.trial(jax.random.key(0), _SMOKE, setting)
    for weights in (trial.reference, trial.naive):
      self.assertGreaterEqual(float((weights * trial.signs[None]).min()), 0)
    self.assertEqual(int((trial.signs < 0).sum()), 8)
    naive, reference = (
        np.abs(w).mean() for w in (trial.naive, trial.reference)
    )
    half = 0.5 if setting == 'half_max' else 1.0
    np.testing.assert_allclose(naive / reference, half, rtol=0.1)
    zeros = np.mean(np.asarray(trial.reference) == 0)
    self.assertAlmostEqual(zeros, 0.5 * (setting == 'sparse'), delta=0.05)
    self.assertGreater(float(trial.target.sum()), 10)

  def test_paper_has_the_sizes_of_the_authors_code(self):
    config = config_lib.PRESETS['paper']
    sizes = (config.learner.num_units, config.length, config.loop.num_steps)
    self.assertEqual(sizes, (400, 5000, 150))
    self.assertLen(config.settings, 4)
    self.assertEqual(config.num_seeds, 30)
    target = config.critical.target
    self.assertEqual((target.num_units, target.num_steps), (500, 10_000))
    one = dataclasses.replace(config, num_seeds=1)
    shapes = jax.eval_shape(
        lambda key: experiment.trial(key, one, 'uniform'), jax.random.key(0)
    )
    self.assertEqual(shapes.reference.shape, (400, 400))
    self.assertEqual(shapes.target.shape, (5000, 400))

  def test_bad_config(self):
    with self.assertRaisesRegex(ValueError, 'must have both rules'):
      config_lib.Config(
          learner=dataclasses.replace(_SMOKE.learner, global_step=0.0)
      )
    with self.assertRaisesRegex(ValueError, 'must be that of its learner, 40'):
      dataclasses.replace(_SMOKE.critical, target=config_lib.Critical().target)


if __name__ == '__main__':
  absltest.main()
