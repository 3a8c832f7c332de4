"""Claims hold as their comparison says."""

import dataclasses

from absl.testing import absltest
from absl.testing import parameterized

from nmlib import train
from nmlib.train.reports import claims


class ClaimsTest(parameterized.TestCase):

  @parameterized.parameters(
      ('mean', [1.0, 5.0], [2.0, 3.0], True, 'in the mean'),
      ('seed', [1.0, 5.0], [2.0, 3.0], False, 'in every seed'),
      ('seed', [3.0, 5.0], [2.0, 3.0], True, 'in every seed'),
      ('interval', [3.0, 5.0], [2.0, 3.0], False, '95 % interval'),
      ('interval', [3.0, 4.01], [2.0, 3.0], True, '95 % interval'),
      ('mean', [float('nan'), 5.0], [2.0, 3.0], False, 'in the mean'),
  )
  def test_seeds_are_compared_as_said(self, by, ours, theirs, holds, phrase):
    claim = train.higher('A beats B', {'A': ours}, {'B': theirs}, by=by)
    self.assertEqual(claim.holds, holds)
    self.assertIn(phrase, claim.compared)
    self.assertEqual(dict(claim.ours), {'A': ours, 'B': theirs})
    mirrored = train.lower('B is worse', {'B': theirs}, {'A': ours}, by=by)
    self.assertEqual(mirrored.holds, holds)

  def test_share_of_seeds(self):
    claim = lambda need: train.higher(
        '', {'A': [1, 2, 3, 4, 0]}, 0.5, by='seed', need=need
    )
    self.assertTrue(claim(0.8).holds)
    self.assertEqual(claim(0.8).compared, 'in at least 4 of 5 seeds')
    self.assertFalse(claim(0.9).holds)

  def test_margin_and_factor(self):
    ours, theirs = {'A': [2.0, 2.0]}, {'B': [1.0, 1.0]}
    self.assertFalse(train.higher('', ours, theirs, by='mean', margin=1).holds)
    self.assertTrue(train.higher('', ours, theirs, by='mean', times=1.9).holds)
    self.assertTrue(train.lower('', theirs, ours, by='mean', times=0.6).holds)
    self.assertFalse(train.lower('', theirs, ours, by='seed', times=0.5).holds)

  def test_reaching_a_value_may_be_enough(self):
    reach = lambda values, by, equal: train.higher(
        '', {'A': values}, 0.75, by=by, equal=equal
    ).holds
    for by in ('mean', 'seed', 'interval'):
      self.assertTrue(reach([0.75, 0.75], by, equal=True))
      self.assertFalse(reach([0.75, 0.75], by, equal=False))
    self.assertFalse(reach([0.75, 0.5], 'mean', equal=True))
    self.assertFalse(reach([1.0, 0.5], 'seed', equal=True))
    self.assertFalse(reach([0.75, float('nan')], 'mean', equal=True))

  def test_one_value_stands_for_all_seeds(self):
    claim = train.lower('', {'loss': [1.0, 1.5]}, {'bigram': 2.0}, by='seed')
    self.assertTrue(claim.holds)

  def test_several_things_in_order(self):
    values = {'A': [1.0, 1.0], 'B': [2.0, 0.5], 'C': [3.0, 3.0]}
    claim = lambda need: train.ordered('', values, by='seed', need=need)
    self.assertFalse(claim(1.0).holds)  # the second seed has B below A
    self.assertTrue(claim(0.5).holds)
    self.assertEqual(dict(claim(0.5).ours), values)
    with self.assertRaisesRegex(ValueError, 'two or more things of the same'):
      train.ordered('', {'A': [1.0], 'B': [1.0, 2.0]}, by='mean')

  def test_what_has_a_because_is_not_expected(self):
    claim = lambda because: train.higher(
        '', {'A': [1.0]}, 0.0, by='mean', because=because
    )
    self.assertFalse(claim('too small').expected)
    self.assertTrue(claim('').expected)

  def test_claim_that_is_not_expected_says_why(self):
    with self.assertRaisesRegex(ValueError, 'say why'):
      train.higher('', {'A': [1.0]}, 0.0, by='mean', expected=False)
    claim = train.higher(
        'x', {'A': [1.0]}, 2.0, by='mean', expected=False, because='too small'
    )
    record = lambda c: {
        'claims': [{'text': c.text, 'holds': c.holds, 'expected': c.expected}]
    }
    self.assertEmpty(claims.unexpected(record(claim)))
    claim = train.higher('x', {'A': [1.0]}, 2.0, by='mean')
    self.assertEqual(claims.unexpected(record(claim)), ['x'])

  @parameterized.parameters(True, False)
  def test_what_rounding_decides_is_never_unexpected(self, holds):
    with self.assertRaisesRegex(ValueError, 'say why'):
      train.Claim('x', '', '', {}, holds, expected=None)
    claim = train.Claim('x', '', '', {}, holds, expected=None, because='noise')
    record = {'claims': [dataclasses.asdict(claim)]}
    self.assertEmpty(claims.unexpected(record))

  @parameterized.parameters(
      ({'A': [1.0]}, {'B': [1.0, 2.0]}, 'compares 1 seeds with 2'),
      ({'A': [1.0], 'C': [1.0]}, 0.0, 'one thing with one'),
      ({'A': []}, 0.0, 'compares 0 seeds'),
  )
  def test_what_cannot_be_compared_is_refused(self, ours, theirs, message):
    with self.assertRaisesRegex(ValueError, message):
      train.higher('', ours, theirs, by='mean')


if __name__ == '__main__':
  absltest.main()
