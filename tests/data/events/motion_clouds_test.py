"""Clouds of every condition and frequency reach what is measured on them."""

from absl.testing import absltest
import numpy as np

from nmlib.data.events import motion
from nmlib.data.events import motion_clouds


class MotionCloudsTest(absltest.TestCase):

  def test_a_measure_sees_the_clouds_of_each_condition(self):
    sizes = 2, 0.7, 5, 8
    seen = []

    def measure(events, labels):
      seen.append(events)
      return [events.sum(), labels.sum(), len(seen)]

    found = motion_clouds.tuning(measure, (0.1, 0.2), *sizes)
    self.assertEqual(list(found), list(motion_clouds.CONDITIONS))
    for i, values in enumerate(found.values()):
      self.assertEqual(values.shape, (3, 2))
      np.testing.assert_array_equal(values[2], [2 * i + 1, 2 * i + 2])
      np.testing.assert_array_equal(values[1], [5, 5])  # T of label 1
    fields = motion_clouds.CONDITIONS['aperture']
    events, _ = motion.labelled_clouds(*sizes, frequency=0.2, **fields)
    np.testing.assert_array_equal(seen[-1], events)
    self.assertEqual(found['aperture'][0, 1], events.sum())
    self.assertFalse(np.array_equal(seen[1], seen[5]))


if __name__ == '__main__':
  absltest.main()
