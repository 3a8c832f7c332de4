"""Recall against reasoning, as a user starts it."""

from absl.testing import absltest
import pytest

from launch.recall_reasoning import config as config_lib
from launch.recall_reasoning import experiment
from nmlib import train
from tests.launch import launcher


class RecallReasoningTest(launcher.LauncherTest):
  LAUNCHER = 'launch.recall_reasoning'

  @pytest.mark.slow
  def test_small_claims(self):
    code, _, err = self.run_launcher('--preset=small')
    self.assertEqual(code, 0, err)
    self.assertEqual(train.unexpected(self.report()), [])

  def test_says_first_that_only_the_abstract_was_known(self):
    found = self.smoke().report
    self.assertStartsWith(found['differences'][0], 'FROM AN ABSTRACT')
    for claim in found['claims']:
      self.assertRegex(claim['source'], 'abstract|summaries|ours')
      self.assertIn(claim['paper'], ('', 'up to 15 % (abstract)'))

  def test_a_model_needs_its_folder(self):
    real = config_lib.PRESETS['real']
    with self.assertRaisesRegex(ValueError, 'give it by --path'):
      experiment.given(real)


def test_stories_are_recalled_and_rows_are_not_copied(data_folder):
  folder = data_folder / 'tinystories260k'
  if not folder.exists():
    pytest.skip('NMLIB_DATA has no folder tinystories260k')
  real = config_lib.PRESETS['real']
  params, model, draw = experiment.given(
      type(real)(source='stories', path=str(folder), num_prompts=10)
  )
  discovery, test, text = draw(0)
  assert discovery.clean.shape == test.clean.shape == (2, 10, 16)
  assert text.shape == (10, 32) and model.vocab_size == 512
  assert params.embed is not None and params.embed.shape == (512, 64)


if __name__ == '__main__':
  absltest.main()
