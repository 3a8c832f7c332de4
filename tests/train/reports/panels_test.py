"""Panels side by side."""

from absl.testing import absltest
import numpy as np

from nmlib import train

panels = train.panels


class PanelsTest(absltest.TestCase):

  def test_panels_of_dots(self):
    made = panels.dots({'x': {'a b': [1.0]}, 'y': {'c': [2.0, 4.0]}}, 't')
    self.assertEqual([axes.get_title() for axes in made.axes], ['x', 'y'])
    ticks = [axes.get_xticklabels()[0].get_text() for axes in made.axes]
    self.assertEqual(ticks, ['a\nb', 'c'])
    self.assertEqual(made.axes[1].get_ylim()[0], 0)

  def test_measures_are_below_each_other_and_named_once(self):
    groups = {'a': [1.0, 3.0], 'b': [2.0]}
    made = panels.measures({'x': groups, 'y': {'a': [5.0], 'b': [7.0]}}, 't')
    upper, lower = made.axes
    self.assertGreater(upper.get_position().y0, lower.get_position().y0)
    self.assertEqual([upper.get_ylabel(), lower.get_ylabel()], ['x', 'y'])
    texts = [text.get_text() for text in lower.get_xticklabels()]
    self.assertEqual(texts, ['a', 'b'])
    self.assertFalse(upper.xaxis.get_tick_params()['labelbottom'])
    np.testing.assert_array_equal(upper.lines[0].get_ydata(), [1, 3])
    np.testing.assert_array_equal(lower.lines[2].get_ydata(), [7])

  def test_panels_of_curves_share_their_legend(self):
    series = {'a': [[1.0], [2.0]], 'b': [[3.0], [4.0]]}
    made = panels.curves(
        [0, 1], {'x': series, 'y': {'a': series['b']}}, 't', ylabel='high'
    )
    np.testing.assert_array_equal(made.axes[1].lines[0].get_ydata(), [3, 4])
    colours = [axes.lines[0].get_color() for axes in made.axes]
    self.assertEqual(colours[0], colours[1])
    texts = [text.get_text() for text in made.legends[0].get_texts()]
    self.assertEqual(texts, ['a', 'b'])
    labels = [axes.get_ylabel() for axes in made.axes]
    self.assertEqual(labels, ['high', ''])

  def test_series_stand_beside_each_other_in_the_colours_of_the_legend(self):
    rows = {'a': {'p': [1.0, 3.0], 'q': [2.0]}, 'b': {'p': [4.0], 'q': [5.0]}}
    made = panels.series({'x': rows, 'y': rows}, ylabel='high', yscale='log')
    left, right = made.axes
    self.assertEqual([left.get_ylabel(), right.get_ylabel()], ['high', ''])
    self.assertEqual([left.get_yscale(), right.get_yscale()], ['log'] * 2)
    dots = [line for line in left.lines if line.get_marker() == '.']
    places = [np.asarray(line.get_xdata())[0] for line in dots]
    np.testing.assert_allclose(places, [-0.08, 0.92, 0.08, 1.08])
    colours = [train.figures.styles('ab')[name]['color'] for name in 'aabb']
    self.assertEqual([line.get_color() for line in dots], colours)
    texts = [text.get_text() for text in made.legends[0].get_texts()]
    self.assertEqual(texts, ['a', 'b'])

  def test_histories_of_stages_share_metrics_and_legend(self):
    steps = np.array([10, 20])
    history = lambda start: {
        'loss': (steps, np.array([[start], [start - 1]])),
        'other': (steps, np.zeros((2, 1))),
    }
    stages = {'base': history(5.0), 'copy': history(3.0)}
    made = panels.histories(stages, {'loss': 'held out'}, ylabel='nats')
    for axes, start, name in zip(made.axes, (5, 3), stages, strict=True):
      (line,) = axes.lines
      np.testing.assert_array_equal(line.get_xdata(), steps)
      np.testing.assert_array_equal(line.get_ydata(), [start, start - 1])
      self.assertEqual(axes.get_title(), name)
    texts = [text.get_text() for text in made.legends[0].get_texts()]
    self.assertEqual(texts, ['held out'])

  def test_points_have_a_colour_and_a_marker_for_each_kind(self):
    places = [[0, 1], [2, 3], [4, 5], [6, 7]]
    made = panels.points(
        {'x': (places, [0, 0, 1, 0], [0, 2, 0, 0]), 'y': ([[0, 1]], [0], [1])},
        't', xlabel='kinds',
    )  # fmt: skip
    first, second = made.axes
    self.assertEqual([first.get_title(), second.get_title()], ['x', 'y'])
    self.assertEqual(first.get_xlabel(), 'kinds')
    points = {
        tuple(np.asarray(line.get_xdata())): (
            line.get_color(),
            line.get_marker(),
        )
        for line in first.lines
    }
    self.assertCountEqual(points, [(0, 6), (2,), (4,)])
    self.assertEqual(points[0, 6][0], points[2,][0])
    self.assertEqual(points[0, 6][1], points[4,][1])
    self.assertLen(set(points.values()), 3)


class TracesTest(absltest.TestCase):

  def test_a_row_has_its_picture_and_its_numbers(self):
    values = np.array([[3, 10], [0, 7], [5, 1]])
    made = panels.traces(
        np.zeros((3, 4, 4, 3)), ('a', 'b', 'c'), values, (8, 9, 8),
        title='Paths', xlabel='layer',
    )  # fmt: skip
    left, right = made.axes[::2], made.axes[1::2]
    self.assertEqual([len(axes.images) for axes in left], [1, 1, 1])
    lines = [axes.lines[0] for axes in right]
    np.testing.assert_array_equal([line.get_ydata() for line in lines], values)
    said = [[text.get_text() for text in axes.texts] for axes in right]
    self.assertEqual(said, [['3', '10'], ['0', '7'], ['5', '1']])
    colours = [line.get_color() for line in lines]
    self.assertEqual(colours[0], colours[2])  # of one group
    self.assertNotEqual(colours[0], colours[1])
    titles = [axes.get_title(loc='left') for axes in right]
    self.assertEqual(titles, ['a', 'b', 'c'])

  def test_a_grid_has_a_row_for_each_thing_and_a_column_for_each_side(self):
    def draw(axes, numbers, side):
      axes.plot(numbers[side], label=side)

    rows = {'one': {'p': [1, 2], 'q': [3]}, 'two': {'p': [4], 'q': [5, 6]}}
    made = panels.grid(rows, {'p': 'P', 'q': 'Q'}, draw, {'q': 'below'})
    drawn = [
        np.asarray(axes.lines[0].get_ydata()).tolist() for axes in made.axes
    ]
    self.assertEqual(drawn, [[1, 2], [3], [4], [5, 6]])
    self.assertEqual([a.get_title() for a in made.axes], ['P', 'Q', '', ''])
    labels = [axes.get_ylabel() for axes in made.axes]
    self.assertEqual(labels, ['one', '', 'two', ''])
    self.assertEqual([a.get_xlabel() for a in made.axes], ['', '', '', 'below'])
    texts = [text.get_text() for text in made.legends[0].get_texts()]
    self.assertEqual(texts, ['p', 'q'])


if __name__ == '__main__':
  absltest.main()
