"""Facets: found where planted, drawn by climbing, counted by a judge."""

from absl.testing import absltest
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.analysis import facets
from nmlib.analysis import feature_visualization
from nmlib.analysis import total_variation


class FindTest(absltest.TestCase):

  def test_means_and_exemplars_are_of_the_nearest_of_a_cluster(self):
    values = np.array([1.0, 2.0, 4.0, 30.0, 50.0], np.float32)
    images = np.broadcast_to(values[:, None, None, None], (5, 2, 2, 1))
    places = np.array([[0, 0], [1, 0], [5, 0], [9, 9], [8, 9]], np.float32)
    own = np.array([0, 0, 0, 1, 1], np.int32)
    centroids = np.array([[0.8, 0], [9, 9]], np.float32)
    found = facets.find(images, places, own, centroids, num_mean=2)
    np.testing.assert_allclose(found.means[:, 0, 0, 0], [1.5, 40])
    np.testing.assert_array_equal(found.exemplars[:, 0, 0, 0], [2, 30])
    np.testing.assert_allclose(found.overall, 87 / 5, rtol=1e-6)

  def test_agreement_is_of_clusters_whatever_their_numbers(self):
    true = np.array([0, 0, 1, 1, 2, 2])
    right = facets.agreement(np.array([2, 2, 0, 0, 1, 1]), true, 3)
    self.assertEqual({k: float(v) for k, v in right.items()},
                     {'purity': 1.0, 'rand': 1.0})  # fmt: skip
    half = facets.agreement(np.array([0, 0, 0, 0, 1, 1]), true, 3)
    np.testing.assert_allclose(half['purity'], 4 / 6, rtol=1e-6)


class DrawTest(absltest.TestCase):

  def test_a_linear_class_is_climbed_and_measured(self):
    rows = jax.random.normal(jax.random.key(0), (2, 6 * 6 * 3))
    network = lambda image: rows @ image.ravel() / 255
    start = jnp.full((6, 6, 3), 127.5)
    stages = (feature_visualization.Stage(60, (9, 9), None),)
    made = facets.draw(jax.random.key(1), network, 1, start, stages)
    # The maximum of a linear function in a box is in a corner of it.
    corner = np.where(rows[1].reshape(6, 6, 3) > 0, 255, 0)
    middle = np.abs(rows[1].reshape(6, 6, 3)) > 0.3
    np.testing.assert_allclose(made.image[middle], corner[middle])
    np.testing.assert_allclose(made.before, rows[1].sum() / 2, rtol=1e-4)
    np.testing.assert_allclose(
        made.activation, network(made.image)[1], rtol=1e-4
    )
    roughness = total_variation.total_variation(made.image)
    np.testing.assert_allclose(made.variation, roughness, rtol=1e-4)

  def test_denoising_smooths_what_is_drawn(self):
    rows = jax.random.normal(jax.random.key(0), (2, 6 * 6 * 3))
    network = lambda image: rows @ image.ravel() / 255
    start = jnp.full((6, 6, 3), 127.5)
    draw = lambda weight: facets.draw(
        jax.random.key(1), network, 0, start,
        (feature_visualization.Stage(9, (9, 9), weight),), sweeps=20,
    )  # fmt: skip
    smooth, rough = draw((0.01, 0.01)), draw(None)
    self.assertLess(float(smooth.variation), 0.5 * float(rough.variation))
    self.assertLess(float(smooth.activation), float(rough.activation))


class CoverageTest(absltest.TestCase):

  def test_each_facet_of_the_own_class_counts_once(self):
    judged = np.full((4, 4), 0.1)
    # Own facets are 0 and 1; the third image is of another class.
    for image, kind in enumerate((0, 0, 3, 0)):
      judged[image, kind] = 0.7
    share, clear = facets.coverage(jnp.asarray(judged), jnp.array([0, 1]))
    self.assertEqual(float(share), 0.5)
    np.testing.assert_allclose(clear, (3 * 0.7 + 0.1) / 4, rtol=1e-6)

  def test_a_share_of_doubles_is_a_double(self):
    with jax.enable_x64(True):
      judged = jnp.eye(5)[:2] + 0.1
      share, _ = facets.coverage(judged, jnp.array([0, 3, 4]))
      self.assertEqual(float(share), 1 / 3)


if __name__ == '__main__':
  absltest.main()
