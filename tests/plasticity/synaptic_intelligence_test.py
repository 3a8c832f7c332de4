"""Importance of weights, gathered along the path of learning."""

from absl.testing import absltest
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.plasticity import synaptic_intelligence as si


class SynapticIntelligenceTest(absltest.TestCase):

  def test_path_integral_is_the_drop_of_the_loss(self):
    curvature = jnp.array([1.0, 4.0, 0.0])
    loss = lambda w: 0.5 * jnp.sum(curvature * (w - 1) ** 2)
    w = jnp.zeros(3)
    state = si.initial_state(w)
    for _ in range(2000):  # gradient flow in small steps
      gradient = jax.grad(loss)(w)
      change = -2e-3 * gradient
      state = si.follow(state, gradient, change)
      w = w + change
    # First order in the step: the sum is the drop up to about 1 %.
    np.testing.assert_allclose(
        state.path.sum(), loss(0 * w) - loss(w), rtol=0.01
    )
    self.assertEqual(state.path[2], 0)
    ended = si.end_task(state, w, damping=0.1)
    expected = state.path / (w**2 + 0.1)
    np.testing.assert_allclose(ended.importance, expected, rtol=1e-6)
    self.assertEqual(si.penalty(ended, w), 0)
    moved = w + jnp.array([0.0, 0.5, 9.0])
    np.testing.assert_allclose(
        si.penalty(ended, moved), ended.importance[1] * 0.25, rtol=1e-5
    )


if __name__ == '__main__':
  absltest.main()
