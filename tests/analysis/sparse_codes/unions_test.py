"""Exact combinatorics of segments that store several patterns."""

import math

from absl.testing import absltest
from absl.testing import parameterized
import hypothesis
from hypothesis import strategies as st
import numpy as np

from nmlib.analysis import sparse_codes
from nmlib.analysis.sparse_codes import hypergeometric


@st.composite
def _unions(draw):
  n = draw(st.integers(1, 60))
  a, s = draw(st.integers(0, n)), draw(st.integers(0, min(n, 12)))
  m = draw(st.integers(1, 4))
  return n, a, s, m, draw(st.integers(0, m * s + 1))


class SparseUnionsTest(parameterized.TestCase):

  @parameterized.parameters(
      ((4000, 40, 10), 9.5617924991195509990e-2, 382.47169996478203996),
      ((4000, 40, 50), 3.9499393286246334955e-1, 1579.9757314498533982),
      ((2000, 40, 20), 3.3239202824490550708e-1, 664.78405648981101416),
      ((2048, 40, 10), 1.7901057765323015306e-1, 366.61366303381535347),
  )
  def test_density_of_a_union(self, arguments, density, cells):
    ours = sparse_codes.union_density(*arguments)
    np.testing.assert_allclose(ours, density, rtol=1e-14)
    np.testing.assert_allclose(ours * arguments[0], cells, rtol=1e-14)
    exact = sparse_codes.union_density(*arguments, exact=True)
    np.testing.assert_allclose(float(exact), density, rtol=1e-15)

  @parameterized.parameters(
      (
          (400, 8, 6, 3, 3),
          3.5810239359376463928e-3,
          17.73135,
          3.7384067397234322097e-3,
      ),
      (
          (1000, 20, 10, 5, 5),
          2.0507224290357154594e-3,
          49.00995010,
          2.0427179481737186844e-3,
      ),
      (
          (200, 10, 5, 4, 3),
          5.9354254722498952368e-2,
          19.262421875,
          5.7063997647823095882e-2,
      ),
  )
  def test_union_false_positive(self, arguments, mixture, size, rounded):
    n, a, s, m, theta = arguments
    ours = sparse_codes.union_false_positive_exact_mixture(*arguments)
    np.testing.assert_allclose(ours, mixture, rtol=1e-13)  # m sums of floats
    exact = sparse_codes.union_false_positive_exact_mixture(
        *arguments, exact=True
    )
    np.testing.assert_allclose(float(exact), mixture, rtol=1e-15)
    approximate = sparse_codes.union_false_positive_mean_size(*arguments)
    np.testing.assert_allclose(approximate, rounded, rtol=1e-15)
    bound = sparse_codes.union_false_positive_disjoint(*arguments)
    self.assertGreaterEqual(bound, exact)
    sizes = sparse_codes.union_size_distribution(n, s, m, exact=True)
    self.assertEqual(sum(sizes.values()), 1)
    mean = sum(u * p for u, p in sizes.items())
    self.assertEqual(mean, n * sparse_codes.union_density(n, s, m, exact=True))
    np.testing.assert_allclose(float(mean), size, rtol=1e-9)  # ten digits

  @hypothesis.given(_unions())
  def test_floats_and_logarithms_agree_with_fractions(self, union):
    exact = sparse_codes.union_false_positive_exact_mixture(*union, exact=True)
    # Ratios of neighbours and sums of positive terms lose few digits.
    ours = sparse_codes.union_false_positive_exact_mixture(*union)
    np.testing.assert_allclose(ours, float(exact), rtol=1e-12)
    log = sparse_codes.log_union_false_positive_exact_mixture(*union)
    np.testing.assert_allclose(math.exp(log), float(exact), rtol=1e-12)
    n, _, s, m, _ = union
    sizes = sparse_codes.union_size_distribution(n, s, m)
    expected = sparse_codes.union_size_distribution(n, s, m, exact=True)
    for size, p in sizes.items():
      np.testing.assert_allclose(p, float(expected.get(size, 0)), rtol=1e-12)

  def test_large_unions(self):
    union = 45118, 2238, 22, 5, 101
    exact = sparse_codes.union_false_positive_exact_mixture(*union, exact=True)
    ours = sparse_codes.union_false_positive_exact_mixture(*union)
    np.testing.assert_allclose(ours, float(exact), rtol=1e-12)
    # Too small for a float, and whole patterns of 2 % of 100,000 cells.
    log = sparse_codes.log_union_false_positive_exact_mixture(
        100_000, 2000, 300, 2, 500
    )
    self.assertLess(log, math.log(5e-324))
    alone = sparse_codes.log_false_positive(100_000, 2000, 598, 500)
    self.assertAlmostEqual(log, alone, delta=0.02 * abs(alone))
    sizes = sparse_codes.union_size_distribution(100_000, 2000, 3)
    mean = math.fsum(u * p for u, p in sizes.items())
    density = sparse_codes.union_density(100_000, 2000, 3)
    np.testing.assert_allclose(mean, 100_000 * density, rtol=1e-12)

  @hypothesis.given(_unions())
  def test_probabilities_of_the_overlap(self, union):
    n, a, s, _, _ = union
    lowest, ours = hypergeometric.probabilities(n, a, s)
    expected = [
        sparse_codes.overlap_count(n, a, s, lowest + i) / math.comb(n, a)
        for i in range(len(ours))
    ]
    np.testing.assert_allclose(ours, expected, rtol=1e-12)
    logs = hypergeometric.log_probabilities(n, a, s)[1]
    np.testing.assert_allclose(np.exp(logs), expected, rtol=1e-12)

  @parameterized.parameters(
      ('union_density', (10, 3, -1), 'm must be 0 or more, got -1'),
      ('union_size_distribution', (10, 3, 0), 'm must be at least 1, got 0'),
      (
          'union_false_positive_exact_mixture',
          (10, 11, 3, 2, 1),
          'a must be at most n=10',
      ),
      (
          'log_union_false_positive_exact_mixture',
          (10, 3, 3, 0, 1),
          'm must be at least 1, got 0',
      ),
      ('union_false_positive_disjoint', (10, 3, 3, 2, -1), 'theta must be 0'),
  )
  def test_outside_the_domain(self, name, arguments, message):
    with self.assertRaisesRegex(ValueError, message):
      getattr(sparse_codes, name)(*arguments)


if __name__ == '__main__':
  absltest.main()
