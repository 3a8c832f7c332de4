"""One quantity against another."""

from typing import Any

from absl.testing import absltest
import numpy as np

from nmlib import train

relations = train.relations


class RelationsTest(absltest.TestCase):

  def test_spreads_are_mean_and_deviation_in_the_colours_of_the_legend(self):
    one = {'a': ([1, 2], [[0.0, 2.0], [3.0, 5.0]]), 'b': (4, [6.0, 8.0])}
    made = relations.spreads(
        {'x': one, 'y': {'a': one['a']}}, ylabel='high', xlabel='far'
    )
    left, right = made.axes
    bars: Any = [*left.containers, *right.containers]
    self.assertEqual([a.get_title() for a in made.axes], ['x', 'y'])
    self.assertEqual([a.get_xlabel() for a in made.axes], ['far'] * 2)
    self.assertEqual([a.get_ylabel() for a in made.axes], ['high', ''])
    means = [bar.lines[0].get_ydata() for bar in bars]
    np.testing.assert_array_equal(means[0], [1, 4])
    np.testing.assert_array_equal(means[1], [7])
    (ranges,) = bars[0].lines[2]
    ends = np.array(ranges.get_segments())[:, :, 1]
    deviation = 2**0.5  # of two values that differ by 2
    np.testing.assert_allclose(ends[:, 1] - ends[:, 0], [2 * deviation] * 2)
    colours = [bar.lines[0].get_color() for bar in bars]
    self.assertEqual(colours[0], colours[2])
    texts = [text.get_text() for text in made.legends[0].get_texts()]
    self.assertEqual(texts, ['a', 'b'])

  def test_panels_of_spreads_that_share_no_axis_are_named_below(self):
    one = {'a': ([1, 2], [[0.0, 2.0], [3.0, 5.0]])}
    made = relations.spreads(
        {'x': one, 'y': {'a': ([1], [[50.0]])}}, sharey=False, yscale='log'
    )
    self.assertEqual([a.get_xlabel() for a in made.axes], ['x', 'y'])
    self.assertEqual([a.get_title() for a in made.axes], ['', ''])
    self.assertLess(made.axes[0].get_ylim()[1], made.axes[1].get_ylim()[0])

  def test_scatters_are_a_dot_a_thing(self):
    made = relations.scatters(
        {'x': ([0.0, 0.5], [1.0, 0.2]), 'y': ([1.0], [0.0])}, 't',
        xlabels=('far', 'wide'), ylabel='high', diagonal=True, size=6,
    )  # fmt: skip
    dots: list[Any] = [a.collections[0].get_offsets() for a in made.axes]
    np.testing.assert_allclose(dots[0], [[0, 1], [0.5, 0.2]])
    np.testing.assert_allclose(dots[1], [[1, 0]])
    self.assertEqual([a.get_xlabel() for a in made.axes], ['far', 'wide'])
    self.assertEqual([a.get_ylabel() for a in made.axes], ['high', ''])
    (line,) = made.axes[0].lines
    np.testing.assert_array_equal(line.get_xydata(), [[0, 0], [1, 1]])
    made = relations.scatters({'x': ([0], [1])}, 't', xlabels='f', ylabel='h')
    self.assertEmpty(made.axes[0].lines)

  def test_functions_have_a_panel_each_and_the_others_are_hidden(self):
    x = np.array([-1.0, 0.0, 1.0])
    made = relations.functions(
        x, {'f': [x**2, x], 'g': [2 * x], 'h': [x]}, 't', xlabel='far', across=2
    )
    shown = [axes for axes in made.axes if axes.get_visible()]
    self.assertEqual([a.get_title() for a in shown], ['f', 'g', 'h'])
    self.assertLen(made.axes, 4)
    _, solid, dashed = shown[0].lines  # the first marks 0
    np.testing.assert_array_equal(solid.get_ydata(), [1, 0, 1])
    np.testing.assert_array_equal(dashed.get_ydata(), x)
    self.assertEqual(
        (solid.get_linestyle(), dashed.get_linestyle()), ('-', '--')
    )
    self.assertLen(shown[1].lines, 2)


if __name__ == '__main__':
  absltest.main()
