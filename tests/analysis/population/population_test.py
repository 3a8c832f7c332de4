"""Measures of populations, beside closed forms and scipy's own."""

from typing import Any

from absl.testing import absltest
import numpy as np
from scipy import linalg

from nmlib.analysis.population import jpca
from nmlib.analysis.population import ridge
from nmlib.analysis.population import subspaces


class RidgeTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.rng = np.random.default_rng(0)
    self.x = self.rng.normal(size=(40, 5)) + 3
    self.map = self.rng.normal(size=(5, 3))
    self.y = self.x @ self.map - 2

  def test_is_the_minimum(self):
    y = self.y + self.rng.normal(size=self.y.shape)
    found = ridge.fit(self.x, y, 2.5)
    left = y - found.predict(self.x)
    np.testing.assert_allclose(left.sum(0), 0, atol=1e-9)  # by the intercept
    slope = self.x.T @ left - 2.5 * found.weights  # by the weights
    np.testing.assert_allclose(slope, 0, atol=1e-9)

  def test_recovers_a_linear_map_on_new_samples(self):
    new = self.rng.normal(size=(20, 5))
    score = ridge.held_out(self.x, self.y, new, new @ self.map - 2, 1e-9)
    self.assertAlmostEqual(score, 1)
    noise = self.rng.normal(size=(20, 3))
    self.assertLess(ridge.held_out(self.x, self.y, new, noise), 0.1)

  def test_r2(self):
    y = self.y
    self.assertEqual(ridge.r2(y, y), 1)
    self.assertAlmostEqual(ridge.r2(y, np.broadcast_to(y.mean(0), y.shape)), 0)
    self.assertTrue(np.isnan(ridge.r2(np.ones((4, 1)), np.ones((4, 1)))))

  def test_bad_input(self):
    with self.assertRaisesRegex(ValueError, 'penalty must be positive, got 0'):
      ridge.fit(self.x, self.y, 0)
    with self.assertRaisesRegex(ValueError, r'y must be \[num_samples=40'):
      ridge.fit(self.x, self.y[:-1])
    with self.assertRaisesRegex(ValueError, 'wanted and found must be of one'):
      ridge.r2(self.y, self.y[:, :1])


class SubspacesTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    rng = np.random.default_rng(1)
    self.x, self.y = rng.normal(size=(2, 60, 4))
    self.mix = rng.normal(size=(4, 4))

  def test_components_keep_the_greatest_variance(self):
    scores = subspaces.components(self.x, 2)
    values = np.linalg.eigvalsh(np.cov(self.x.T))[::-1]
    np.testing.assert_allclose(scores.var(0, ddof=1), values[:2])
    np.testing.assert_allclose(scores[:, 0] @ scores[:, 1], 0, atol=1e-9)

  def test_canonical_correlations_are_eigenvalues_of_the_products(self):
    x, y = (a - a.mean(0) for a in (self.x, self.y))
    y = y + 0.5 * x
    product = linalg.solve(x.T @ x, x.T @ y) @ linalg.solve(y.T @ y, y.T @ x)
    values = np.sort(np.sqrt(np.linalg.eigvals(product).real))[::-1]
    found = subspaces.canonical_correlations(x + 7, y)
    np.testing.assert_allclose(found, values, atol=1e-9)
    # Whatever the coordinates.
    again = subspaces.canonical_correlations(x, y @ self.mix)
    np.testing.assert_allclose(found, again, atol=1e-9)

  def test_procrustes_undoes_shift_scale_and_turn(self):
    turn = linalg.qr(self.mix)[0]
    same = subspaces.procrustes_similarity(self.x, 3 * self.x @ turn - 5)
    self.assertAlmostEqual(same, 1)
    other = subspaces.procrustes_similarity(self.x, self.y)
    self.assertBetween(other, 0, 0.5)
    back = subspaces.procrustes_similarity(self.y, self.x)
    self.assertAlmostEqual(other, back)

  def test_bad_input(self):
    with self.assertRaisesRegex(ValueError, r'from 1 to min\(T, N\)=4, got 5'):
      subspaces.components(self.x, 5)
    with self.assertRaisesRegex(ValueError, 'same samples, got 60 and 59'):
      subspaces.canonical_correlations(self.x, self.y[1:])
    with self.assertRaisesRegex(ValueError, r'activity must be \[T, N\]'):
      subspaces.components(self.x[0], 1)


class JpcaTest(absltest.TestCase):

  def test_a_rotation_is_one(self):
    rates = 0.2, 0.05  # radians a step
    flow = linalg.block_diag(*([[0, -w], [w, 0]] for w in rates))
    turn = np.linalg.qr(np.random.default_rng(2).normal(size=(4, 4)))[0]
    step: Any = linalg.expm(turn @ flow @ turn.T)
    states = [np.random.default_rng(3).normal(size=(3, 4))]
    for _ in range(30):
      states.append(states[-1] @ step.T)
    found = jpca.fit(np.stack(states, 1))
    self.assertAlmostEqual(found.skew_r2, 1, places=6)
    self.assertAlmostEqual(found.strength, 1, places=6)
    np.testing.assert_allclose(found.skew, -found.skew.T, atol=1e-12)
    # Differences over states halfway: 2 tan(w / 2) for w.
    wanted = 2 * np.tan(np.array(rates) / 2) / (2 * np.pi)
    np.testing.assert_allclose(found.frequencies, wanted, rtol=1e-6)

  def test_decay_is_none(self):
    states = np.random.default_rng(4).normal(size=(6, 1, 3))
    states = states * np.exp(-0.1 * np.arange(20))[:, None]
    found = jpca.fit(states)
    self.assertAlmostEqual(found.free_r2, 1, places=6)
    self.assertAlmostEqual(found.skew_r2, 0, places=6)

  def test_bad_input(self):
    with self.assertRaisesRegex(ValueError, 'at least 2 times and 2'):
      jpca.fit(np.ones((3, 1, 2)))
    with self.assertRaisesRegex(ValueError, 'must change in time'):
      jpca.fit(np.ones((3, 4, 2)))


if __name__ == '__main__':
  absltest.main()
