"""Figures: series tell apart, panels are labelled once, text fits."""

from absl.testing import absltest
import numpy as np

from nmlib import train

figures = train.figures


class FiguresTest(absltest.TestCase):

  def test_no_two_series_look_alike(self):
    for count in (3, 15, 20, 60):
      styles = figures.styles([str(i) for i in range(count)])
      self.assertLen({tuple(s['color']) for s in styles.values()}, count)

  def test_curve_shows_mean_and_range(self):
    _, axes = figures.subplots()
    figures.curve(axes, [0, 1], [[1.0, 3.0], [2.0, 6.0]], label='a')
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), [2, 4])
    ys = axes.collections[0].get_paths()[0].vertices[:, 1]
    self.assertEqual((ys.min(), ys.max()), (1, 6))

  def test_dots_leave_out_what_is_not_known(self):
    _, axes = figures.subplots()
    figures.dots(axes, {'a': [1.0, np.nan, 3.0], 'b': [2.0]})
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), [1, 3])
    self.assertEqual(axes.lines[1].get_ydata(), [2])
    labels = [tick.get_text() for tick in axes.get_xticklabels()]
    self.assertEqual(labels, ['a', 'b'])

  def test_seeds_that_are_not_known_do_not_count(self):
    _, axes = figures.subplots()
    values = [[1.0, 3.0, np.nan], [2.0, 6.0, 9.0]]
    figures.curve(axes, [0, 1], values, label='a')
    np.testing.assert_array_equal(axes.lines[0].get_ydata(), [2, 4])
    figures.spread(axes, 1.0, [np.nan, 4.0, 6.0], label='b')
    self.assertEqual(axes.lines[1].get_ydata(), [5])
    figures.curve(axes, [0, 1], [[np.nan], [1.0]], label='c')
    self.assertEqual(axes.get_legend_handles_labels()[1], ['a', 'b'])

  def test_legend_names_each_series_once_below_all_panels(self):
    made, panels = figures.subplots(1, 2, sharey=True)
    for axes in panels:
      figures.spread(axes, [1, 2], [[1.0, 2.0]] * 2, label='shared')
    figures.level(panels[1], [0.5, 1.5], 'base')
    figures.legend(made)
    texts = [text.get_text() for text in made.legends[0].get_texts()]
    self.assertEqual(texts, ['shared', 'base'])
    self.assertLessEqual(made.get_figwidth(), 7)


if __name__ == '__main__':
  absltest.main()
