"""README's table says what the reports say, and nothing else of it changes."""

from absl.testing import absltest
from absl.testing import parameterized

from nmlib import train
from nmlib.train.reports import readme

_PAPER = train.Paper(
    title='A | paper', authors='Somebody et al.', year=2024,
    url='https://arxiv.org/abs/2401.00001', modules=('nmlib.neurons.elm',),
    checked='closed forms',
    headline=train.Headline(
        'accuracy with, without', 'It learns', ('with', 'without'), '0.9, 0.8'
    ),
    data={'small': (train.Source('rows', 'generated'),)},
)  # fmt: skip


def _record(preset='small', **ours):
  claim = {'text': 'It learns much', 'ours': ours}
  return {'experiment': 'toy', 'preset': preset, 'claims': [claim]}


class ReadmeTest(parameterized.TestCase):

  def test_one_line_a_paper(self):
    records = [
        _record(**{'with': [0.5, 0.7], 'without': [0.25, 0.25]}),
        _record('paper', other=[1.0]),
    ]
    papers = {'toy': _PAPER, 'toy.more': _PAPER}
    _, _, first = readme.table(papers, records).splitlines()
    self.assertEqual(
        first,
        r'| [A \| paper](https://arxiv.org/abs/2401.00001) (Somebody et al.'
        ' 2024; [more](docs/papers/toy.md)) | `python -m launch.toy` | accuracy'
        ' with, without | 0.6&nbsp;±&nbsp;0.14, 0.25&nbsp;±&nbsp;0 (2 seeds)'
        ' | 0.9, 0.8 |',
    )

  def test_one_seed_and_unequal_seeds_are_said(self):
    one = _record(**{'with': [0.5], 'without': [0.25]})
    self.assertIn(
        '| 0.5, 0.25 (1 seed) |', readme.table({'toy': _PAPER}, [one])
    )
    more = _record(**{'with': [0.5, 0.5], 'without': [0.25]})
    self.assertIn(' (1, 2 seeds) |', readme.table({'toy': _PAPER}, [more]))

  def test_paper_without_a_report_is_named(self):
    record = _record(**{'with': [0.5], 'without': [0.25]})
    papers = {'toy': _PAPER, 'unrun': _PAPER}
    with self.assertRaisesRegex(ValueError, 'no whole report .* of unrun;'):
      readme.table(papers, [record])

  def test_two_reports_of_one_launcher_are_refused(self):
    record = _record(**{'with': [0.5], 'without': [0.25]})
    with self.assertRaisesRegex(ValueError, 'two reports of toy, preset small'):
      readme.table({'toy': _PAPER}, [record, record])

  def test_table_goes_between_the_marks(self):
    marks = ('<!-- papers: begin -->', '<!-- papers: end -->')
    text = f'# Head\n\n{marks[0]}\nold\n{marks[1]}\ntail\n'
    made = readme.splice(text, '| new |')
    self.assertEqual(made, text.replace('old', '| new |'))
    self.assertEqual(readme.splice(made, 'old'), text)

  @parameterized.parameters(
      '', '<!-- papers: begin -->',
      '<!-- papers: end --><!-- papers: begin -->',
      '<!-- papers: begin --><!-- papers: end --><!-- papers: end -->',
  )  # fmt: skip
  def test_marks_that_are_not_there_once_are_refused(self, text):
    with self.assertRaisesRegex(ValueError, 'README must hold'):
      readme.splice(text, 'x')


if __name__ == '__main__':
  absltest.main()
