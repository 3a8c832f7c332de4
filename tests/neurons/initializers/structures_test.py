"""Every structure by name is a connectivity of its kind."""

from absl.testing import absltest
from absl.testing import parameterized
import jax
import numpy as np

from nmlib.analysis import effective_rank
from nmlib.neurons.initializers import dale
from nmlib.neurons.initializers import low_rank
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


class ComparedTest(parameterized.TestCase):

  def test_every_matrix_has_the_norm_of_one_base(self):
    base, given = (low_rank.gaussian(jax.random.key(i), 12) for i in (0, 7))
    found = {
        match: structures.compared(
            [jax.random.key(0)], 12, match=match, ranks=(1, 12),
            names=structures.NAMES, measured={'given': given},
        )
        for match in low_rank.NORMS
    }  # fmt: skip
    for match, matrices in found.items():
      norm = low_rank.NORMS[match]
      self.assertLen(matrices, 2 + 2 * 7 + 4)
      for name, matrix in matrices.items():
        self.assertNotIn(',', name)  # metrics are kept in a table of commas
        # Float32 singular values and eigenvalues.
        np.testing.assert_allclose(
            norm(matrix[0]), norm(base), rtol=1e-4, err_msg=f'{name}, {match}'
        )
    entries = {n: np.sort(np.ravel(w)) for n, w in found['frobenius'].items()}
    controlled = structures.with_control(entries)
    self.assertEqual(controlled, [*structures.BY_NAME, 'given'])
    for name in controlled:
      own, control = (
          entries[n] / np.abs(entries[n]).max()
          for n in (name, structures.shuffled(name))
      )
      np.testing.assert_allclose(own, control, atol=1e-5, err_msg=name)

  def test_seeds_have_ranks_of_their_own_base(self):
    keys = map(jax.random.key, range(2))
    found = structures.compared(keys, 6, 2.0, ranks=(2, 6))
    self.assertEqual(list(found), ['rank 2', 'rank 6'])
    for i in range(2):
      base = low_rank.gaussian(jax.random.key(i), 6, 2.0)
      # Float32 singular vectors.
      np.testing.assert_allclose(found['rank 6'][i], base, atol=1e-5)
      self.assertEqual(np.linalg.matrix_rank(found['rank 2'][i], rtol=1e-4), 2)

  @parameterized.parameters(
      ({'measured': {'given': np.ones((7, 6))}}, r'must be square .* \[7, 6\]'),
      ({'names': ('Dale',)}, 'at least 5 for structures, got 4'),
  )
  def test_what_cannot_be_compared_is_one_sentence(self, options, message):
    with self.assertRaisesRegex(ValueError, message):
      structures.compared([jax.random.key(0)], 4, **options)


if __name__ == '__main__':
  absltest.main()
