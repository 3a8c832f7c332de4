"""Order parameters and locking, against complex numbers and known cases."""

from absl.testing import absltest
import hypothesis
from hypothesis import strategies as st
import jax.numpy as jnp
import numpy as np

from nmlib.analysis import synchrony


class SynchronyTest(absltest.TestCase):

  @hypothesis.settings(max_examples=20)
  @hypothesis.given(st.integers(0, 2**32 - 1))
  def test_as_complex_numbers(self, seed):
    rng = np.random.default_rng(seed)
    phases = rng.normal(0, 2, (6, 5)).astype(np.float32)
    groups = np.array([0, 1, 0, 2, 1])
    unit = np.exp(1j * phases)
    close = lambda x, y: np.testing.assert_allclose(x, y, atol=1e-6)
    given = jnp.asarray(phases)
    close(synchrony.order_parameter(given), np.abs(unit.mean(1)))
    want = [np.abs(unit[:, groups == g].mean(1)) for g in range(3)]
    close(synchrony.order_parameter(given, groups), np.stack(want, 1))
    locking = np.abs(unit.T @ unit.conj()) / 6
    found = synchrony.phase_locking_value(given)
    close(found, locking)
    close(np.diag(found), 1)
    self.assertLess(found.max(), 1 + 1e-5)

  def test_known_cases(self):
    splay = 2 * np.pi * jnp.arange(5) / 5
    self.assertLess(synchrony.order_parameter(splay), 1e-6)
    turning = jnp.arange(40.0)[:, None] * jnp.array([[0.3, 0.3, 1.7]])
    turning = turning + jnp.array([[0.0, 2.0, 0.0]])
    found = synchrony.phase_locking_value(turning)
    self.assertAlmostEqual(float(found[0, 1]), 1, places=5)
    self.assertLess(found[0, 2], 0.1)

  def test_theory(self):
    found = synchrony.lorentzian_order([0.0, 0.5, 1.0, 1.5, 2.0, 4.0], 0.5)
    want = [0, 0, 0, 3**-0.5, 2**-0.5, 0.75**0.5]
    np.testing.assert_allclose(found, want)
    np.testing.assert_array_equal(
        synchrony.lorentzian_order([0.0, 1.0], 0), [0, 1]
    )

  def test_refusals(self):
    for groups in ([0, 1], [0, 2, 0]):
      with self.assertRaisesRegex(ValueError, r'groups must be \[3\].*got'):
        synchrony.order_parameter(jnp.zeros(3), groups)


if __name__ == '__main__':
  absltest.main()
