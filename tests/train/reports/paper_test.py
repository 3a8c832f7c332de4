"""What a launcher says of its paper is whole, and found in its reports."""

import dataclasses

from absl.testing import absltest
from absl.testing import parameterized

from nmlib import train

_HEADLINE = train.Headline('accuracy', 'It learns', ('elm',), '0.9')
_PAPER = train.Paper(
    title='A paper',
    authors='Somebody et al.',
    year=2024,
    url='https://arxiv.org/abs/2401.00001',
    modules=('nmlib.neurons.elm',),
    checked='closed forms',
    headline=_HEADLINE,
    data={'small': (train.Source('digits', 'embedded'),)},
)


def _record(*claims):
  return {'claims': [{'text': text, 'ours': ours} for text, ours in claims]}


class PaperTest(parameterized.TestCase):

  @parameterized.parameters(
      (dict(title=''), 'say its title'),
      (dict(modules=()), 'say its modules'),
      (dict(year=24), 'a year such as 2024, got 24'),
      (dict(url='arxiv.org'), "https://, got 'arxiv.org'"),
      (dict(also={'another': 'x'}), "https://, got 'x'"),
      (dict(modules=('elm',)), "nmlib.neurons.bdh, got 'elm'"),
      (dict(data={'paper': ()}), "preset 'paper' learns from"),
  )
  def test_what_is_missing_is_named(self, fields, message):
    with self.assertRaisesRegex(ValueError, message):
      dataclasses.replace(_PAPER, **fields)

  @parameterized.parameters(
      (('MNIST', 'tfds'), "has tfds=''"),
      (('digits', 'embedded', 'mnist'), "has tfds='mnist'"),
      (('digits', 'embedded', '', 'path'), "flag='path'"),
      (('speech', 'files'), 'by which flag'),
  )
  def test_source_that_cannot_be_found_is_refused(self, fields, message):
    with self.assertRaisesRegex(ValueError, message):
      train.Source(*fields)

  def test_headline_takes_the_exact_name_before_one_that_starts_so(self):
    ours = {'elm': [0.5, 0.6], 'elm, short tau': [0.1, 0.2]}
    record = _record(('It learns much', ours), ('Another', ours))
    self.assertEqual(_HEADLINE.values(record), [[0.5, 0.6]])
    start = dataclasses.replace(_HEADLINE, keys=('elm, s', 'elm'))
    self.assertEqual(start.values(record), [[0.1, 0.2], [0.5, 0.6]])

  @parameterized.parameters(
      ((('Another', {}),), "one claim that starts with 'It learns', got 0"),
      ((('It learns', {}), ('It learns x', {})), 'got 2'),
      ((('It learns', {'lstm': [1.0]}),), "one name 'elm'.*got 0"),
  )
  def test_headline_that_a_report_does_not_have_is_said(self, claims, message):
    with self.assertRaisesRegex(ValueError, message):
      _HEADLINE.values(_record(*claims))

  def test_empty_headline_is_refused(self):
    with self.assertRaisesRegex(ValueError, 'fill all its fields'):
      dataclasses.replace(_HEADLINE, paper='')


if __name__ == '__main__':
  absltest.main()
