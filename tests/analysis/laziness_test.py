"""Measures of laziness: equal forms, bounds, closed forms."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nmlib.analysis import laziness
from nmlib.analysis import similarity


def _outputs(weights):
  x = jnp.linspace(-1.0, 1.0, 12).reshape(4, 3)
  return jnp.tanh(x @ weights)


def test_kernels_of_all_forms_agree():
  w, w0 = jax.random.normal(jax.random.key(0), (2, 3, 5))
  streamed = laziness.tangent_kernel(_outputs, w)
  dense = laziness.tangent_kernel_dense(_outputs, w)
  np.testing.assert_allclose(streamed, dense, atol=1e-5)  # float32
  explicit = [
      jax.grad(lambda w, i=i: _outputs(w).ravel()[i])(w).ravel()
      for i in range(20)
  ]
  explicit = jnp.stack(explicit)
  np.testing.assert_allclose(dense, explicit @ explicit.T, atol=1e-5)
  np.testing.assert_allclose(
      laziness.tangent_kernel_alignment(_outputs, w, w0),
      similarity.kernel_alignment(
          dense, laziness.tangent_kernel_dense(_outputs, w0)
      ),
      rtol=1e-5,
  )


def test_trials_apart_give_the_kernel_of_all_together():
  weights = jax.random.normal(jax.random.key(0), (3, 5))
  trials = jax.random.normal(jax.random.key(1), (4, 2, 3))
  one = lambda w, x: jnp.tanh(x @ w)
  np.testing.assert_allclose(
      laziness.tangent_kernel_of_trials(one, weights, trials),
      laziness.tangent_kernel_dense(
          lambda w: jax.vmap(lambda x: one(w, x))(trials), weights
      ),
      atol=1e-5,  # float32
  )


def test_alignment_falls_with_the_square_of_a_learning_step():
  w, direction = jax.random.normal(jax.random.key(2), (2, 3, 5))
  with jax.enable_x64(True):
    w, direction = w.astype(jnp.float64), direction.astype(jnp.float64)
    lost = [
        1 - laziness.tangent_kernel_alignment(_outputs, w + r * direction, w)
        for r in (1e-3, 2e-3)
    ]
  np.testing.assert_allclose(lost[1] / lost[0], 4.0, rtol=0.02)  # O(r) left


def test_weight_changes():
  before = jnp.array([[3.0, 0.0], [0.0, 4.0]])
  assert laziness.weight_change(before, before) == 0
  np.testing.assert_allclose(laziness.weight_change(2 * before, before), 5.0)
  np.testing.assert_allclose(
      laziness.relative_weight_change(2 * before, before), 1.0
  )
  np.testing.assert_allclose(
      laziness.effective_weight_change(2 * before, before), 0.0, atol=1e-6
  )
  off = jnp.array([[0.0, 5.0], [0.0, 0.0]])
  np.testing.assert_allclose(
      laziness.effective_weight_change(before + off, before),
      0.5**0.5,
      rtol=1e-6,
  )


def test_dimension_and_alignment_with_a_task():
  square = jnp.array([[1.0, 0], [-1, 0], [0, 1], [0, -1]])
  np.testing.assert_allclose(laziness.dimension(square + 3.0), 2.0, rtol=1e-6)
  directions = jnp.array([[0.0, 1.0, 1.0]])
  np.testing.assert_allclose(
      laziness.task_alignment(jnp.ones((4, 1)) * directions, directions),
      1.0,
      rtol=1e-6,
  )
  np.testing.assert_allclose(
      laziness.task_alignment(jnp.eye(3), directions), 1 / 3, rtol=1e-6
  )


def test_nothing_learnt_is_lazy_by_every_measure():
  w, h = jax.random.normal(jax.random.key(0), (2, 5, 5))
  found = laziness.measures((w, w), (h, h), (h @ h.T, h @ h.T))
  for name, value in found.items():
    if 'change' in name:
      np.testing.assert_allclose(value, 0, atol=1e-6)
    elif name != 'dimension':
      np.testing.assert_allclose(value, 1, rtol=1e-6)
  np.testing.assert_allclose(found['dimension'], laziness.dimension(h))


@pytest.mark.parametrize(
    'change',
    (
        laziness.weight_change,
        laziness.relative_weight_change,
        laziness.effective_weight_change,
    ),
)
def test_unchanged_weights_have_no_change_and_no_slope(change):
  weights = jnp.array([[3.0, 0.0], [0.0, 4.0]])
  value, slope = jax.value_and_grad(change)(weights, weights)
  assert value == 0
  np.testing.assert_array_equal(slope, np.zeros((2, 2)))


def test_changes_relative_to_nothing_are_refused():
  nothing, weights = jnp.zeros((2, 2)), jnp.eye(2)
  with pytest.raises(ValueError, match='before must have an entry other than'):
    laziness.relative_weight_change(weights, nothing)
  with pytest.raises(ValueError, match='before must have'):
    laziness.effective_weight_change(weights, nothing)
  with pytest.raises(ValueError, match='after must have'):
    laziness.effective_weight_change(nothing, weights)


@pytest.mark.parametrize('rows, columns', ((2, 3), (3, 2)))
def test_nothing_aligns_with_nothing_and_has_no_dimension(rows, columns):
  nothing = jnp.zeros((rows, columns))
  some = jnp.ones((rows, columns))
  square = jnp.zeros((rows, rows))
  for measure, arguments in (
      (similarity.kernel_alignment, (square, jnp.eye(rows))),
      (similarity.centred_kernel_alignment, (square, jnp.eye(rows))),
      (similarity.representation_alignment, (nothing, some)),
      (similarity.kernel_target_alignment, (square, jnp.ones(rows))),
      (laziness.dimension, (nothing,)),
      (laziness.dimension, (some,)),  # of states that do not vary
      (laziness.task_alignment, (nothing, jnp.ones((1, columns)))),
  ):
    value, slope = jax.value_and_grad(measure)(*arguments)
    assert value == 0
    np.testing.assert_array_equal(slope, np.zeros_like(arguments[0]))
  still = lambda w: 0 * w  # a function whose tangent kernel is 0
  assert laziness.tangent_kernel_alignment(still, some, some) == 0
