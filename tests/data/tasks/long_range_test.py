"""ListOps and Pathfinder are what they say, by independent checks."""

from absl.testing import absltest
from absl.testing import parameterized
import hypothesis
from hypothesis import strategies
import numpy as np

from nmlib.data.tasks import listops
from nmlib.data.tasks import pathfinder

_NESTED = strategies.recursive(
    strategies.integers(0, 9),
    lambda inner: strategies.tuples(
        strategies.sampled_from(('MIN', 'MAX', 'MED', 'SM')),
        strategies.lists(inner, min_size=1, max_size=5),
    ),
    max_leaves=20,
)


def _write(tree) -> str:
  if isinstance(tree, int):
    return str(tree)
  return f'[{tree[0]} {" ".join(map(_write, tree[1]))} ]'


def _value(tree) -> int:
  if isinstance(tree, int):
    return tree
  values = sorted(_value(t) for t in tree[1])
  middle = len(values) // 2
  median = (values[middle] + values[~middle]) // 2
  return {
      'MIN': values[0],
      'MAX': values[-1],
      'MED': median,
      'SM': sum(values) % 10,
  }[tree[0]]


class ListOpsTest(parameterized.TestCase):

  @hypothesis.given(_NESTED)
  @hypothesis.settings(max_examples=100)
  def test_value_of_a_tree(self, tree):
    tokens = listops.from_text(_write(tree))
    self.assertEqual(listops.evaluate(tokens), _value(tree))
    self.assertEqual(listops.to_text(tokens), _write(tree))

  def test_example_of_the_paper_with_parentheses(self):
    text = '[MAX 2 9 ( [MIN 4 7 ] ) 0 ]'
    self.assertEqual(listops.evaluate(listops.from_text(text)), 9)

  def test_lengths_and_depth_of_the_arena(self):
    rows = listops.rows(0, 6, listops.Config())
    self.assertTrue(np.all((rows.lengths > 500) & (rows.lengths < 2000)))
    for tokens, length in zip(rows.tokens, rows.lengths, strict=True):
      self.assertTrue(np.all(tokens[length:] == 0))
      names = [listops.VOCABULARY[t] for t in tokens[:length]]
      depth = np.cumsum([(n[0] == '[') - (n == ']') for n in names])
      self.assertBetween(depth.max(), 3, 9)  # lists; digits are a level deeper

  def test_a_row_does_not_depend_on_how_many_there_are(self):
    config = listops.Config(4, 4, 5, 40)
    few, many = listops.rows(3, 2, config), listops.rows(3, 5, config)
    np.testing.assert_array_equal(few.tokens, many.tokens[:2])
    other = listops.rows(4, 2, config)
    self.assertFalse(np.array_equal(few.tokens, other.tokens))

  def test_every_digit_is_an_answer(self):
    rows = listops.rows(0, 600, listops.Config(4, 4, 5, 40))
    counts = np.bincount(rows.labels, minlength=10)
    # MIN and MAX favour the ends; none is rare.
    self.assertGreater(counts.min(), 15)
    self.assertLess(counts.max(), 200)

  @parameterized.parameters(
      ('[MAX 2', 'is no whole expression'),
      ('2 ]', 'no list to close'),
      ('[MAX ]', 'no list to close'),
      ('1 2', 'is no whole expression'),
      ('[AVG 1 2 ]', r"'\[AVG' is no token of ListOps"),
  )
  def test_bad_text(self, text, message):
    with self.assertRaisesRegex(ValueError, message):
      listops.evaluate(listops.from_text(text))

  def test_tokens_that_are_none_are_refused(self):
    for read in (listops.evaluate, listops.to_text):
      with self.assertRaisesRegex(ValueError, r'tokens .* got -1 at \[1\]'):
        read([1, -1])
      with self.assertRaisesRegex(ValueError, r'in \[0, 16\), got 16 at'):
        read([16])

  def test_no_room_between_lengths(self):
    with self.assertRaisesRegex(
        ValueError, 'max_length must be at least 2 above min_length=500'
    ):
      listops.Config(max_length=400)

  def test_lengths_out_of_reach(self):
    with self.assertRaisesRegex(ValueError, 'no expression of 50 to 90 tokens'):
      listops.rows(0, 1, listops.Config(2, 3, 50, 90))


class PathfinderTest(parameterized.TestCase):

  def test_label_is_whether_one_path_has_both_dots(self):
    config = pathfinder.Config()
    for index in range(40):
      scene = pathfinder.draw(0, index, config)
      owners = [
          {
              k
              for k, path in enumerate(scene.paths)
              if np.min(np.linalg.norm(path - dot, axis=1)) < 0.5
          }
          for dot in scene.dots
      ]
      self.assertEqual(bool(owners[0] & owners[1]), bool(scene.label))
      for k, one in enumerate(scene.paths):
        # A pixel a point, so that dashes and gaps are as long as told.
        np.testing.assert_allclose(
            np.linalg.norm(np.diff(one, axis=0), axis=1), 1, atol=1e-6
        )
        for other in scene.paths[:k]:
          apart = np.linalg.norm(one[:, None] - other[None], axis=-1).min()
          self.assertGreaterEqual(apart, config.distance)

  def test_images_are_balanced_and_brightness_says_nothing(self):
    rows = pathfinder.rows(1, 500, pathfinder.Config())
    self.assertEqual(rows.images.shape, (500, 32, 32))
    # Five standard errors of 500 tosses.
    self.assertAlmostEqual(rows.labels.mean(), 0.5, delta=0.11)
    light = rows.images.mean((1, 2))
    apart = light[rows.labels == 1].mean() - light[rows.labels == 0].mean()
    self.assertLess(abs(apart), 0.25 * light.std() + 1e-6)
    few = pathfinder.rows(1, 3, pathfinder.Config())
    np.testing.assert_array_equal(few.images, rows.images[:3])

  def test_no_room(self):
    with self.assertRaisesRegex(ValueError, 'paths do not fit into 16 x 16'):
      pathfinder.draw(0, 0, pathfinder.Config(size=16, dashes=9))


if __name__ == '__main__':
  absltest.main()
