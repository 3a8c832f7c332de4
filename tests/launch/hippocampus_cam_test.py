"""The study of the hippocampal memory, as a user starts it."""

import pathlib

from absl.testing import absltest
import numpy as np
import pytest

from launch.hippocampus_cam import config as config_lib
from launch.hippocampus_cam import report
from nmlib import train
from tests.launch import launcher

_FIXTURE = pathlib.Path(__file__).parents[1] / 'fixtures/snn_peers_cam.npz'


class HippocampusCamTest(launcher.LauncherTest):
  LAUNCHER = 'launch.hippocampus_cam'

  @pytest.mark.slow
  def test_small_claims(self):
    code, _, err = self.run_launcher('--preset=small')
    self.assertEqual(code, 0, err)
    self.assertEqual(train.unexpected(self.report()), [])

  def test_digests_are_those_of_the_published_rasters(self):
    with np.load(_FIXTURE) as arrays:
      for name, case in (('functional', 'exp1'), ('state map', 'exp3')):
        raster = {
            key.partition('/')[2]: arrays[key]
            for key in arrays
            if key.startswith(f'{case}/') and '/final' not in key
        }
        inputs = {'InCue', 'InCont'}
        kept = {k: v for k, v in raster.items() if k not in inputs}
        self.assertEqual(report.digest(kept), report.DIGESTS[name])
        spikes = sum(int(v.sum()) for v in kept.values())
        self.assertEqual(spikes, report.TOTALS[name])

  def test_spacings_that_claims_are_about_are_needed(self):
    with self.assertRaisesRegex(ValueError, 'spacings must have 7 and 10'):
      config_lib.Config(spacings=(6, 10))


if __name__ == '__main__':
  absltest.main()
