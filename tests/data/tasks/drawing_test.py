"""Lines and digits that a pen must follow."""

from absl.testing import absltest
import jax
import numpy as np

from nmlib.data.tasks import drawing


class DrawingTest(absltest.TestCase):

  def test_lines_go_clockwise_from_the_top_for_falling_stimuli(self):
    inputs, targets = drawing.all_lines(10)
    np.testing.assert_allclose(
        inputs[:, 0, 0], [-0.3, -0.2, -0.1, 0, 0.1, 0.2, 0.3], atol=1e-7
    )
    np.testing.assert_array_equal(inputs[:, 1:], 0)
    np.testing.assert_array_equal(targets[:, 0], 0)
    half, wide = 5.0, 10 * np.sin(np.pi / 3)
    expected = [
        (-wide, half), (-wide, -half), (0, -10), (0, 0), (wide, -half),
        (wide, half), (0, 10),
    ]  # fmt: skip
    np.testing.assert_allclose(targets[:, -1], expected, atol=1e-5)
    np.testing.assert_allclose(
        np.diff(targets, 2, axis=1), 0, atol=1e-5
    )  # straight, at an even pace

  def test_a_drawn_line_is_one_of_the_seven(self):
    shown = drawing.all_lines(6)
    draw = jax.vmap(lambda key: drawing.line(key, 6))
    drawn = draw(jax.random.split(jax.random.key(0), 700))
    place = np.rint(10 * drawn.inputs[:, 0, 0]).astype(int) + 3
    np.testing.assert_array_equal(drawn.targets, shown.targets[place])
    counts = np.bincount(place, minlength=7)
    self.assertBetween(counts.min(), 60, 100)  # 100 +- 4 standard deviations

  def test_strokes_stay_in_the_square_at_an_even_pace(self):
    paths = np.asarray(drawing.digit_strokes(200))
    self.assertEqual(paths.shape, (10, 200, 2))
    self.assertBetween(paths.min(), 0, 0)
    self.assertBetween(paths.max(), 1, 1)
    pace = np.linalg.norm(np.diff(paths, axis=1), axis=2)
    # Corners are cut, and nothing is faster.
    self.assertTrue((pace <= np.median(pace, 1)[:, None] * 1.001).all())
    np.testing.assert_allclose(paths[0, 0], paths[0, -1])  # 0 closes
    np.testing.assert_allclose(paths[7, [0, -1]], [[0, 1], [0, 0]])
    for i in range(10):
      for j in range(i):
        self.assertGreater(np.abs(paths[i] - paths[j]).max(), 0.3, (i, j))

  def test_bad_requests_are_refused(self):
    with self.assertRaisesRegex(ValueError, 'at least 2 steps, got 1'):
      drawing.all_lines(1)
    with self.assertRaisesRegex(ValueError, "one of .*, got 'circles'"):
      drawing.figures('circles', 5)
    paths = drawing.figures('lines', 5)
    with self.assertRaisesRegex(ValueError, r'label must be in \[0, 10\)'):
      drawing.path_of(paths, 10)
    np.testing.assert_array_equal(drawing.path_of(paths, 3), paths[3])


if __name__ == '__main__':
  absltest.main()
