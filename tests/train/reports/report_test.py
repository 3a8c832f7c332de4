"""Reports say what was found, in every rendering."""

import json
import pathlib
import re

from absl.testing import absltest
from matplotlib import figure
import numpy as np

from nmlib import train
from nmlib.train.reports import report


class ReportTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.folder = pathlib.Path(self.create_tempdir().full_path)
    plot = figure.Figure()
    plot.subplots().plot([0, 1])
    train.Report(
        claims=[
            train.Claim('A beats B', 'Fig. 1', '2.0', {'A': [1.0, 3.0]}, True),
            train.Claim(
                'C is small', 'Table 2', '', {'C': [np.float32(5.0)]}, False
            ),
        ],
        data={'sha256': 'abc'},
        differences=['smaller'],
        figures={'curve': plot},
        notes={'sample': 'two\nlines'},
        experiment='e',
        preset='small',
        config={'x': 1},
    ).save(self.folder)
    self.record = report.load(self.folder) or {}

  def test_json_has_the_promised_keys(self):
    stored = json.loads((self.folder / 'report.json').read_text())
    self.assertContainsSubset(
        ['experiment', 'preset', 'config', 'data', 'claims', 'figures'], stored
    )
    self.assertEqual(
        list(stored['claims'][0]),
        [
            'text',
            'source',
            'paper',
            'ours',
            'holds',
            'compared',
            'expected',
            'because',
        ],
    )
    self.assertEqual(stored['claims'][0]['ours'], {'A': [1.0, 3.0]})
    self.assertIs(stored['claims'][1]['holds'], False)

  def test_markdown_shows_failures_spread_and_figures(self):
    text = (self.folder / 'report.md').read_text()
    self.assertIn('A: 2 ± 1.4 (n=2) | yes |', text)
    self.assertIn('C: 5 (n=1) | **no** |', text)
    self.assertIn('![curve](figures/curve.png)', text)
    self.assertIn('- smaller', text)

  def test_markdown_of_no_claims_has_no_table_of_them(self):
    text = report.markdown(self.record | {'claims': []})
    self.assertNotIn('| claim |', text)
    self.assertNotIn('±', text)
    self.assertIn('![curve](figures/curve.png)', text)

  def test_figures_are_png(self):
    data = (self.folder / 'figures/curve.png').read_bytes()
    self.assertEqual(data[:8], b'\x89PNG\r\n\x1a\n')

  def test_terminal_marks_each_claim(self):
    text = report.terminal(self.record)
    self.assertIn('[holds] A beats B', text)
    self.assertIn('[FAILS] C is small', text)
    self.assertIn('paper (Fig. 1): 2.0', text)

  def test_what_is_not_plainly_expected_says_why(self):
    claim = self.record['claims'][0] | {'because': 'noise'}
    for holds, expected, mark, reason, cell in (
        (False, False, 'fails, as expected', 'expected not to hold', 'no, as'),
        (True, False, 'HOLDS, not expected', 'expected not to hold', '**yes**'),
        (True, None, 'holds, undecided', 'rounding decides', 'yes, undecided'),
        (False, None, 'fails, undecided', 'rounding decides', 'no, undecided'),
    ):
      came = claim | {'holds': holds, 'expected': expected}
      record = self.record | {'claims': [came]}
      text = report.terminal(record)
      self.assertIn(f'[{mark}] A beats B', text)
      self.assertIn(f'{reason}: noise', text)
      self.assertRegex(report.markdown(record), rf'{re.escape(cell)}.*: noise')

  def test_unfinished_run_has_no_report(self):
    self.assertIsNone(report.load(self.folder / 'elsewhere'))


if __name__ == '__main__':
  absltest.main()
