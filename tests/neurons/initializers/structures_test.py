"""Every structure by name is a connectivity of its kind."""

from absl.testing import absltest
from absl.testing import parameterized
import jax
import numpy as np

from nmlib.analysis import effective_rank
from nmlib.neurons.initializers import dale
from nmlib.neurons.initializers import structures


class StructuresTest(parameterized.TestCase):

  @parameterized.parameters(*structures.BY_NAME)
  def test_gain_scales_what_a_key_draws(self, name):
    draw = structures.BY_NAME[name]
    matrix = draw(jax.random.key(0), 30, 1.0)
    self.assertEqual(matrix.shape, (30, 30))
    twice = draw(jax.random.key(0), 30, 2.0)
    np.testing.assert_allclose(twice, 2 * matrix, rtol=2e-4, atol=1e-5)
    other = draw(jax.random.key(1), 30, 1.0)
    self.assertGreater(np.abs(other - matrix).max(), 0.01)

  @parameterized.parameters('Dale', 'log-normal')
  def test_a_fifth_of_the_columns_inhibits(self, name):
    matrix = structures.BY_NAME[name](jax.random.key(0), 30, 1.0)
    signs = np.asarray(dale.column_signs(matrix))
    self.assertEqual((signs < 0).sum(), 6)
    self.assertEqual((signs > 0).sum(), 24)

  def test_the_filled_rank_1_has_no_null_space(self):
    matrix = structures.BY_NAME['filled rank 1'](jax.random.key(0), 30, 1.0)
    ranks = effective_rank.effective_ranks(matrix)
    self.assertEqual(ranks['hard'], 30)
    self.assertLess(ranks['participation'], 2)


if __name__ == '__main__':
  absltest.main()
