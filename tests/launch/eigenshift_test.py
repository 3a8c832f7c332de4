"""EigenShift, as a user starts the experiment."""

import dataclasses
from unittest import mock

from absl.testing import absltest
import jax
import pytest

from launch.eigenshift import config as config_lib
from launch.eigenshift import experiment
from nmlib import train
from nmlib.networks import transformer
from tests.launch import launcher

_SMOKE = config_lib.PRESETS['smoke']


class EigenshiftTest(launcher.LauncherTest):
  LAUNCHER = 'launch.eigenshift'

  @pytest.mark.slow
  def test_small_claims(self):
    code, _, err = self.run_launcher('--preset=small')
    self.assertEqual(code, 0, err)
    self.assertEqual(train.unexpected(self.report()), [])

  def test_a_model_that_is_not_there_is_refused(self):
    code, _, err = self.run_launcher('--preset=real')
    self.assertEqual(code, 2)
    self.assertIn('--path=needed must be a folder with', err)
    with self.assertRaisesRegex(ValueError, '--path=needed must be a folder'):
      experiment.read(config_lib.PRESETS['paper'], mock.Mock())

  def test_paper_preset_has_its_shapes(self):
    config = config_lib.PRESETS['paper']
    self.assertIn((5, 0.1), config.components)
    model = transformer.Config(
        32000, 32, 4096, 32, mlp_dim=11008, norm='rms', positions='rotary',
        gated=True, activation='silu', qkv_bias=False, out_bias=False,
        mlp_bias=False, output='separate', max_length=4096,
    )  # fmt: skip
    params = jax.eval_shape(lambda: transformer.init(jax.random.key(0), model))
    size = sum(leaf.size for leaf in jax.tree.leaves(params))
    self.assertEqual(size, 6_738_415_616)

  def test_bad_config(self):
    with self.assertRaisesRegex(ValueError, 'must give as many of each'):
      dataclasses.replace(_SMOKE, powers=(1.0, 2.0))


if __name__ == '__main__':
  absltest.main()
