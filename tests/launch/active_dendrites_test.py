"""The continual-learning experiment: what is particular to it."""

from absl.testing import absltest
import pytest

from launch.active_dendrites import config as config_lib
from nmlib import train
from tests.launch import launcher


class ActiveDendritesTest(launcher.LauncherTest):
  LAUNCHER = 'launch.active_dendrites'

  def test_methods_take_away_one_part_each(self):
    config = config_lib.Config()
    sizes = {m: config.network(m, 64) for m in config.methods}
    self.assertEqual(sizes['active_dendrites'], sizes['active_dendrites_si'])
    self.assertEqual(sizes['k_winners'].num_segments, 0)
    self.assertEqual(sizes['k_winners'].activation_density, 0.05)
    self.assertEqual(sizes['dendrites'].num_segments, 8)
    self.assertEqual(sizes['dendrites'].activation_density, 0)
    self.assertEqual(sizes['mlp'].num_segments, 0)
    self.assertEqual(sizes['mlp'].weight_density, 1)
    self.assertEqual(sizes['mlp'], sizes['mlp_replay'])

  @pytest.mark.slow
  def test_small_claims_hold(self):
    code, out, err = self.run_launcher()
    self.assertEqual(code, 0, err)
    self.assertEqual(train.unexpected(self.report()), [], out)


if __name__ == '__main__':
  absltest.main()
