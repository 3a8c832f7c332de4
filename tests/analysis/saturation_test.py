"""Half saturation: where a curve crosses."""

import numpy as np

from nmlib.analysis import saturation


def test_half_saturation_is_where_a_curve_crosses():
  amounts = np.array([0.001, 0.01, 0.1, 1.0])
  effects = np.array([[0.1, 0.3, 0.9, 0.5], [0.9, 0.9, 0.9, 0.9]])
  found = saturation.half_saturation(amounts, effects, 0.1)
  # 0.5 lies two thirds of the way from 0.9 down to 0.3.
  np.testing.assert_allclose(found, [0.1 ** (1 + 2 / 3), 0.001])
  order = [2, 0, 3, 1]
  shuffled = saturation.half_saturation(amounts[order], effects[:, order], 0.1)
  np.testing.assert_array_equal(shuffled, found)
