"""Structured connectivity: the statistics asked for, and kept by controls."""

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.analysis import connectivity
from nmlib.analysis import effective_rank
from nmlib.neurons.initializers import low_rank
from nmlib.neurons.initializers import structured


class StructuredTest(parameterized.TestCase):

  @parameterized.parameters(
      {},
      {'reciprocal': 0.6},
      {'reciprocal': -1.0},
      {'convergent': 0.2, 'divergent': 0.1},
      {'convergent': 0.2, 'divergent': 0.2, 'chain': 0.15},
      {'convergent': 0.2, 'divergent': 0.2, 'chain': -0.15},
      {'convergent': 0.1, 'divergent': 0.3, 'chain': 0.1, 'reciprocal': 0.5},
  )
  def test_motifs_have_their_statistics(self, **asked):
    matrices = jax.vmap(
        lambda seed: structured.motifs(jax.random.key(seed), 150, 1.0, **asked)
    )(jnp.arange(20))
    found = jax.vmap(connectivity.motif_statistics)(matrices)
    for name, values in found.items():
      # 5 standard errors over 20 draws, and a bias of order 1 / N of sample
      # variances.
      reach = 5 * float(values.std()) / 20**0.5 + 2 / 150
      self.assertAlmostEqual(
          float(values.mean()), asked.get(name, 0), delta=reach, msg=name
      )
    self.assertAlmostEqual(float((matrices**2).mean()) * 150, 1, delta=0.1)

  def test_chains_make_outlying_eigenvalues_and_lower_the_rank(self):
    draw = lambda **asked: structured.motifs(
        jax.random.key(1), 300, convergent=0.2, divergent=0.2, **asked
    )
    plain, chained = draw(), draw(chain=0.18)
    values = jnp.sort(jnp.abs(jnp.linalg.eigvals(chained)))
    # +- g sqrt(N chain) up to fluctuations of order 1 / sqrt(N).
    np.testing.assert_allclose(
        values[-2:], 1.25 * (300 * 0.18) ** 0.5, rtol=0.15
    )
    self.assertLess(values[-3], 0.5 * values[-1])
    radius = lambda w: float(low_rank.NORMS['radius'](w))
    self.assertGreater(radius(chained), 1.5 * radius(plain))
    by_eigenvalues = lambda w: float(
        effective_rank.effective_rank(w, 'eig_ratio')
    )
    self.assertLess(by_eigenvalues(chained), 0.7 * by_eigenvalues(plain))

  def test_reciprocal_makes_the_spectrum_elliptic(self):
    matrix = structured.motifs(jax.random.key(0), 400, 1.0, reciprocal=0.5)
    values = jnp.linalg.eigvals(matrix)
    # Semi-axes 1 + rho and 1 - rho (Sommers et al. 1988); edges fluctuate.
    self.assertAlmostEqual(float(values.real.max()), 1.5, delta=0.1)
    self.assertAlmostEqual(float(values.imag.max()), 0.5, delta=0.1)

  def test_cell_types_have_their_moments(self):
    types = jnp.repeat(jnp.arange(2), 150)
    means = jnp.array([[0.5, -1.0], [0.0, 2.0]])
    deviations = jnp.array([[1.0, 0.0], [3.0, 2.0]])
    matrix = structured.cell_types(jax.random.key(0), types, means, deviations)
    for k, l in np.ndindex(2, 2):
      block = matrix[k * 150 : (k + 1) * 150, l * 150 : (l + 1) * 150]
      sigma = float(deviations[k, l]) / 300**0.5
      self.assertAlmostEqual(
          float(block.mean()), float(means[k, l]), delta=5 * sigma / 150 + 1e-5
      )
      self.assertAlmostEqual(
          float(block.std()), sigma, delta=0.05 * sigma + 1e-5
      )

  def test_distance_weakens(self):
    line = jnp.linspace(0, 10, 40)[:, None]
    base = low_rank.gaussian(jax.random.key(0), 40)
    matrix = structured.distance_dependent(
        jax.random.key(0), line, 2.0, match=None
    )
    distance = jnp.abs(line - line.T)
    np.testing.assert_allclose(
        matrix, base * jnp.exp(-distance / 2), rtol=1e-5, atol=1e-8
    )

  def test_random_cell_types_share_a_block_by_type(self):
    draw = jax.vmap(
        lambda seed: structured.random_cell_types(
            jax.random.key(seed), 40, 4, 2.0
        )
    )(jnp.arange(60))
    blocks = draw.reshape(-1, 4, 10, 4, 10)
    # E W^2 = gain^2 (1 + E exp(g)) / N with g ~ N(0, 1); 960 blocks.
    power = 4 * (1 + np.exp(0.5)) / 40
    self.assertAlmostEqual(float((draw**2).mean()), power, delta=0.1 * power)
    # Means of blocks vary by gain / sqrt(N), more than 100 entries' noise.
    means = blocks.mean((2, 4))
    noise = 4 * np.exp(0.5) / 40 / 100
    expected = 4 / 40 + noise
    self.assertAlmostEqual(float(means.var()), expected, delta=0.2 * expected)

  def test_shuffling_keeps_every_entry(self):
    base = low_rank.low_rank(jax.random.key(0), 30, 1)
    mixed = structured.shuffled(jax.random.key(1), base)
    np.testing.assert_array_equal(
        jnp.sort(mixed.ravel()), jnp.sort(base.ravel())
    )
    self.assertGreater(
        effective_rank.effective_rank(mixed, 'participation'),
        5 * effective_rank.effective_rank(base, 'participation'),
    )

  def test_same_spectrum(self):
    base = low_rank.power_law(jax.random.key(0), 20, 1.0)
    found = structured.same_spectrum(jax.random.key(1), base)
    s, s0 = (jnp.linalg.svd(w, compute_uv=False) for w in (found, base))
    np.testing.assert_allclose(s, s0, atol=1e-5)
    self.assertGreater(float(jnp.abs(found - base).max()), 0.1)

  def test_same_degrees(self):
    rng = np.random.default_rng(0)
    base = rng.normal(size=(40, 40)) * (rng.random((40, 40)) < 0.1)
    base = base.astype(np.float32)
    found = np.asarray(structured.same_degrees(rng, base))
    for axis in (0, 1):
      np.testing.assert_array_equal(
          (found != 0).sum(axis), (base != 0).sum(axis)
      )
    # Every source keeps its weights; where they go is new.
    np.testing.assert_array_equal(np.sort(found, 0), np.sort(base, 0))
    self.assertLess(((found != 0) & (base != 0)).sum(), 0.5 * (base != 0).sum())

  @parameterized.parameters(
      ({'convergent': -0.1}, 'got -0.1 and 0.0'),
      ({'convergent': 0.7, 'divergent': 0.5}, 'got 0.7 and 0.5'),
      ({'chain': 0.1}, r'sqrt\(convergent \* divergent\) = 0, got 0.1'),
      ({'reciprocal': 1.5}, 'reciprocal must be .* got 1.5'),
  )
  def test_impossible_motifs(self, asked, message):
    with self.assertRaisesRegex(ValueError, message):
      structured.motifs(jax.random.key(0), 10, **asked)

  @parameterized.parameters(
      (
          lambda k: structured.from_array(np.array([[0, np.nan], [1, 2]])),
          r'got nan at \[0, 1\]',
      ),
      (
          lambda k: structured.cell_types(
              k, jnp.zeros(4, int), jnp.zeros((2, 2)), jnp.zeros((2, 1))
          ),
          'one row and column a cell type',
      ),
      (
          lambda k: structured.from_array(np.eye(2), np.array([1, -1])),
          "column 1 .* Dale's law",
      ),
      (lambda k: structured.from_array(np.ones((3, 4))), r'got \[3, 4\]'),
      (lambda k: structured.from_array(np.zeros((2, 2))), 'other than 0'),
      (
          lambda k: structured.cell_types(
              k, jnp.array([0, 2]), jnp.zeros((2, 2)), jnp.ones((2, 2))
          ),
          r'types must be in \[0, 2\), got 2 at \[1\]',
      ),
      (
          lambda k: structured.cell_types(
              k, jnp.array([0, 1]), jnp.zeros((2, 2)), -jnp.ones((2, 2))
          ),
          'deviations must be at least 0, got -1.0',
      ),
  )
  def test_bad_input(self, call, message):
    with self.assertRaisesRegex(ValueError, message):
      call(jax.random.key(0))

  def test_positions_have_gradients(self):
    # The distance of a unit to itself is a root of 0.
    slope = jax.grad(
        lambda positions: jnp.sum(
            structured.distance_dependent(
                jax.random.key(0), positions, 1.0, match=None
            )
            ** 2
        )
    )(jax.random.normal(jax.random.key(1), (4, 2)))
    self.assertTrue(bool(jnp.all(jnp.isfinite(slope))))
    self.assertGreater(float(jnp.abs(slope).max()), 0)

  def test_bad_length(self):
    with self.assertRaisesRegex(ValueError, 'length_constant .* got 0.0'):
      structured.distance_dependent(jax.random.key(0), jnp.zeros((4, 2)), 0.0)


if __name__ == '__main__':
  absltest.main()
