"""Importance of weights, gathered along the path of learning."""

from typing import Any

from absl.testing import absltest
import jax
import jax.numpy as jnp
import numpy as np
import optax

from nmlib.plasticity import synaptic_intelligence as si


class SynapticIntelligenceTest(absltest.TestCase):

  def test_path_integral_is_the_drop_of_the_loss(self):
    curvature = jnp.array([1.0, 4.0, 0.0])
    loss = lambda w: 0.5 * jnp.sum(curvature * (w - 1) ** 2)
    w = jnp.zeros(3)
    state = si.initial_state(w)

    def flow(_, carry):  # of the gradient, in small steps
      state, w = carry
      gradient = jax.grad(loss)(w)
      change = -2e-3 * gradient
      return si.follow(state, gradient, change), w + change

    state, w = jax.lax.fori_loop(0, 2000, flow, (state, w))
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

  def test_protected_descent_is_that_of_loss_and_penalty(self):
    strength, rate, per_task = 3.0, 0.05, 4
    goals = jnp.array([[1.0, -2.0], [0.0, 5.0]])
    loss = lambda w, task: jnp.sum((w - goals[task]) ** 4)
    optimizer: Any = si.protect(
        optax.sgd(rate), strength, per_task, damping=0.2
    )
    w = jnp.array([0.3, 0.1])
    state = optimizer.init(w)
    memory, plain = si.initial_state(w), w
    for step in range(2 * per_task):
      task = step // per_task
      updates, state = optimizer.update(jax.grad(loss)(w, task), state, w)
      w = w + updates
      whole = lambda v, m=memory, t=task: loss(v, t) + strength * si.penalty(
          m, v
      )
      moved = plain - rate * jax.grad(whole)(plain)
      memory = si.follow(memory, jax.grad(loss)(plain, task), moved - plain)
      plain = moved
      if step == per_task - 1:
        memory = si.end_task(memory, plain, 0.2)
        self.assertGreater(float(memory.importance.sum()), 0)
      np.testing.assert_allclose(w, plain, rtol=1e-5)
    ended = si.end_task(memory, plain, 0.2)
    np.testing.assert_allclose(
        state.memory.importance, ended.importance, rtol=1e-4
    )
    np.testing.assert_array_equal(state.memory.anchor, w)


if __name__ == '__main__':
  absltest.main()
