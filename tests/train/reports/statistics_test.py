"""Intervals over seeds."""

from absl.testing import absltest
import numpy as np

from nmlib.train.reports import statistics


class StatisticsTest(absltest.TestCase):

  def test_interval_of_three_seeds(self):
    ours, theirs = np.array([3.0, 5.0, 7.0]), np.array([1.0, 2.0, 3.0])
    mean, low, high = statistics.paired_interval(ours, theirs)
    # Differences 2, 3, 4: deviation 1, Student's 4.3027 at two degrees.
    self.assertEqual(mean, 3)
    np.testing.assert_allclose(
        [low, high], 3 + np.array([-1, 1]) * 2.48414, rtol=1e-5
    )

  def test_covers_as_often_as_it_says(self):
    rng = np.random.default_rng(0)
    draws = rng.normal(size=(2000, 2, 4))
    inside = [
        low <= 0 <= high
        for _, low, high in (statistics.paired_interval(*d) for d in draws)
    ]
    # Four standard errors of a share of 0.95.
    self.assertAlmostEqual(np.mean(inside), 0.95, delta=4 * 0.0049)

  def test_one_seed_tells_nothing(self):
    self.assertEqual(
        statistics.paired_interval([1.0], [0.0]), (1.0, -np.inf, np.inf)
    )

  def test_errors(self):
    with self.assertRaisesRegex(ValueError, r'one value a seed, .*\[2\]'):
      statistics.paired_interval([1.0, 2.0], [1.0])
    with self.assertRaisesRegex(ValueError, r'level must be in \(0, 1\)'):
      statistics.paired_interval([1.0], [1.0], 95)

  def test_bootstrap_of_a_mean_is_near_students(self):
    values = np.random.default_rng(1).normal(size=40)
    found = statistics.bootstrap_interval(lambda i: values[i].mean(), 40)
    theirs = statistics.paired_interval(values, np.zeros(40))
    self.assertAlmostEqual(found.mean, theirs.mean)
    # Percentiles of 500 draws: a tenth of the width is four of their errors.
    width = theirs.high - theirs.low
    np.testing.assert_allclose(found[1:], theirs[1:], atol=0.1 * width)

  def test_bootstrap_of_what_is_never_defined_has_no_ends(self):
    found = statistics.bootstrap_interval(lambda i: np.nan, 3)
    self.assertTrue(np.isnan(found).all())
    self.assertEqual(str(found), 'unknown')

  def test_rank_correlation(self):
    ranks = np.array([[1.0] * 4, [2.0] * 4, [3.0] * 4])
    values = ranks + 0.1 * np.arange(4)  # in order within and across seeds
    rho, low, high = statistics.rank_correlation(ranks, values)
    # Ties of rank lower Spearman's rho from 1 to the square root of 1 less the
    # share of tied pairs' variance: 143 - 15 of 143.
    self.assertAlmostEqual(rho, (128 / 143) ** 0.5, places=6)
    self.assertBetween(low, 0.9, rho + 1e-9)
    self.assertBetween(high, rho - 1e-9, 1.0)
    values[1] = np.nan  # not known
    self.assertGreater(statistics.rank_correlation(ranks, values).mean, 0.8)
    values[2] = np.nan  # one value is left
    self.assertTrue(np.isnan(statistics.rank_correlation(ranks, values)).all())

  def test_between(self):
    others = {'rank 1': 1.0, 'rank 5': 5.0, 'rank 9': np.nan}
    of = lambda value: statistics.between(value, others)
    self.assertEqual(of(3.0), 'above rank 1 (1) and below rank 5 (5)')
    self.assertEqual(of(0.5), 'below rank 1 (1)')
    self.assertEqual(of(7.0), 'above rank 5 (5)')
    self.assertEqual(of(np.nan), 'not known')
    self.assertIn('nothing to', statistics.between(1.0, {'none': np.nan}))


if __name__ == '__main__':
  absltest.main()
