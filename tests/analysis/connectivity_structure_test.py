"""Structured connectivity: the statistics asked for, and kept by controls."""

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.analysis import connectivity
from nmlib.analysis import connectivity_structure as structure


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

  def test_reciprocal_makes_the_spectrum_elliptic(self):
    matrix = structure.motifs(
        jax.random.key(0), 400, 1.0, reciprocal=0.5
    ).matrix
    values = jnp.linalg.eigvals(matrix)
    # Semi-axes 1 + rho and 1 - rho (Sommers et al. 1988); edges fluctuate.
    self.assertAlmostEqual(float(values.real.max()), 1.5, delta=0.1)
    self.assertAlmostEqual(float(values.imag.max()), 0.5, delta=0.1)

  def test_log_normal_weights(self):
    matrix = np.asarray(
        structure.log_normal(jax.random.key(0), 160, 40, match=None).matrix
    )
    signs = np.where(np.arange(200) < 160, 1, -1)
    connectivity.check_signs(matrix, signs)
    logs = np.log(np.abs(matrix[:, :160]))
    # 32,000 draws: a standard error of 0.4 %.
    self.assertAlmostEqual(logs.std(), 0.94, delta=0.02)
    # Inhibitory columns are 4 times stronger.
    ratio = np.median(-matrix[:, 160:]) / np.median(matrix[:, :160])
    self.assertAlmostEqual(ratio, 4, delta=0.25)

  def test_projection_is_the_nearest_that_keeps_dales_law(self):
    signs = jnp.array([1, -1, 1])
    weights = jnp.array([[1.0, 2.0, -3.0], [0.0, -1.0, 4.0], [-1, -2, 0.5]])
    found = structure.project_to_dale(weights, signs)
    np.testing.assert_array_equal(found, [[1, 0, 0], [0, -1, 4], [0, -2, 0.5]])
    connectivity.check_signs(np.asarray(found), np.asarray(signs))

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

  def test_bad_deviation(self):
    with self.assertRaisesRegex(ValueError, 'deviation must be positive'):
      structure.log_normal(jax.random.key(0), 4, 1, deviation=0.0)


if __name__ == '__main__':
  absltest.main()
