"""Structured connectivity: the statistics asked for, and kept by controls."""

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.analysis import connectivity
from nmlib.analysis import connectivity_structure as structure
from nmlib.analysis import effective_rank


class ConnectivityStructureTest(parameterized.TestCase):

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
        lambda seed: structure.motifs(
            jax.random.key(seed), 150, 1.0, **asked
        ).matrix
    )(jnp.arange(20))
    found = jax.vmap(structure.motif_statistics)(matrices)
    for name, values in found.items():
      # 5 standard errors over 20 draws, and a bias of order 1 / N of sample
      # variances.
      reach = 5 * float(values.std()) / 20**0.5 + 2 / 150
      self.assertAlmostEqual(
          float(values.mean()), asked.get(name, 0), delta=reach, msg=name
      )
    self.assertAlmostEqual(float((matrices**2).mean()) * 150, 1, delta=0.1)

  def test_chains_make_outlying_eigenvalues_and_lower_the_rank(self):
    draw = lambda **asked: structure.motifs(
        jax.random.key(1), 300, convergent=0.2, divergent=0.2, **asked
    )
    plain, chained = draw(), draw(chain=0.18)
    values = jnp.sort(jnp.abs(jnp.linalg.eigvals(chained.matrix)))
    # +- g sqrt(N chain) up to fluctuations of order 1 / sqrt(N).
    np.testing.assert_allclose(
        values[-2:], 1.25 * (300 * 0.18) ** 0.5, rtol=0.15
    )
    self.assertLess(values[-3], 0.5 * values[-1])
    radius = lambda w: float(connectivity.NORMS['radius'](w))
    self.assertGreater(radius(chained.matrix), 1.5 * radius(plain.matrix))
    by_eigenvalues = lambda w: float(
        effective_rank.effective_rank(w, 'eig_ratio')
    )
    self.assertLess(
        by_eigenvalues(chained.matrix), 0.7 * by_eigenvalues(plain.matrix)
    )

  def test_reciprocal_makes_the_spectrum_elliptic(self):
    matrix = structure.motifs(
        jax.random.key(0), 400, 1.0, reciprocal=0.5
    ).matrix
    values = jnp.linalg.eigvals(matrix)
    # Semi-axes 1 + rho and 1 - rho (Sommers et al. 1988); edges fluctuate.
    self.assertAlmostEqual(float(values.real.max()), 1.5, delta=0.1)
    self.assertAlmostEqual(float(values.imag.max()), 0.5, delta=0.1)

  def test_distance_weakens(self):
    line = jnp.linspace(0, 10, 40)[:, None]
    base = connectivity.gaussian(jax.random.key(0), 40).matrix
    matrix = structure.distance_dependent(
        jax.random.key(0), line, 2.0, match=None
    ).matrix
    distance = jnp.abs(line - line.T)
    np.testing.assert_allclose(
        matrix, base * jnp.exp(-distance / 2), rtol=1e-5, atol=1e-8
    )

  def test_outliers_are_of_structure_only(self):
    plain = connectivity.gaussian(jax.random.key(0), 300, 1.25).matrix
    # The circular law: all within gain, up to fluctuations at the edge.
    self.assertAlmostEqual(
        float(structure.bulk_radius(plain)), 1.25, delta=0.02
    )
    self.assertEmpty(structure.outliers(plain, 1.15))
    # A mean m adds an eigenvalue at N m.
    found = structure.outliers(plain + 3.0 / 300, 1.15)
    self.assertLen(found, 1)
    self.assertAlmostEqual(found[0].real, 3.0, delta=0.3)

  def test_same_spectrum(self):
    base = connectivity.power_law(jax.random.key(0), 20, 1.0).matrix
    found = structure.same_spectrum(jax.random.key(1), base).matrix
    s, s0 = (jnp.linalg.svd(w, compute_uv=False) for w in (found, base))
    np.testing.assert_allclose(s, s0, atol=1e-5)
    self.assertGreater(float(jnp.abs(found - base).max()), 0.1)

  def test_same_degrees(self):
    rng = np.random.default_rng(0)
    base = rng.normal(size=(40, 40)) * (rng.random((40, 40)) < 0.1)
    base = base.astype(np.float32)
    found = np.asarray(structure.same_degrees(rng, base).matrix)
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
      structure.motifs(jax.random.key(0), 10, **asked)

  def test_motifs_of_equal_weights_are_refused(self):
    with self.assertRaisesRegex(ValueError, 'got all alike'):
      structure.motif_statistics(jnp.ones((4, 4)))
    with self.assertRaisesRegex(ValueError, 'at least 3 units, got 2'):
      structure.motif_statistics(jnp.eye(2))

  def test_positions_have_gradients(self):
    # The distance of a unit to itself is a root of 0.
    slope = jax.grad(
        lambda positions: jnp.sum(
            structure.distance_dependent(
                jax.random.key(0), positions, 1.0, match=None
            ).matrix
            ** 2
        )
    )(jax.random.normal(jax.random.key(1), (4, 2)))
    self.assertTrue(bool(jnp.all(jnp.isfinite(slope))))
    self.assertGreater(float(jnp.abs(slope).max()), 0)

  def test_a_constant_matrix_has_no_bulk(self):
    value, slope = jax.value_and_grad(structure.bulk_radius)(jnp.ones((3, 3)))
    self.assertEqual(value, 0)
    np.testing.assert_array_equal(slope, np.zeros((3, 3)))

  def test_bad_length(self):
    with self.assertRaisesRegex(ValueError, 'length_constant .* got 0.0'):
      structure.distance_dependent(jax.random.key(0), jnp.zeros((4, 2)), 0.0)


if __name__ == '__main__':
  absltest.main()
