"""The experiment of mode gates, as a user starts it."""

from absl.testing import absltest
from absl.testing import parameterized
import pytest

from launch.dopamine_modes import config as config_lib
from nmlib import train
from tests.launch import launcher


class DopamineModesTest(launcher.LauncherTest):
  LAUNCHER = 'launch.dopamine_modes'

  def _run(self, *args):
    code, out, err = self.run_launcher(*args)
    self.assertEqual(code, 0, err)
    return out, self.report()

  def test_smoke_counts_parameters_and_operations(self):
    record = self.smoke().report
    self.assertLen(record['figures'], 5)
    ours = {c['text'][:20]: c for c in record['claims']}
    count = ours['Gates train fewer th']
    # 2 (16 + 12) thresholds and gains; 8 (64 + 16 + 16 + 12 + 12 + 10).
    self.assertEqual(count['ours'], {'gates': [56], 'lora_8': [1040]})
    skipped = ours['Skipped neurons are ']['ours']
    self.assertLess(max(skipped['flop_ratio']), 1)

  @parameterized.parameters(
      (dict(temperature=0.0), 'temperature must be positive, got 0.0'),
      (dict(learning_rates=()), 'learning_rates must be '),
      (dict(methods=('full',)), "methods must include 'frozen'"),
      (dict(angles=(45.0,)), 'angles must be two or more'),
  )
  def test_bad_config(self, kwargs, message):
    with self.assertRaisesRegex(ValueError, message):
      config_lib.Config(**kwargs)

  @pytest.mark.slow
  def test_small_claims_hold(self):
    out, record = self._run()
    self.assertEmpty(train.unexpected(record), out)


if __name__ == '__main__':
  absltest.main()
