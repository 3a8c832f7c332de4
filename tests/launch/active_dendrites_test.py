"""The continual-learning experiment, as a user starts it."""

from absl.testing import absltest
import pytest

from launch import active_dendrites
from tests.launch import launcher


class ActiveDendritesTest(launcher.LauncherTest):
  LAUNCHER = 'launch.active_dendrites'

  def test_smoke_writes_a_whole_report(self):
    code, out, err = self.run_launcher('--preset=smoke')
    self.assertEqual(code, 0, err)
    self.assertIn('Report:', out)
    record = self.report()
    self.assertTrue(record['claims'][-1]['holds'])
    self.assertLen(record['figures'], 5)

  def test_unknown_method_is_refused(self):
    with self.assertRaisesRegex(ValueError, "among .*, got 'cnn'"):
      active_dendrites.Config(methods=('cnn',))
    with self.assertRaisesRegex(ValueError, 'num_tasks must be at least 1'):
      active_dendrites.Config(num_tasks=0)
    with self.assertRaisesRegex(ValueError, 'si_strengths must be positive'):
      active_dendrites.Config(si_strengths=(0.0,))

  @pytest.mark.slow
  def test_small_claims_hold(self):
    code, out, err = self.run_launcher()
    self.assertEqual(code, 0, err)
    record = self.report()
    holds = [claim['holds'] for claim in record['claims']]
    # On these small images segments alone beat k-winners alone, and replay
    # beats everything: the report says so, and this holds it to that.
    self.assertSequenceEqual(
        holds, [True, False, True, True, True, False, True, True], out
    )


if __name__ == '__main__':
  absltest.main()
