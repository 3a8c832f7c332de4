"""Rings of cliques: who is in which, who is linked."""

from absl.testing import absltest
from absl.testing import parameterized
import numpy as np

from nmlib.neurons.initializers import clique_rings


class CliqueRingsTest(parameterized.TestCase):

  def test_small_rings_by_hand(self):
    # 0 1 | 2 3 | 4 5: each clique to the next, and the last to the first.
    geometric = clique_rings.links('geometric', 3, 2)
    np.testing.assert_array_equal(
        np.argwhere(np.triu(geometric)),
        [[0, 1], [0, 5], [1, 2], [2, 3], [3, 4], [4, 5]],
    )
    rotating = clique_rings.members('rotating', 3, 2)
    np.testing.assert_array_equal(rotating, [[0, 3], [1, 4], [2, 5]])
    np.testing.assert_array_equal(
        np.argwhere(np.triu(clique_rings.links('rotating', 3, 2))),
        [
            [0, 1],
            [0, 3],
            [0, 5],
            [1, 2],
            [1, 4],
            [2, 3],
            [2, 5],
            [3, 4],
            [4, 5],
        ],
    )

  @parameterized.parameters(
      ('overlapping', 6, 4, 2, 5.5), ('rotating', 5, 3, 1, 4),
      ('geometric', 5, 3, 1, 2 + 2 / 3),
  )  # fmt: skip
  def test_cliques_are_whole_and_share_units_or_none(
      self, kind, count, size, shared, degree
  ):
    found = clique_rings.members(kind, count, size)
    linked = clique_rings.links(kind, count, size)
    units = clique_rings.num_units(kind, count, size)
    self.assertEqual(linked.shape, (units, units))
    np.testing.assert_array_equal(np.bincount(found.ravel()), [shared] * units)
    np.testing.assert_array_equal(linked, linked.T)
    for members in found:
      within = linked[np.ix_(members, members)]
      np.testing.assert_array_equal(within, ~np.eye(size, dtype=bool))
    self.assertAlmostEqual(linked.sum(1).mean(), degree)

  @parameterized.parameters(
      ('overlapping', 5, 4, 'even and at least 4.*got 5'),
      ('overlapping', 6, 3, 'have 4 units, got 3'),
      ('geometric', 1, 3, 'num_cliques .* got 1'),
      ('rotating', 3, 1, 'size of a clique .* got 1'),
      ('linear', 3, 3, "kind must be.* got 'linear'"),
  )
  def test_bad_rings(self, kind, count, size, message):
    with self.assertRaisesRegex(ValueError, message):
      clique_rings.members(kind, count, size)


if __name__ == '__main__':
  absltest.main()
