"""Rates of a detector, counted by hand."""

from absl.testing import absltest
import jax.numpy as jnp
import numpy as np

from nmlib.analysis import detection


class DetectionTest(absltest.TestCase):

  def test_rates(self):
    there = jnp.array([True] * 4 + [False] * 16)
    found = jnp.array([True] * 3 + [False] + [True] * 2 + [False] * 14)
    counts = detection.count(found, there)
    self.assertEqual([int(c) for c in counts], [3, 1, 2, 14])
    np.testing.assert_allclose(counts.recall, 3 / 4)
    np.testing.assert_allclose(counts.false_positive_rate, 2 / 16)
    np.testing.assert_allclose(counts.precision, 3 / 5)
    np.testing.assert_allclose(counts.accuracy, 17 / 20)
    np.testing.assert_allclose(counts.balanced_accuracy, (3 / 4 + 14 / 16) / 2)
    np.testing.assert_allclose(counts.f1, 2 / (5 / 3 + 4 / 3))
    measures = counts.measures()
    self.assertEqual(float(measures.pop('wrong')), 3)
    for name, value in measures.items():
      np.testing.assert_array_equal(value, getattr(counts, name))
    self.assertLen(measures, 6)

  def test_saying_no_to_all_is_accurate_but_not_balanced(self):
    there = jnp.arange(100) < 1
    counts = detection.count(jnp.zeros(100, bool), there)
    self.assertAlmostEqual(float(counts.accuracy), 0.99, places=6)
    self.assertEqual(float(counts.balanced_accuracy), 0.5)
    self.assertTrue(np.isnan(counts.precision))

  def test_bad_input(self):
    with self.assertRaisesRegex(ValueError, 'must have one shape'):
      detection.count(jnp.zeros(3), jnp.zeros(4))


if __name__ == '__main__':
  absltest.main()
