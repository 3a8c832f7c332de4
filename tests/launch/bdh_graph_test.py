"""The graph of a trained BDH, as a user starts it."""

from absl.testing import absltest
import pytest

from launch.bdh.graph import config as config_lib
from nmlib import train
from tests.launch import launcher


class BdhGraphTest(launcher.LauncherTest):
  LAUNCHER = 'launch.bdh.graph'

  def test_trained_run_is_read_and_nothing_trained(self):
    trained = self._smoke('bdh').workdir
    code, out, err = self.run_launcher('--preset=smoke', f'--trained={trained}')
    self.assertEqual(code, 0, err)
    self.assertFalse((self.workdir / 'checkpoints').exists())
    self.assertIn('step 20: graphs of 2 seeds', out)
    # It is the very model that the launcher would train itself.
    ours, theirs = self.smoke().report, self.report()
    self.assertEqual(ours['claims'], theirs['claims'])
    self.assertEqual(ours['tables'], theirs['tables'])

  def test_folder_without_a_run_is_refused(self):
    code, _, err = self.run_launcher('--preset=smoke', '--trained=nowhere')
    self.assertEqual(code, 2)
    self.assertIn('--trained=nowhere holds no run of launch.bdh; name the', err)

  def test_claimed_edges_must_be_among_those_measured(self):
    with self.assertRaisesRegex(ValueError, r'\(2, 4\), got 8'):
      config_lib.Config(edges=(2, 4))

  @pytest.mark.slow
  def test_small_claims_hold(self):
    code, out, err = self.run_launcher()
    self.assertEqual(code, 0, err)
    self.assertEqual(train.unexpected(self.report()), [], out)


if __name__ == '__main__':
  absltest.main()
