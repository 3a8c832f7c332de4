"""Adapted networks in reports."""

from typing import Any

from absl.testing import absltest
import numpy as np

from nmlib import train

adapted = train.adapted


def _found(**fields):
  """Two networks of three neurons, as `hardening_quality` finds them."""
  columns = ('kept', 'FLOPs', 'same', 'accuracy')
  rules = ('never on', 'on < 1 %')
  left = {
      f'{rule}: {column}': np.array([0.5, 1.0]) + i
      for i, (rule, column) in enumerate((r, c) for r in rules for c in columns)
  }
  return left | {
      'effect': np.array([[0.0, 1.0, 2.0], [5.0, 5.0, 5.0]]),
      'gain': np.array([[1.0, -2.0, 3.0], [0.0, 0.0, 0.0]]),
      'threshold': np.array([[3.0, 2.0, 1.0], [0.0, 0.0, 0.0]]),
      'effect_of_gain': np.array([1.0, 0.0]),
      'effect_of_threshold': np.array([-1.0, 0.0]),
  } | fields  # fmt: skip


class AdaptedTest(absltest.TestCase):

  def test_hardened_gates_in_a_table(self):
    other = _found(effect_of_gain=np.array([9.0, 9.0]))
    table = adapted.hardened({'plain': _found(), 'sparse': other})
    names = [f'{k}, {r}' for k in ('plain', 'sparse') for r in
             ('never on', 'on < 1 %')]  # fmt: skip
    self.assertEqual(list(table.rows), names)
    row = table.rows['sparse, on < 1 %']
    self.assertEqual(list(row), ['kept', 'FLOPs', 'same', 'accuracy'])
    np.testing.assert_array_equal(row['same'], [6.5, 7])
    self.assertIn('with |gain| 0.5 ± 0.71, with its threshold -0.5', table.note)

  def test_attribution_of_the_first_network(self):
    made = adapted.attribution(_found())
    dots: list[Any] = [a.collections[0].get_offsets() for a in made.axes]
    np.testing.assert_allclose(dots[0], [[1, 0], [-2, 1], [3, 2]])
    np.testing.assert_allclose(dots[1], [[3, 0], [2, 1], [1, 2]])
    titles = [axes.get_title() for axes in made.axes]
    self.assertEqual(
        titles,
        [
            'rank correlation with |gain|: 1.00',
            'rank correlation with threshold: -1.00',
        ],
    )

  def test_ways_in_a_table_and_against_parameters(self):
    use = {'active': 0.5, 'strong': 0.1, 'never': 0.2, 'overlap': 0.3}
    one = {name: np.array([x, x + 0.2]) for name, x in use.items()} | {
        'trainable': np.array(56), 'learning_rate': np.array(0.01),
        'up': np.array([0.9, 0.7]), 'down': np.array([0.5, 0.6]),
        'hard': np.array([0.4, 0.5]),
    }  # fmt: skip
    none = one | {'trainable': np.array(0)}
    found = {'frozen': none, 'gates': one}
    table = adapted.ways(found, ('up', 'down'), 'rows')
    rows: Any = table.rows
    self.assertEqual(
        list(rows['gates'])[:5], ['parameters', 'rate', 'down', 'hard', 'up']
    )
    self.assertEqual(rows['gates']['rate'], 0.01)
    self.assertEqual(rows['frozen']['rate'], '')
    self.assertAlmostEqual(rows['gates']['overlap'], 0.4)
    self.assertIn('Accuracy on down rows, there with hard', table.note)
    made = adapted.accuracy(found, ('up', 'down'), 'rows')
    titles = [axes.get_title() for axes in made.axes]
    self.assertEqual([t[:9] for t in titles], ['down rows', 'up rows ('])
    bars: Any = [*made.axes[1].containers]
    places = [(b.lines[0].get_xdata()[0], b.lines[0].get_ydata()[0])
              for b in bars]  # fmt: skip
    np.testing.assert_allclose(places, [(1, 0.8), (56, 0.8)])

  def test_usage_of_neurons_in_two_modes(self):
    share = np.array([[[0.0, 0.5], [1.0, 0.2]], [[0.0, 0.0], [0.0, 0.0]]])
    made = adapted.usage({'a': {'share': share}}, ('up', 'down'), 'rows')
    (axes,) = made.axes
    dots: Any = axes.collections[0].get_offsets()
    np.testing.assert_allclose(dots, [[0, 1], [0.5, 0.2]])
    labels = axes.get_xlabel(), axes.get_ylabel(), axes.get_title()
    self.assertEqual(labels, ('up rows', 'down rows', 'a'))

  def test_modes_are_rows_and_neurons_in_order(self):
    share = np.array([[[0.9, 0.1, 0.5], [0.5, 0.5, 0.5], [0.1, 0.9, 0.5]]])
    made = adapted.shares({'a': {'share': share}}, ('0°', '45°', '90°'))
    shown: Any = made.axes[0].images[0]
    np.testing.assert_array_equal(shown.get_array(), share[0][:, [1, 2, 0]])
    self.assertEqual(shown.get_clim(), (0, 1))
    texts = [text.get_text() for text in made.axes[0].get_yticklabels()]
    self.assertEqual(texts, ['0°', '45°', '90°'])

  def test_accuracy_in_each_mode(self):
    kinds = ('frozen', 'soft', 'hard', 'selected', 'full in sequence')
    one: dict[str, Any] = {
        kind: np.array([[0.0, 0.4], [0.2, 0.6]]) + i
        for i, kind in enumerate(kinds)
    }
    found = {'a': one | {'trainable': np.array(8)}}
    table = adapted.modes(found, ('0°', '45°'), 'base, angle')
    self.assertEqual(list(table.rows), ['a, 0°', 'a, 45°'])
    row: Any = table.rows['a, 45°']
    self.assertEqual(list(row), ['gates', *kinds[:3], kinds[4]])
    np.testing.assert_allclose(row['hard'], [2.4, 2.6])
    made = adapted.forgetting(found, ('0°', '45°'), 'angle')
    (axes,) = made.axes
    self.assertEqual(axes.get_xlabel(), 'angle, as learned')
    bars: Any = [*axes.containers]
    np.testing.assert_allclose(bars[-1].lines[0].get_ydata(), [4.1, 4.5])
    texts = [text.get_text() for text in made.legends[0].get_texts()]
    self.assertEqual(texts[-1], 'full, after the last angle')
    self.assertLen(texts, 4)


if __name__ == '__main__':
  absltest.main()
