"""ELM on long sequences, as a user starts it."""

from absl.testing import absltest
import pytest

from launch.elm.lra import config as config_lib
from nmlib import train
from tests.launch import launcher


class ElmLraTest(launcher.LauncherTest):
  LAUNCHER = 'launch.elm.lra'

  def test_report_has_a_row_for_each_task_and_model(self):
    record = self.smoke().report
    rows = record['tables']['Test accuracy']['rows']
    for model in ('elm', 'lstm'):
      for task in ('listops', 'pathfinder'):
        self.assertLen(rows[f'{task}, {model}']['accuracy'], 2)
    # Four steps teach nothing.
    learns = [c for c in record['claims'] if 'listops: ELM learns' in c['text']]
    self.assertLen(learns, 1)
    self.assertFalse(learns[0]['holds'])

  @pytest.mark.slow
  def test_small_learns_from_generated_data(self):
    code, _, err = self.run_launcher('--preset=small')
    self.assertEqual(code, 0, err)
    self.assertEqual(train.unexpected(self.report()), [])

  def test_pairs_of_papers_train(self):
    for part in ('train', 'test'):
      lines = ['1.0\ta\tb\tsame\tsame', '0.0\ta\tc\tsame\tquite another']
      (self.folder / f'{part}.tsv').write_text('\n'.join(lines * 2) + '\n')
    code, out, err = self.run_launcher(
        '--preset=smoke',
        '--config.tasks=retrieval',
        '--config.models=elm',
        '--config.text_length=6',
        f'--config.path={self.folder}',
    )
    self.assertEqual(code, 0, err)
    self.assertIn('retrieval, elm', out)

  def test_fields_that_do_not_fit_are_refused(self):
    with self.assertRaisesRegex(ValueError, 'files of one task, but config.ta'):
      config_lib.Config(path='here')
    with self.assertRaisesRegex(ValueError, 'retrieval, which needs config.pa'):
      config_lib.Config(tasks=('retrieval',))


if __name__ == '__main__':
  absltest.main()
