"""Order parameters and locking, against complex numbers and known cases."""

from absl.testing import absltest
import hypothesis
from hypothesis import strategies as st
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.analysis import synchrony

_GROUPS = np.array([0, 1, 0, 2, 1])


@jax.jit
def _all(phases):
  order = synchrony.order_parameter
  locking = synchrony.phase_locking_value(phases)
  return order(phases), order(phases, _GROUPS), locking


class SynchronyTest(absltest.TestCase):

  @hypothesis.settings(max_examples=20)
  @hypothesis.given(st.integers(0, 2**32 - 1))
  def test_as_complex_numbers(self, seed):
    rng = np.random.default_rng(seed)
    phases = rng.normal(0, 2, (6, 5)).astype(np.float32)
    unit = np.exp(1j * phases)
    close = lambda x, y: np.testing.assert_allclose(x, y, atol=1e-6)
    order, by_group, found = _all(phases)
    close(order, np.abs(unit.mean(1)))
    want = [np.abs(unit[:, _GROUPS == g].mean(1)) for g in range(3)]
    close(by_group, np.stack(want, 1))
    close(found, np.abs(unit.T @ unit.conj()) / 6)
    close(np.diag(found), 1)
    self.assertLess(found.max(), 1 + 1e-5)

  def test_known_cases(self):
    phases = np.zeros((40, 5), np.float32)
    phases += 2 * np.pi * np.arange(5) / 5  # splay, at every step
    phases += np.arange(40)[:, None] * np.array([0.3, 0.3, 1.7, 0.3, 0.3])
    order, _, locking = _all(phases)
    self.assertLess(order[0], 1e-6)
    self.assertAlmostEqual(float(locking[0, 1]), 1, places=5)
    self.assertLess(locking[0, 2], 0.1)

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
