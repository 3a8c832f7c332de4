"""Weights of a chosen rank: rank, norm and spectrum as asked for."""

from absl.testing import absltest
from absl.testing import parameterized
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.analysis import effective_rank
from nmlib.neurons.initializers import low_rank


class LowRankTest(parameterized.TestCase):

  @given(rank=st.integers(1, 20), match=st.sampled_from(sorted(low_rank.NORMS)))
  @settings(max_examples=15, deadline=None)
  def test_low_rank_keeps_rank_and_norm(self, rank, match):
    base = low_rank.gaussian(jax.random.key(3), 20)
    found = low_rank.low_rank(jax.random.key(3), 20, rank, match=match)
    self.assertEqual(int(effective_rank.effective_rank(found, 'hard')), rank)
    norm = low_rank.NORMS[match]
    # Float32 singular and eigenvalues of a 20 x 20 matrix: about 1e-6.
    np.testing.assert_allclose(norm(found), norm(base), rtol=2e-5)

  def test_truncation_is_the_best_of_its_rank(self):
    base = low_rank.gaussian(jax.random.key(0), 15)
    s = jnp.linalg.svd(base, compute_uv=False)
    cut = low_rank.truncate_rank(base, 4)
    error = jnp.linalg.norm(base - cut)  # Eckart and Young
    np.testing.assert_allclose(error, jnp.linalg.norm(s[4:]), rtol=1e-5)
    np.testing.assert_allclose(
        low_rank.truncate_rank(base, 15), base, atol=1e-5
    )

  @parameterized.parameters(
      (20, (1, 12), (1, 20)),
      (8, (1, 6, 12), (1, 6, 8)),
      (4, (6, 12), (1, 4)),
      (12, (1, 6), (1, 6)),
  )
  def test_a_sweep_of_ranks_follows_the_size(self, size, ranks, expected):
    self.assertEqual(low_rank.ranks_at(size, ranks, 12), expected)

  def test_no_match_leaves_the_truncation_as_it_is(self):
    base = low_rank.gaussian(jax.random.key(1), 12)
    np.testing.assert_array_equal(
        low_rank.low_rank(jax.random.key(1), 12, 3, match=None),
        low_rank.truncate_rank(base, 3),
    )

  @parameterized.parameters(0.0, 0.5, 2.0)
  def test_power_law_has_its_spectrum(self, exponent):
    found = low_rank.power_law(jax.random.key(0), 16, exponent)
    s = np.asarray(jnp.linalg.svd(found, compute_uv=False))
    expected = np.arange(1, 17) ** -exponent
    np.testing.assert_allclose(s / s[0], expected, rtol=1e-4)

  def test_dense_part_fills_the_null_space_at_the_same_norm(self):
    mixed = low_rank.low_rank(jax.random.key(0), 20, 2, dense_part=0.1)
    self.assertEqual(int(effective_rank.effective_rank(mixed, 'hard')), 20)
    base = low_rank.gaussian(jax.random.key(0), 20)
    np.testing.assert_allclose(
        jnp.linalg.norm(mixed), jnp.linalg.norm(base), rtol=1e-5
    )
    low = low_rank.low_rank(jax.random.key(0), 20, 2)
    entropy = lambda w: effective_rank.effective_rank(w, 'entropy')
    self.assertGreater(entropy(mixed), entropy(low))

  def test_gaussian_has_its_gain(self):
    matrix = low_rank.gaussian(jax.random.key(0), 200, 1.5)
    # 40,000 draws: 1 / sqrt(80,000) = 0.35 % standard error.
    self.assertAlmostEqual(float(matrix.std()) * 200**0.5, 1.5, delta=0.03)

  def test_composes_with_vmap_and_jit(self):
    one = lambda key: low_rank.low_rank(key, 10, 2)
    seeds = jnp.arange(3)
    drawn = jax.jit(jax.vmap(one))(jax.vmap(jax.random.key)(seeds))
    for i in range(3):
      np.testing.assert_allclose(
          drawn[i],
          one(jax.random.key(i)),
          atol=1e-5,
      )

  @parameterized.parameters(
      (lambda k: low_rank.low_rank(k, 5, 6), r'\[1, 5\].*got 6'),
      (lambda k: low_rank.low_rank(k, 5, 0), r'\[1, 5\].*got 0'),
      (lambda k: low_rank.low_rank(k, 5, 1, match='l1'), "got 'l1'"),
      (lambda k: low_rank.low_rank(k, 5, 1, dense_part=2), 'got 2'),
      (lambda k: low_rank.power_law(k, 5, -1.0), 'got -1.0'),
      (lambda k: low_rank.checked(jnp.zeros((3, 4))), r'got \[3, 4\]'),
      (
          lambda k: low_rank.truncate_rank(jnp.full((2, 2), jnp.inf), 1),
          r'got inf at \[0, 0\]',
      ),
      (lambda k: low_rank.truncate_rank(jnp.ones(4), 1), r'got \[4\]'),
      (
          lambda k: low_rank.match_norm(
              jnp.eye(3), jnp.full((3, 3), jnp.nan), 'frobenius'
          ),
          'got nan',
      ),
      (
          # Nilpotent: every eigenvalue is 0.
          lambda k: low_rank.match_norm(jnp.eye(3, k=1), jnp.eye(3), 'radius'),
          'the radius norm of the matrix is 0.0',
      ),
  )
  def test_bad_input(self, call, message):
    with self.assertRaisesRegex(ValueError, message):
      call(jax.random.key(0))


if __name__ == '__main__':
  absltest.main()
