"""Exact combinatorics of sparse patterns."""

from fractions import Fraction
import math
from typing import Any

from absl.testing import absltest
from absl.testing import parameterized
import hypothesis
from hypothesis import strategies as st
import jax
import numpy as np

from nmlib.analysis import sparse_codes
from nmlib.analysis.sparse_codes import patterns as sparse_patterns

# Twenty significant digits, from whole-number arithmetic done elsewhere.
_FALSE_POSITIVE = (
    (10, 3, 3, 2, Fraction(11, 60), 0.954545),
    (16, 4, 4, 2, Fraction(89, 364), 0.889888),
    (32, 8, 5, 3, Fraction(307, 3596), 0.899023),
    (400, 8, 4, 2, Fraction(30969, 15010570), 0.989841),
    (4000, 80, 4, 2, Fraction(175688337, 76076242850), 0.986842),
    (4000, 400, 4, 2, Fraction(794462257, 15215248570), 0.929578),
    (100000, 2000, 6, 6, 6.3530887294191641021e-11, 1),
    (100000, 2000, 8, 8, 2.5250723928496057734e-14, 1),
    (100000, 2000, 10, 10, 1.0016321617811333948e-17, 1),
    (100000, 2000, 12, 6, 5.2938683627536896243e-8, 0.982642),
    (100000, 2000, 16, 8, 2.8172452832727179899e-10, 0.982001),
    (100000, 2000, 20, 10, 1.5419276725871958676e-12, 0.981599),
    (100000, 2000, 24, 12, 8.5869410027659220341e-15, 0.981326),
    (100000, 2000, 40, 10, 4.9154186488364487199e-9, 0.944967),
    (100000, 2000, 80, 10, 4.6256844803821587744e-6, 0.872458),
    (100000, 2000, 120, 10, 1.5879979309493894502e-4, 0.801103),
    (100000, 2000, 240, 20, 1.0799076394655262417e-7, 0.790589),
    (10000, 64, 24, 12, 4.0415971227765704194e-21, 0.995168),
    (10000, 300, 24, 12, 8.3758452270984909689e-13, 0.972678),
    (10000, 300, 30, 15, 1.0491918252123693817e-15, 0.972512),
    (2000, 40, 20, 15, 2.4719233094308658221e-23, 0.996010),
    (2000, 40, 20, 10, 4.9436312017321396218e-13, 0.986061),
    (2048, 40, 40, 20, 2.4912506097762945002e-26, 0.990436),
    (2048, 40, 20, 10, 3.9105892637874755618e-13, 0.986395),
    (200000, 4000, 24, 12, 8.7216028292414537553e-15, 0.981270),
    (300, 64, 24, 12, 1.0946166233369047536e-3, 0.795256),
    (500, 64, 24, 12, 5.6957110876953334114e-6, 0.889323),
    (700, 64, 24, 12, 1.4125323093073027822e-7, 0.924224),
    (300, 128, 24, 12, 2.9207821373776359034e-1, 0.433958),
    (1100, 128, 24, 12, 2.9964210259011350705e-6, 0.890653),
    (900, 256, 24, 12, 1.9359764595985569807e-2, 0.667916),
    (3500, 256, 24, 12, 2.2338088109583463491e-8, 0.931105),
    (300, 150, 24, 12, 5.8401492930830845613e-1, 0.287715),
    (3500, 1750, 24, 12, 5.8086782721667723549e-1, 0.278438),
)
_FALSE_NEGATIVE = (
    (12, 5, 6, 3, 0.5),
    (40, 20, 12, 10, 6.2381625229233683071e-4),
    (40, 20, 20, 10, 3.7618556728195457218e-1),
    (64, 24, 32, 12, 3.9829924487515165498e-1),
    (128, 30, 26, 8, 3.1419333449968434759e-16),
    (128, 30, 38, 8, 7.9016863762575537788e-10),
    (128, 30, 64, 8, 7.3542945687512072852e-4),
    (128, 30, 64, 12, 7.1698516040356358795e-2),
    (128, 30, 64, 16, 5.8250177303032652170e-1),
    (128, 30, 90, 12, 8.8092251072182403131e-1),
    (200, 20, 100, 10, 4.0714889648018975597e-1),
    (200, 24, 80, 12, 9.9713688532160527923e-2),
)
_SIZES = st.integers(1, 60)


@st.composite
def _segments(draw):
  n = draw(_SIZES)
  a, s = draw(st.integers(0, n)), draw(st.integers(0, n))
  return n, a, s, draw(st.integers(0, s + 1))


class SparseCodesTest(parameterized.TestCase):

  @parameterized.parameters(*_FALSE_POSITIVE)
  def test_false_positive_has_the_known_value(self, n, a, s, theta, p, share):
    ours = sparse_codes.false_positive(n, a, s, theta)
    # A few units in the last place: both were rounded once.
    np.testing.assert_allclose(ours, float(p), rtol=1e-15)
    log = sparse_codes.log_false_positive(n, a, s, theta)
    np.testing.assert_allclose(log, math.log(p), rtol=1e-13)
    lead = sparse_codes.false_positive_leading_term(n, a, s, theta)
    np.testing.assert_allclose(lead / ours, share, atol=6e-7)  # six digits

  @parameterized.parameters(*_FALSE_NEGATIVE)
  def test_false_negative_has_the_known_value(self, a, s, v, theta, p):
    ours = sparse_codes.false_negative(a, s, v, theta)
    np.testing.assert_allclose(ours, p, rtol=1e-15)

  @parameterized.parameters(
      ((100000, 2000, 20, 10, 100), 1.5419276724695075907e-10),
      ((10000, 300, 24, 12, 500), 4.1879226126740645633e-10),
      ((2000, 40, 20, 10, 150), 7.4154468023250981381e-11),
  )
  def test_neuron_of_independent_segments(self, arguments, p):
    ours = sparse_codes.neuron_false_positive_independent_segments(*arguments)
    np.testing.assert_allclose(ours, p, rtol=1e-14)
    bound = sparse_codes.classification_false_positive_bound(*arguments)
    self.assertLessEqual(ours, bound)

  @parameterized.parameters(
      (10000, 200, 24, 80, (6, 7, 9, 10, 12)),
      (10000, 200, 30, 100, (6, 8, 9, 11, 13)),
      (200000, 4000, 24, 1600, (6, 7, 9, 10, 12)),
      (200000, 4000, 30, 1200, (8, 9, 11, 12, 14)),
  )
  def test_optimal_threshold(self, n, a, s, v, expected):
    weights = (1, 10**3, 10**6, 10**9, 10**12)
    ours = [sparse_codes.optimal_threshold(n, a, s, v, w) for w in weights]
    self.assertSequenceEqual(ours, expected)

  @hypothesis.given(_segments())
  def test_laws_of_the_overlap(self, segment):
    n, a, s, theta = segment
    counts = [sparse_codes.overlap_count(n, a, s, b) for b in range(s + 1)]
    self.assertEqual(sum(counts), math.comb(n, a))
    p = sparse_codes.false_positive(n, a, s, theta, exact=True)
    self.assertEqual(p, Fraction(sum(counts[theta:]), math.comb(n, a)))
    swapped = sparse_codes.false_positive(n, s, a, theta, exact=True)
    self.assertEqual(p, swapped)
    if theta:
      easier = sparse_codes.false_positive(n, a, s, theta - 1, exact=True)
      self.assertLessEqual(p, easier)
    log = sparse_codes.log_false_positive(n, a, s, theta)
    # Relative, and absolute where P rounds to 1 (its logarithm to 0).
    np.testing.assert_allclose(math.exp(log), float(p), rtol=1e-12)
    if 0 < theta <= s and theta * n >= a * s:
      bound = sparse_codes.chernoff_bound(n, a, s, theta)
      self.assertLessEqual(float(p), bound * (1 + 1e-12))

  @hypothesis.given(_segments(), st.data())
  def test_false_negative_counts_lost_synapses(self, segment, data):
    a, v, s, theta = segment
    p = sparse_codes.false_negative(a, s, v, theta, exact=True)
    kept = [
        sparse_codes.overlap_count(a, v, s, b)
        for b in range(s + 1)
        if s - b >= theta
    ]
    self.assertEqual(p, 1 - Fraction(sum(kept), math.comb(a, v)))
    self.assertEqual(sparse_codes.false_negative(a, s, 0, min(theta, s)), 0)
    if theta:
      self.assertEqual(sparse_codes.false_negative(a, s, a, theta), 1)

  @hypothesis.given(_segments(), st.integers(1, 40), st.data())
  def test_replaced_cells_may_be_found_again(self, segment, more, data):
    a, v, s, theta = segment
    n = a + more
    p = sparse_codes.false_negative_with_replacement(
        n, a, s, v, theta, exact=True
    )
    # The overlap afterwards, summed over lost synapses and those found again.
    expected = Fraction(0)
    for lost in range(min(s, v) + 1):
      for found in range(lost + 1):
        if s - lost + found < theta:
          expected += Fraction(
              sparse_codes.overlap_count(a, v, s, lost)
              * sparse_codes.overlap_count(n - a + v, v, lost, found),
              math.comb(a, v) * math.comb(n - a + v, v),
          )
    self.assertEqual(p, expected)
    without = sparse_codes.false_negative(a, s, v, theta, exact=True)
    self.assertLessEqual(p, without)
    log = sparse_codes.log_false_negative(a, s, v, theta)
    np.testing.assert_allclose(math.exp(log), float(without), rtol=1e-12)
    segments = data.draw(st.integers(0, 1000))
    neuron = sparse_codes.neuron_false_positive_independent_segments(
        n, a, s, theta, segments
    )
    log = sparse_codes.log_neuron_false_positive_independent_segments(
        n, a, s, theta, segments
    )
    np.testing.assert_allclose(math.exp(log), neuron, rtol=1e-12)
    single = sparse_codes.false_positive(n, a, s, theta, exact=True)
    exact = float(1 - (1 - single) ** segments)
    # Rounding the single segment's chance to a float costs 1 - P its digits.
    np.testing.assert_allclose(neuron, exact, rtol=1e-12)

  def test_whole_floats_count_as_whole_numbers(self):
    lost: Any = 0.4 * 200  # a share of the pattern
    theta: Any = np.float64(12)
    cells: Any = 10.0
    self.assertEqual(
        sparse_codes.false_negative(200, 24, lost, theta),
        sparse_codes.false_negative(200, 24, 80, 12),
    )
    self.assertIs(type(sparse_codes.false_positive(cells, 3, 3, 2)), float)

  def test_more_cells_tend_to_the_binomial(self):
    tail = sum(
        math.comb(24, b) * 0.02**b * 0.98 ** (24 - b) for b in range(12, 25)
    )
    ours = [
        sparse_codes.false_positive(n, n // 50, 24, 12)
        for n in (10**4, 10**5, 10**6)
    ]
    gaps = [abs(p / tail - 1) for p in ours]
    self.assertLess(gaps[2], 4e-3)  # first order in 1 / n
    np.testing.assert_allclose(gaps[1] / gaps[2], 10, rtol=0.05)

  def test_logarithm_beyond_the_range_of_floats(self):
    arguments = 100000, 1000, 900, 500
    self.assertEqual(sparse_codes.false_positive(*arguments), 0)
    exact = sparse_codes.false_positive(*arguments, exact=True)
    expected = math.log(exact.numerator) - math.log(exact.denominator)
    log = sparse_codes.log_false_positive(*arguments)
    np.testing.assert_allclose(log, expected, rtol=1e-13)
    neuron = sparse_codes.log_neuron_false_positive_independent_segments(
        *arguments, 1000
    )
    np.testing.assert_allclose(neuron, log + math.log(1000), rtol=1e-13)

  def test_chance_agrees(self):
    trials = 40_000
    counts = np.asarray(
        sparse_patterns.observed_false_positives(
            jax.random.key(0), 300, 64, 24, trials
        )
    )
    p = sparse_codes.false_positive(300, 64, 24, 12)
    error = math.sqrt(p / trials)
    self.assertLess(abs(counts[12:].sum() / trials - p), 4 * error)
    mean = (counts * np.arange(25)).sum() / trials
    # The overlap's mean is a s / n; its deviation 1.94.
    self.assertLess(abs(mean - 64 * 24 / 300), 4 * 1.94 / math.sqrt(trials))

  def test_matches_are_counted_at_each_point_by_its_own_patterns(self):
    points = (50, 10, 8, 2), (50, 10, 8, 2), (50, 10, 8, 0)
    first, second = (
        sparse_patterns.observed_false_positives(
            jax.random.key(i), 50, 10, 8, 500
        )[2:].sum()
        for i in range(2)
    )
    self.assertNotEqual(first, second)
    matches = sparse_patterns.count_matches(points, 500)
    np.testing.assert_array_equal(matches, [first, second, 500])

  def test_noise_breaks_matches_as_often_as_said(self):
    def misses(key):
      keys = jax.random.split(key, 3)
      pattern = sparse_patterns.random_pattern(keys[0], 300, 40)
      segment = sparse_patterns.sample_segment(keys[1], pattern, 20)
      noisy = sparse_patterns.lose_cells(keys[2], pattern, 20)
      return noisy[segment].sum() < 10

    trials = 4000
    keys = jax.random.split(jax.random.key(1), trials)
    observed = np.asarray(jax.jit(jax.vmap(misses))(keys)).mean()
    p = sparse_codes.false_negative(40, 20, 20, 10)
    error = math.sqrt(p * (1 - p) / trials)
    self.assertLess(abs(observed - p), 4 * error)

  def test_sequence_memory_forgets_when_wrong_cells_join(self):
    good = sparse_codes.sequence_prediction_similarity(2000, 40, 20, 12, 380)
    poor = sparse_codes.sequence_prediction_similarity(2000, 40, 20, 3, 380)
    self.assertGreater(good, 0.999)
    self.assertLess(poor, 0.1)
    segments = sparse_codes.segments_per_cell(2048, 40)
    self.assertEqual(segments, 19000 * 40 / 2048)
    p = sparse_codes.false_positive(2048, 40, 20, 5)
    wrong = 1 - (1 - p) ** segments
    np.testing.assert_allclose(
        sparse_codes.sequence_prediction_similarity(2048, 40, 20, 5, segments),
        40 / (40 + wrong * 2008),
        rtol=1e-9,  # the power of a number close to one
    )

  @parameterized.parameters(
      ('false_positive', (10, 11, 3, 2), 'a must be at most n=10, got 11'),
      ('false_positive', (10, 3, 11, 2), 's must be at most n=10, got 11'),
      ('false_positive', (0, 0, 0, 0), 'n must be at least 1, got 0'),
      ('false_positive', (10, 3, 3, -1), 'theta must be 0 or more, got -1'),
      ('log_false_positive', (10, 3.5, 3, 1), 'a must be a whole number'),
      ('overlap_count', (10, 3, 3, -1), 'b must be 0 or more'),
      ('false_negative', (10, 11, 3, 2), 's must be at most a=10, got 11'),
      ('false_negative', (10, 3, 11, 2), 'v must be at most a=10, got 11'),
      (
          'neuron_false_positive_independent_segments',
          (10, 3, 3, 2, -5),
          'segments must be 0 or more',
      ),
      ('optimal_threshold', (10, 4, 3, 1, 0), 'weight must be positive'),
      ('optimal_threshold', (10, 4, 0, 1), 's must be at least 1'),
      ('chernoff_bound', (10, 5, 4, 1), 'the bound holds for'),
      (
          'sequence_prediction_similarity',
          (10, 0, 4, 1, 5),
          'a must be at least 1',
      ),
      (
          'sequence_prediction_similarity',
          (10, 2, 4, 1, math.nan),
          'segments must be 0 or more, and finite, got nan',
      ),
      ('pattern_count', (10, 11), 'a must be at most n=10, got 11'),
      ('segments_per_cell', (10, 2, -1), 'sequences must be 0 or more'),
      ('log_false_negative', (10, 3, 11, 2), 'v must be at most a=10, got 11'),
      (
          'false_negative_with_replacement',
          (30, 10, 11, 3, 2),
          's must be at most a=10, got 11',
      ),
  )
  def test_outside_the_domain(self, name, arguments, message):
    with self.assertRaisesRegex(ValueError, message):
      getattr(sparse_codes, name)(*arguments)

  def test_pattern_wider_than_the_population(self):
    with self.assertRaisesRegex(ValueError, 'a must be in 0 .. n=4, got 5'):
      sparse_patterns.random_pattern(jax.random.key(0), 4, 5)


if __name__ == '__main__':
  absltest.main()
