"""Pictures of bodies: where they are, and what is refused."""

from absl.testing import absltest
import numpy as np

from nmlib.train import figures
from nmlib.train.control import pictures


class PicturesTest(absltest.TestCase):

  def test_bodies_share_one_scale_and_y_points_up(self):
    low = np.array([[0.0, 0], [1, 0]])
    first, second = pictures.lines([low, low + [0, 1]], 60)
    self.assertEqual((first.shape, first.dtype), ((60, 60, 3), np.uint8))
    rows = [np.argwhere(p.min(-1) < 200)[:, 0].mean() for p in (first, second)]
    self.assertGreater(rows[0], 45)
    self.assertLess(rows[1], 15)
    # The first point is red, at the left.
    self.assertGreater(first[57, 3, 0], first[57, 3, 2])

  def test_frames_are_turned_so_that_the_first_point_goes_right(self):
    body = np.array([[0.0, 0], [0, -1]])  # goes up, along itself
    made, axes = figures.subplots()
    pictures.frames(axes, [body, body + [0, 2]], ['early', 'late'])
    noses = [line.get_xdata()[0] for line in axes.lines[1::2]]
    np.testing.assert_allclose(noses, [0, 2], atol=1e-9)
    labels = [text.get_text() for text in axes.get_yticklabels()]
    self.assertEqual(labels, ['early', 'late'])
    self.assertIs(axes.figure, made)

  def test_no_bodies_are_refused(self):
    with self.assertRaisesRegex(ValueError, 'bodies must be one or more lines'):
      pictures.lines([])


if __name__ == '__main__':
  absltest.main()
