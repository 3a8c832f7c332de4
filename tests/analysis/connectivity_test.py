"""Initial connectivity: rank, norm, signs and statistics as asked for."""

from absl.testing import absltest
from absl.testing import parameterized
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.analysis import connectivity


class ConnectivityTest(parameterized.TestCase):

  @given(
      rank=st.integers(1, 20), match=st.sampled_from(sorted(connectivity.NORMS))
  )
  @settings(max_examples=15, deadline=None)
  def test_low_rank_keeps_rank_and_norm(self, rank, match):
    base = connectivity.gaussian(jax.random.key(3), 20)
    found = connectivity.low_rank(jax.random.key(3), 20, rank, match=match)
    self.assertEqual(int(found.effective_ranks['hard']), rank)
    norm = connectivity.NORMS[match]
    # Float32 singular and eigenvalues of a 20 x 20 matrix: about 1e-6.
    np.testing.assert_allclose(norm(found.matrix), norm(base.matrix), rtol=2e-5)

  def test_truncation_is_the_best_of_its_rank(self):
    base = connectivity.gaussian(jax.random.key(0), 15).matrix
    s = jnp.linalg.svd(base, compute_uv=False)
    cut = connectivity.truncate_rank(base, 4)
    error = jnp.linalg.norm(base - cut)  # Eckart and Young
    np.testing.assert_allclose(error, jnp.linalg.norm(s[4:]), rtol=1e-5)
    np.testing.assert_allclose(
        connectivity.truncate_rank(base, 15), base, atol=1e-5
    )

  def test_no_match_leaves_the_truncation_as_it_is(self):
    base = connectivity.gaussian(jax.random.key(1), 12).matrix
    np.testing.assert_array_equal(
        connectivity.low_rank(jax.random.key(1), 12, 3, match=None).matrix,
        connectivity.truncate_rank(base, 3),
    )

  @parameterized.parameters(0.0, 0.5, 2.0)
  def test_power_law_has_its_spectrum(self, exponent):
    found = connectivity.power_law(jax.random.key(0), 16, exponent).matrix
    s = np.asarray(jnp.linalg.svd(found, compute_uv=False))
    expected = np.arange(1, 17) ** -exponent
    np.testing.assert_allclose(s / s[0], expected, rtol=1e-4)

  def test_dense_part_fills_the_null_space_at_the_same_norm(self):
    mixed = connectivity.low_rank(jax.random.key(0), 20, 2, dense_part=0.1)
    self.assertEqual(int(mixed.effective_ranks['hard']), 20)
    base = connectivity.gaussian(jax.random.key(0), 20).matrix
    np.testing.assert_allclose(
        jnp.linalg.norm(mixed.matrix), jnp.linalg.norm(base), rtol=1e-5
    )
    low = connectivity.low_rank(jax.random.key(0), 20, 2)
    self.assertGreater(
        mixed.effective_ranks['entropy'], low.effective_ranks['entropy']
    )

  def test_gaussian_has_its_gain(self):
    matrix = connectivity.gaussian(jax.random.key(0), 200, 1.5).matrix
    # 40,000 draws: 1 / sqrt(80,000) = 0.35 % standard error.
    self.assertAlmostEqual(float(matrix.std()) * 200**0.5, 1.5, delta=0.03)

  def test_cell_types_have_their_moments(self):
    types = jnp.repeat(jnp.arange(2), 150)
    means = jnp.array([[0.5, -1.0], [0.0, 2.0]])
    deviations = jnp.array([[1.0, 0.0], [3.0, 2.0]])
    matrix = connectivity.cell_types(
        jax.random.key(0), types, means, deviations
    ).matrix
    for k, l in np.ndindex(2, 2):
      block = matrix[k * 150 : (k + 1) * 150, l * 150 : (l + 1) * 150]
      sigma = float(deviations[k, l]) / 300**0.5
      self.assertAlmostEqual(
          float(block.mean()), float(means[k, l]), delta=5 * sigma / 150 + 1e-5
      )
      self.assertAlmostEqual(
          float(block.std()), sigma, delta=0.05 * sigma + 1e-5
      )

  def test_shuffling_keeps_every_entry(self):
    base = connectivity.low_rank(jax.random.key(0), 30, 1)
    mixed = connectivity.shuffled(jax.random.key(1), base.matrix)
    np.testing.assert_array_equal(
        jnp.sort(mixed.matrix.ravel()), jnp.sort(base.matrix.ravel())
    )
    self.assertGreater(
        mixed.effective_ranks['participation'],
        5 * base.effective_ranks['participation'],
    )

  def test_composes_with_vmap_and_jit(self):
    one = lambda key: connectivity.low_rank(key, 10, 2).matrix
    seeds = jnp.arange(3)
    drawn = jax.jit(jax.vmap(one))(jax.vmap(jax.random.key)(seeds))
    for i in range(3):
      np.testing.assert_allclose(
          drawn[i],
          one(jax.random.key(i)),
          atol=1e-5,
      )

  @parameterized.parameters(
      (lambda k: connectivity.low_rank(k, 5, 6), r'\[1, 5\].*got 6'),
      (lambda k: connectivity.low_rank(k, 5, 0), r'\[1, 5\].*got 0'),
      (lambda k: connectivity.low_rank(k, 5, 1, match='l1'), "got 'l1'"),
      (lambda k: connectivity.low_rank(k, 5, 1, dense_part=2), 'got 2'),
      (lambda k: connectivity.power_law(k, 5, -1.0), 'got -1.0'),
      (lambda k: connectivity.describe(jnp.zeros((3, 4))), r'got \[3, 4\]'),
      (
          lambda k: connectivity.from_array(np.array([[0, np.nan], [1, 2]])),
          r'got nan at \[0, 1\]',
      ),
      (
          lambda k: connectivity.cell_types(
              k, jnp.zeros(4, int), jnp.zeros((2, 2)), jnp.zeros((2, 1))
          ),
          'one row and column a cell type',
      ),
      (
          lambda k: connectivity.check_signs(np.eye(3), np.array([1, 0, 1])),
          r'\+1 or -1',
      ),
      (
          lambda k: connectivity.from_array(np.eye(2), np.array([1, -1])),
          "column 1 .* Dale's law",
      ),
      (lambda k: connectivity.from_array(np.ones((3, 4))), r'got \[3, 4\]'),
      (lambda k: connectivity.from_array(np.zeros((2, 2))), 'other than 0'),
      (
          lambda k: connectivity.truncate_rank(jnp.full((2, 2), jnp.inf), 1),
          r'got inf at \[0, 0\]',
      ),
      (lambda k: connectivity.truncate_rank(jnp.ones(4), 1), r'got \[4\]'),
      (
          lambda k: connectivity.match_norm(
              jnp.eye(3), jnp.full((3, 3), jnp.nan), 'frobenius'
          ),
          'got nan',
      ),
      (
          # Nilpotent: every eigenvalue is 0.
          lambda k: connectivity.match_norm(
              jnp.eye(3, k=1), jnp.eye(3), 'radius'
          ),
          'the radius norm of the matrix is 0.0',
      ),
      (
          lambda k: connectivity.cell_types(
              k, jnp.array([0, 2]), jnp.zeros((2, 2)), jnp.ones((2, 2))
          ),
          r'types must be in \[0, 2\), got 2 at \[1\]',
      ),
      (
          lambda k: connectivity.cell_types(
              k, jnp.array([0, 1]), jnp.zeros((2, 2)), -jnp.ones((2, 2))
          ),
          'deviations must be at least 0, got -1.0',
      ),
  )
  def test_bad_input(self, call, message):
    with self.assertRaisesRegex(ValueError, message):
      call(jax.random.key(0))


if __name__ == '__main__':
  absltest.main()
