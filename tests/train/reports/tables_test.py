"""Tables say the same in every rendering."""

import json

from absl.testing import absltest
import numpy as np

from nmlib import train
from nmlib.train.reports import tables


class TablesTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.record = json.loads(
        json.dumps(
            train.Table(
                {
                    'a|b': {'accuracy': [1.0, 3.0], 'parameters': 12},
                    'c': {'accuracy': [0.5, 0.5], 'kind': '<x>'},
                },
                note='Bold words.',
            ).record()
        )
    )

  def test_terminal_lines_up(self):
    head, first, second, *notes = tables.terminal(self.record).splitlines()
    self.assertEqual(head.split(), ['method', 'accuracy', 'parameters', 'kind'])
    self.assertEqual(first.split(), ['a|b', '2', '±', '1.4', '12'])
    self.assertEqual(second.index('<x>') + 3, len(head))
    self.assertEqual(
        notes, ['Mean ± standard deviation over seeds, n = 2.', 'Bold words.']
    )

  def test_columns_are_rows_turned_over(self):
    cells = {'x': {'a': 1, 'b': 2}, 'y': {'b': [3.0, 4.0], 'c': 'no x'}}
    made = train.columns(cells, 'letter', note='A note.')
    rows = {'a': {'x': 1}, 'b': {'x': 2, 'y': [3.0, 4.0]}, 'c': {'y': 'no x'}}
    self.assertEqual(made, train.Table(rows, 'letter', 'A note.'))

  def test_a_row_is_placed_among_others_in_every_column(self):
    table = train.Table(
        {
            'low': {'x': [0.0, 2.0], 'y': [np.nan, 5.0]},
            'high': {'x': [4.0, 4.0], 'y': [np.nan, np.nan]},
            'own': {'x': [2.0, 3.0], 'y': [7.0, np.nan]},
        }
    )
    found = train.placed({'T': table}, 'own', ('low', 'high'))
    self.assertEqual(found.label, 'measure')
    lies = {name: row['lies'] for name, row in found.rows.items()}
    self.assertEqual(
        lies,
        {
            'x, T': 'above low (1) and below high (4)',
            'y, T': 'above low (5)',  # of high nothing is known
        },
    )
    self.assertEqual(found.rows['x, T']['own'], [2.0, 3.0])

  def test_correlations_of_groups(self):
    rising = np.arange(12.0).reshape(4, 3)
    found = train.correlations(
        {'g': {'m': rising**3, 'n': -rising}, 'h': {'m': rising * np.nan}},
        {'rank': rising},
        'networks',
    )
    self.assertEqual(found.label, 'networks')
    self.assertEqual(
        found.rows,
        {
            'g, rank': {
                'm': '1.0000 [1.0000, 1.0000]',
                'n': '-1.0000 [-1.0000, -1.0000]',
            },
            'h, rank': {'m': 'unknown'},
        },
    )

  def test_markdown_and_html_escape(self):
    self.assertIn(r'| a\|b | 2 ± 1.4 | 12 |  |', tables.markdown(self.record))
    self.assertIn('<td>&lt;x&gt;</td>', tables.html(self.record))

  def test_seeds_are_counted_where_they_differ(self):
    record = train.Table({'a': {'x': [1.0, 3.0], 'y': [1.0]}}).record()
    self.assertIn('2 ± 1.4 (n=2)', tables.terminal(record))
    self.assertIn('1 (n=1)', tables.terminal(record))

  def test_seeds_that_are_not_known_do_not_count(self):
    nan = float('nan')
    cells = {'x': [1.0, nan, 3.0], 'y': [nan], 'z': [2.0, 2.0]}
    record = train.Table({'a': cells}).record()
    self.assertEqual(record['rows']['a']['x'], [1.0, 3.0])
    self.assertIn('| a | 2 ± 1.4 |  | 2 ± 0 |', tables.markdown(record))


if __name__ == '__main__':
  absltest.main()
