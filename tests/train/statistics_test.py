"""Intervals over seeds."""

from absl.testing import absltest
import numpy as np

from nmlib.train import statistics


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


if __name__ == '__main__':
  absltest.main()
