"""Systems that wire by law, as a user starts them."""

from absl.testing import absltest
import pytest

from nmlib import train
from tests.launch import launcher


class NestedDynamicalSystemsTest(launcher.LauncherTest):
  LAUNCHER = 'launch.nested_dynamical_systems'

  @pytest.mark.slow
  def test_small_claims(self):
    code, _, err = self.run_launcher('--preset=small')
    self.assertEqual(code, 0, err)
    self.assertEqual(train.unexpected(self.report()), [])

  def test_laws_hold_at_any_size(self):
    claims = self.smoke().report['claims']
    exact = [claim for claim in claims if '64 bits' in claim['text']]
    self.assertLen(exact, 3)
    for claim in exact:
      self.assertTrue(claim['holds'], claim['text'])


if __name__ == '__main__':
  absltest.main()
