"""Circuits that inhibition stabilises: what their search solves and keeps."""

from absl.testing import absltest
import jax
import numpy as np
from scipy import optimize

from nmlib.neurons.initializers import stability_optimised

_SMALL = stability_optimised.Config(
    24, 12, link_probability=0.15, radius=3, rate=5, max_iterations=60
)


class StabilityOptimisedTest(absltest.TestCase):

  def test_lyapunov_residual(self):
    rng = np.random.default_rng(0)
    for size, margin in ((10, 0.5), (60, 0.01)):  # the second near instability
      matrix = rng.normal(size=(size, size))
      top = stability_optimised.abscissa(matrix)
      matrix -= (top + margin) * np.eye(size)
      right = -2 * np.eye(size)
      found = stability_optimised.lyapunov(matrix, right)
      residual = matrix @ found + found @ matrix.T - right
      self.assertLess(np.abs(residual).max(), 1e-8)

  def test_gradient_is_that_of_the_smoothed_abscissa(self):
    rng = np.random.default_rng(1)
    weights = rng.normal(size=(6, 6))
    shift = stability_optimised.abscissa(weights) + 0.4
    identity = np.eye(6)

    def trace(weights, s):
      stable = weights - s * identity
      return np.trace(stability_optimised.lyapunov(stable, -2 * identity))

    level = trace(weights, shift)
    # s at which tr P is the same, of other weights: what the gradient is of.
    smoothed = lambda w: optimize.root_scalar(
        lambda s: trace(w, s) - level, xtol=1e-13,
        bracket=(shift - 0.1, shift + 0.1),
    ).root  # fmt: skip
    slope = stability_optimised.gradient(weights, shift)
    for place in ((0, 0), (2, 5), (4, 1)):
      change = np.zeros((6, 6))
      change[place] = 1e-5
      ahead, behind = smoothed(weights + change), smoothed(weights - change)
      np.testing.assert_allclose(
          (ahead - behind) / 2e-5, slope[place], rtol=1e-5
      )

  def test_circuit(self):
    found = stability_optimised.circuit(jax.random.key(2), _SMALL)
    before, after = found.start, found.weights
    np.testing.assert_array_equal(before[:, :12], after[:, :12])
    self.assertTrue((after[:, 12:] <= 0).all())
    np.testing.assert_array_equal(np.diag(after), 0)
    lowest = stability_optimised.abscissa(after)
    self.assertEqual(lowest, found.abscissas.min())
    self.assertEqual(stability_optimised.abscissa(before), found.abscissas[0])
    self.assertLess(lowest, 0.5)
    self.assertGreater(found.abscissas[0], 1.5)
    links = np.count_nonzero(after[:, 12:])
    self.assertLessEqual(links, round(0.4 * 24 * 12))

  def test_start_has_the_radius(self):
    config = stability_optimised.Config(400, 200, radius=6)
    start = stability_optimised.random_circuit(jax.random.key(3), config)
    sizes = np.sort(np.abs(np.linalg.eigvals(start)))
    # But for the one eigenvalue of the mean inhibition.
    self.assertBetween(sizes[-4], 5, 7)
    self.assertBetween(np.mean(start != 0), 0.09, 0.11)

  def test_a_stable_circuit_stays(self):
    weights = np.zeros((24, 24))
    found = stability_optimised.optimise(weights, _SMALL)
    np.testing.assert_array_equal(found.weights, weights)
    self.assertLen(found.abscissas, 1)

  def test_bad_input(self):
    with self.assertRaisesRegex(ValueError, 'below num_units=4, which leaves'):
      stability_optimised.Config(4, 4)
    with self.assertRaisesRegex(ValueError, r'weights must be \[24, 24\]'):
      stability_optimised.optimise(np.ones((3, 3)), _SMALL)
    with self.assertRaisesRegex(ValueError, 'shift must be above'):
      stability_optimised.gradient(np.eye(3), 1.0)
    with self.assertRaisesRegex(ValueError, 'excitation and inhibition on'):
      stability_optimised.optimise(5 * np.eye(24), _SMALL)


if __name__ == '__main__':
  absltest.main()
