"""Synthetic gradients of a linear network, where the true ones are known."""

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.plasticity import synthetic_gradient

_STEPS = 6


def _window(params, start, x, y):
  """One step of s' = A s + x, of which |s' - y|^2 / 2 is the loss."""
  end = params @ start + x
  return end, 0.5 * jnp.sum((end - y) ** 2)


def _problem():
  keys = jax.random.split(jax.random.key(0), 4)
  a = 0.5 * jax.random.normal(keys[0], (3, 3))
  xs, ys = jax.random.normal(keys[1], (2, _STEPS, 3))
  start = jax.random.normal(keys[2], (3,))
  return a, start, xs, ys


def _later_loss(a, state, xs, ys):
  """The loss of all windows from a state on."""
  total = jnp.float32(0)
  for x, y in zip(xs, ys, strict=True):
    state, loss = _window(a, state, x, y)
    total += loss
  return total


class SyntheticGradientTest(parameterized.TestCase):

  @parameterized.parameters(0.0, 0.1, 1.0)
  def test_credit_fades_by_lambda_a_window(self, scale):
    a, start, xs, ys = _problem()
    # Backwards, each window is told what the next one says of its start: the
    # fixed point of a perfect predictor.
    states = [start]
    for x, y in zip(xs, ys, strict=True):
      states.append(_window(a, states[-1], x, y)[0])
    future, total, said = jnp.zeros(3), jnp.zeros((3, 3)), []
    for k in reversed(range(_STEPS)):
      found = synthetic_gradient.window_gradients(
          lambda p, s, k=k: _window(p, s, xs[k], ys[k]),
          a, states[k], future, scale,
      )  # fmt: skip
      total, future = total + found.params, found.start
      said.append(found.start)
      np.testing.assert_allclose(found.end, states[k + 1], rtol=1e-6)
    errors = jnp.stack(states[1:]) - ys
    expected = sum(
        scale**j * np.linalg.matrix_power(a.T, j + 1) @ errors[j]
        for j in range(_STEPS)
    )
    np.testing.assert_allclose(said[-1], expected, rtol=1e-4, atol=1e-5)
    if scale == 1:
      whole = jax.grad(_later_loss, argnums=(0, 1))(a, start, xs, ys)
      np.testing.assert_allclose(total, whole[0], rtol=1e-4, atol=1e-5)
      np.testing.assert_allclose(said[-1], whole[1], rtol=1e-4, atol=1e-5)

  def test_nothing_flows_from_what_is_predicted_or_asked(self):
    a, start, xs, ys = _problem()

    def total(c):  # the predictor reads the end state, yet is a constant
      window = lambda p, s: _window(p, s, xs[0], ys[0])
      found = synthetic_gradient.window_gradients(window, a, start, c @ start)
      return jnp.sum(found.params) + jnp.sum(found.start)

    np.testing.assert_array_equal(jax.grad(total)(jnp.eye(3)), 0)
    of_target = jax.grad(
        lambda g: synthetic_gradient.prediction_loss(start, g)
    )(xs[0])
    np.testing.assert_array_equal(of_target, 0)

  def test_the_predictor_learns_the_sum_over_its_states(self):
    _, _, states, targets = _problem()
    c = jnp.eye(3)
    predict = lambda params, s: s @ params
    found = synthetic_gradient.prediction_gradients(
        predict, c, {'h': states}['h'], targets, normaliser=4.0
    )
    expected = sum(
        2 / 4 * np.outer(s, s - g) for s, g in zip(states, targets, strict=True)
    )
    np.testing.assert_allclose(found, expected, rtol=1e-5)

  def test_numbers_do_not_stretch_to_a_state(self):
    window = lambda p, s: (s * p, jnp.sum(s))
    state = jnp.ones(3)
    for future in (jnp.ones(()), jnp.ones(4), (state, state)):
      with self.assertRaisesRegex(ValueError, r'future .* \[\[3\]\]'):
        synthetic_gradient.window_gradients(window, 1.0, state, future)
    with self.assertRaisesRegex(
        ValueError, r'target .*\[\[3\]\].*\[\[3, 1\]\]'
    ):
      synthetic_gradient.prediction_loss(state, state[:, None])
    with self.assertRaisesRegex(ValueError, 'normaliser .* got 0'):
      synthetic_gradient.prediction_loss(state, state, 0)


if __name__ == '__main__':
  absltest.main()
