"""Pictures in reports."""

from absl.testing import absltest
import numpy as np

from nmlib import train


class RegionsTest(absltest.TestCase):

  def test_masks_are_bright_and_outlined(self):
    images = np.zeros((3, 2, 4, 4, 3))
    masks = np.zeros((3, 2, 4, 4), bool)
    masks[0, 1, 1:3, 1:3] = True
    made = train.pictures.regions(list('abc'), images, masks, 't', most=2)
    shown = [axes for axes in made.axes if axes.get_visible()]
    self.assertEqual([axes.get_title() for axes in shown], ['a', 'b', 'c'])
    pixels = np.asarray(shown[0].images[0].get_array())
    self.assertEqual(pixels.shape, (4, 8, 3))
    dark = np.argwhere(pixels[..., 0] == 0)
    np.testing.assert_array_equal(dark.min(0), [1, 5])
    np.testing.assert_array_equal(dark.max(0), [2, 6])
    self.assertEqual([len(axes.collections) for axes in shown], [1, 0, 0])


class GridTest(absltest.TestCase):

  def test_rows_are_named_and_groups_stand_above_their_first_image(self):
    images = np.linspace(-1, 2, 2 * 3 * 4 * 4 * 3).reshape(2, 3, 4, 4, 3)
    made = train.pictures.grid(
        {'first': images, 'second, odd': images[::-1]}, ('a', 'b'), title='t'
    )
    self.assertLen(made.axes, 12)
    above = [axes.get_title('left') for axes in made.axes]
    self.assertEqual(above, ['a', '', '', 'b', '', ''] + [''] * 6)
    named = [axes.get_ylabel() for axes in made.axes[::6]]
    self.assertEqual(named, ['first', 'second,\nodd'])
    shown = np.asarray(made.axes[9].images[0].get_array())
    np.testing.assert_array_equal(shown, np.clip(images[0, 0], 0, 1))


class StretchedTest(absltest.TestCase):

  def test_each_image_gets_full_contrast_and_keeps_its_order(self):
    ramp = np.linspace(100, 120, 5 * 5 * 8).reshape(5, 5, 8)
    found = train.pictures.stretched(np.stack([ramp, 3 * ramp, 0 * ramp]))
    np.testing.assert_allclose(found[0], found[1], atol=1e-9)
    self.assertEqual((found[0].min(), found[0].max()), (0, 255))
    self.assertEqual((found[0] == 0).sum(), 1)  # 0.005 of 200
    self.assertGreaterEqual(np.diff(found[0].ravel()).min(), 0)
    np.testing.assert_allclose(
        np.diff(found[0].ravel()[5:-5]), 255 / 197.01, 1e-6
    )
    np.testing.assert_array_equal(found[2], 0)


class MatrixTest(absltest.TestCase):

  def test_cells_say_their_values_and_zero_is_white(self):
    _, axes = train.figures.subplots()
    values = [[1.0, np.nan, -2.0], [0.0, 0.5, 2.0]]
    shown = train.pictures.matrix(
        axes, values, ('a', 'b'), (7, 8, 9), said='{:g}'.format
    )
    texts = {text.get_position(): text for text in axes.texts}
    self.assertEqual(
        {place: text.get_text() for place, text in texts.items()},
        {(0, 0): '1', (2, 0): '-2', (0, 1): '0', (1, 1): '0.5', (2, 1): '2'},
    )
    self.assertEqual(texts[2, 1].get_color(), 'white')
    self.assertEqual(texts[2, 0].get_color(), 'white')
    self.assertEqual(texts[0, 1].get_color(), 'black')
    names = [text.get_text() for text in axes.get_yticklabels()]
    self.assertEqual(names, ['a', 'b'])
    self.assertEqual(shown.get_clim(), (-2, 2))
    np.testing.assert_allclose(shown.to_rgba(np.zeros(1))[0, :3], 1, atol=0.05)

  def test_limits_and_colours_can_be_given(self):
    _, axes = train.figures.subplots()
    zeros = np.zeros((2, 2))
    shown = train.pictures.matrix(axes, zeros, 'ab', 'cd', limit=3.0)
    self.assertEqual(shown.get_clim(), (-3, 3))
    self.assertEmpty(axes.texts)
    shown = train.pictures.matrix(
        axes, zeros, 'ab', 'cd', cmap='Blues', vmin=0, vmax=1
    )
    self.assertEqual(shown.get_clim(), (0, 1))
    self.assertEqual(shown.get_cmap().name, 'Blues')

  def test_without_names_there_are_whole_numbers(self):
    _, axes = train.figures.subplots()
    train.pictures.matrix(axes, np.eye(30))
    self.assertTrue(all(float(x).is_integer() for x in axes.get_xticks()))
    self.assertLess(len(axes.get_yticks()), 15)


class MapsTest(absltest.TestCase):

  def test_panels_share_colours_and_labels(self):
    panels = {'a': np.eye(2), 'b': -3 * np.eye(2), 'c': np.zeros((2, 2))}
    made = train.pictures.maps(
        't', panels, across=2, labels=('head', 'layer'), legend='effect',
        columns={'a': ['x', 'y']}, rotation=60, rows=['r', 's'],
    )  # fmt: skip
    *grid, unused, bar = made.axes
    self.assertEqual([axes.get_title() for axes in grid], ['a', 'b', 'c'])
    self.assertFalse(unused.get_visible())
    self.assertEqual(bar.get_ylabel(), 'effect')
    for axes, panel in zip(grid, panels.values(), strict=True):
      self.assertEqual(axes.images[0].get_clim(), (-3, 3))
      np.testing.assert_array_equal(axes.images[0].get_array(), panel)
      names = [text.get_text() for text in axes.get_yticklabels()]
      self.assertEqual(names, ['r', 's'])
    names = [text.get_text() for text in grid[0].get_xticklabels()]
    self.assertEqual(names, ['x', 'y'])
    self.assertEqual(grid[0].get_xticklabels()[0].get_rotation(), 60)
    self.assertEqual([a.get_ylabel() for a in grid], ['layer', '', 'layer'])
    self.assertEqual([a.get_xlabel() for a in grid], ['', '', 'head'])

  def test_a_map_of_nothing_has_colours(self):
    made = train.pictures.maps('t', {'a': np.zeros((2, 2))}, limit=None)
    self.assertEqual(made.axes[0].images[0].get_clim(), (-1, 1))


class TilesTest(absltest.TestCase):

  def test_a_row_of_tiles_each_in_one_range_of_colours(self):
    rows = {'a': np.arange(8.0).reshape(2, 2, 2), 'b': -np.ones((2, 2, 2))}
    made = train.pictures.tiles(rows, ['x', 'y'], limit=3.0, title='t')
    panels = np.array(made.axes, object).reshape(2, 2)
    for line, values in zip(panels, rows.values(), strict=True):
      for axes, tile in zip(line, values, strict=True):
        np.testing.assert_array_equal(axes.images[0].get_array(), tile)
        self.assertEqual(axes.images[0].get_clim(), (-3, 3))
    self.assertEqual([a.get_title() for a in panels[0]], ['x', 'y'])
    self.assertEqual([a.get_ylabel() for a in panels[:, 0]], ['a', 'b'])
    self.assertAlmostEqual(made.get_figwidth(), 2.2)
    many = train.pictures.tiles(
        {'a': np.zeros((20, 1, 1))}, ['x'] * 20, limit=1.0, title='t'
    )
    self.assertEqual(many.get_figwidth(), train.figures.WIDTH)


if __name__ == '__main__':
  absltest.main()
