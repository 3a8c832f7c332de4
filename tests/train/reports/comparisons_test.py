"""Claims about several comparisons."""

from absl.testing import absltest
import numpy as np

from nmlib import train


class ComparisonsTest(absltest.TestCase):

  def test_differences_in_several_comparisons(self):
    gaps = {'A': [1.0, 1.1, float('nan')], 'B': [3.0, -3.0], 'C': [2.0]}
    claim = lambda **asked: train.differ('', gaps, **asked)
    self.assertTrue(claim(need=1).holds)
    self.assertFalse(claim(need=2).holds)
    self.assertFalse(claim(need=1, least=3).holds)  # one seed does not count
    self.assertFalse(claim(need=1, below=True).holds)
    ours = claim(need=1).ours
    # Student's t of two seeds: 12.706 standard errors, here of 0.05.
    self.assertIn('A, 95 % interval [0.415, 1.685]', ours)
    self.assertIn('C, 95 % interval [-inf, inf]', ours)
    self.assertLen(ours['A, 95 % interval [0.415, 1.685]'], 2)

  def test_an_order_holds_at_every_setting(self):
    low = {'A': [1.0, 3.0], 'B': [4.0, 2.0], 'C': [5.0, 5.0]}  # 2, 3, 5
    high = {'A': [0.0, 0.0], 'B': [0.5, 0.5], 'C': [8.0, 8.0]}
    claim = train.ordered_everywhere('x', [low, high], source='figure 1')
    self.assertTrue(claim.holds)
    self.assertEqual(claim.source, 'figure 1')
    self.assertEqual(claim.ours, {'B - A, least': 0.5, 'C - B, least': 2.0})
    equal = low | {'C': [3.0, 3.0]}
    self.assertFalse(train.ordered_everywhere('x', [equal, high]).holds)
    unknown = low | {'C': [np.nan, 5.0]}
    self.assertFalse(train.ordered_everywhere('x', [unknown]).holds)

  def test_what_cannot_be_ordered_is_refused(self):
    for settings in ([], [{'A': [1.0]}], [{'A': [1.0], 'B': [2.0]}, {}]):
      with self.assertRaisesRegex(ValueError, 'the same two or more things'):
        train.ordered_everywhere('x', settings)


if __name__ == '__main__':
  absltest.main()
