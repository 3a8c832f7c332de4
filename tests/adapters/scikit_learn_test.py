"""A map of codes and clusters in it, by scikit-learn."""

from absl.testing import absltest
import numpy as np

from nmlib.adapters import scikit_learn


class MapClustersTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    rng = np.random.default_rng(0)
    self.kind = rng.integers(2, size=24)
    self.codes = 9 * self.kind[:, None] + rng.normal(size=(24, 5))

  def test_planted_clusters_are_found(self):
    found = scikit_learn.map_clusters(self.codes, 2, perplexity=3.0)
    same = found.assignments == found.assignments[0]
    np.testing.assert_array_equal(same, self.kind == self.kind[0])
    self.assertEqual(found.places.shape, (24, 2))
    # A centroid is the mean of its own.
    means = [found.places[found.assignments == k].mean(0) for k in (0, 1)]
    np.testing.assert_allclose(found.centroids, means, rtol=1e-4)

  def test_a_seed_repeats_itself(self):
    first, second = (
        scikit_learn.map_clusters(self.codes, 3, seed=7) for _ in range(2)
    )
    for one, other in zip(first, second, strict=True):
      np.testing.assert_array_equal(one, other)

  def test_too_few_are_refused(self):
    with self.assertRaisesRegex(
        ValueError, '24 images cannot make 25 clusters'
    ):
      scikit_learn.map_clusters(self.codes, 25)
    with self.assertRaisesRegex(ValueError, '3 images .* at least 4'):
      scikit_learn.map_clusters(self.codes[:3], 2)


if __name__ == '__main__':
  absltest.main()
