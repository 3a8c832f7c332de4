"""Point clouds of solids: where points lie, seeds, errors."""

from absl.testing import absltest
import numpy as np

from nmlib.data.tasks import solids


class SolidsTest(absltest.TestCase):

  def test_clouds_are_as_said(self):
    clouds = solids.draw(0, 50, 16)
    self.assertEqual(clouds.points.shape, (50, 16, 3))
    self.assertEqual(clouds.points.dtype, np.float32)
    self.assertEqual(set(clouds.labels), set(range(len(solids.SHAPES))))

  def test_points_of_a_solid_lie_on_its_surface(self):
    # Turning keeps the distance from the centre; scales are 0.8 to 1.2, and
    # noise adds at most a fifth of a unit.
    clouds = solids.draw(1, 200)
    distance = np.linalg.norm(clouds.points, axis=-1)
    ranges = {
        'sphere': (1.0, 1.0),
        'cube': (0.8, 0.8 * 3**0.5),
        'cylinder': (0.7, (1 + 0.7**2) ** 0.5),
        'cone': (0.2**0.5, 2**0.5),
        'torus': (0.4, 1.0),
    }
    for label, shape in enumerate(solids.SHAPES):
      least, most = ranges[shape]
      found = distance[clouds.labels == label]
      self.assertGreater(found.min(), 0.8 * least - 0.2)
      self.assertLess(found.max(), 1.2 * most + 0.2)
    # Of one sphere, all are equally far.
    spheres = distance[clouds.labels == solids.SHAPES.index('sphere')]
    self.assertLess((spheres / spheres.mean(1, keepdims=True)).std(), 0.05)

  def test_same_seed_same_clouds(self):
    first, again, other = (solids.draw(seed, 5) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first.points, again.points)
    self.assertTrue((first.points != other.points).any())

  def test_bad_sizes(self):
    with self.assertRaisesRegex(ValueError, 'at least 1, got 5 and 0'):
      solids.draw(0, 5, 0)


if __name__ == '__main__':
  absltest.main()
