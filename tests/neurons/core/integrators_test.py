"""The error of an integrator falls with its order."""

from typing import Any

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.core import integrators

_ORDERS = {'euler': 1, 'heun': 2, 'rk4': 4}


def _end(method, num_steps):
  """Returns a pendulum's angle and a growth's size after one unit of time."""
  velocity = lambda s: {'x': s['v'], 'v': -jnp.sin(s['x']), 'y': s['y'] / 2}
  start = {'x': jnp.ones(()), 'v': jnp.zeros(()), 'y': jnp.ones(2)}
  dt = 1 / num_steps
  step = lambda i, s: integrators.advance(velocity, s, dt, method)
  end = jax.jit(lambda s: jax.lax.fori_loop(0, num_steps, step, s))(start)
  return np.array([end['x'], end['y'][1]])


class IntegratorsTest(parameterized.TestCase):

  @parameterized.parameters(*_ORDERS)
  def test_order(self, method):
    with jax.enable_x64(True):
      first, second, third = (_end(method, n) for n in (20, 40, 80))
    order = np.log2(np.abs((first - second) / (second - third)))
    np.testing.assert_allclose(order, _ORDERS[method], atol=0.1)
    self.assertAlmostEqual(third[1], np.exp(0.5), places=2)

  def test_unknown_methods_are_refused(self):
    wrong: Any = 'rk5'
    with self.assertRaisesRegex(ValueError, "got 'rk5'"):
      integrators.advance(lambda s: s, jnp.zeros(2), 0.1, wrong)


if __name__ == '__main__':
  absltest.main()
