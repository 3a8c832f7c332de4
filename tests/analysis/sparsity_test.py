"""Measures of sparsity: closed forms, bounds and invariances."""

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nmlib.analysis import sparsity

_rates = hnp.arrays(
    np.float32,
    st.integers(2, 12),
    elements=st.one_of(st.just(0.0), st.floats(0.5**10, 2.0**10, width=32)),
)


def test_active_means_strictly_positive():
  x = jnp.array([[0.0, -1.0, 2.0, 0.5], [0.0, 0.0, 0.0, 1e-30]])
  assert sparsity.active_fraction(x) == 3 / 8
  np.testing.assert_array_equal(sparsity.active_fraction(x, 1), [0.5, 0.25])
  np.testing.assert_array_equal(
      sparsity.active_fraction(x, (0,)), [0, 0, 0.5, 1]
  )


def test_activity_by_class_is_the_mean_of_its_moments():
  x = jnp.zeros((2, 3, 4, 5)).at[..., 1, :2].set(1.0).at[1, 2, 3].set(1.0)
  found = sparsity.active_by_class(x, np.array([0, 2, 0, 2]), 3)
  expected = np.zeros((2, 3, 3))
  expected[..., 2] = 0.2  # 2 of 5, and in the other moment none
  expected[1, 2, 2] = 0.7
  expected[..., 1] = np.nan
  np.testing.assert_allclose(found, expected, rtol=1e-6)
  with pytest.raises(ValueError, match=r'classes must be \[T=4\]'):
    sparsity.active_by_class(x, np.array([0, 1]), 3)
  with pytest.raises(ValueError, match=r'must be in \[0, 2\), got 2 at \[1\]'):
    sparsity.active_by_class(x, np.array([0, 2, 0, 2]), 2)


def test_duty_cycle_is_a_number_per_neuron():
  x = jnp.zeros((2, 5, 3)).at[..., 1].set(1.0).at[0, 0, 2].set(4.0)
  # 0.1 is not a binary fraction: the rounding of one float32 mean.
  np.testing.assert_allclose(sparsity.duty_cycle(x), [0, 1, 0.1], rtol=1e-6)


def test_strongly_active_is_relative_to_the_most_active_neuron():
  x = jnp.array([[4.0, -3.0, 1.0], [4.0, 3.0, -1.0]])  # means 4, 3, 1
  for scale in (1.0, 100.0):
    for least, expected in ((0.5, [1, 1, 0]), (0.8, [1, 0, 0])):
      np.testing.assert_array_equal(
          sparsity.strongly_active(scale * x, least), expected
      )
  assert not sparsity.strongly_active(jnp.zeros((4, 3))).any()


@pytest.mark.parametrize('active', (1, 3, 8))
def test_binary_codes_have_closed_forms(active):
  x = jnp.zeros(8).at[:active].set(7.0)
  root = np.sqrt(8)
  # A few float32 operations on numbers near 1.
  np.testing.assert_allclose(sparsity.treves_rolls(x), active / 8, rtol=1e-6)
  np.testing.assert_allclose(
      sparsity.hoyer(x), (root - np.sqrt(active)) / (root - 1), atol=1e-6
  )


def test_exponential_rates_have_treves_rolls_one_half():
  x = jax.random.exponential(jax.random.key(0), (100_000,))
  # <r>^2 / <r^2> = 1/2; standard error about 0.5 sqrt(8 / 1e5) = 0.005.
  np.testing.assert_allclose(sparsity.treves_rolls(x), 0.5, atol=0.02)


@given(_rates)
def test_measures_equal_their_float64_definitions(x):
  wide = x.astype(np.float64)
  if not wide.any():
    assert sparsity.treves_rolls(x) == 0
    assert abs(sparsity.hoyer(x) - 1) < 1e-6  # float32 rounding
    return
  root = np.sqrt(len(x))
  ratio = wide.sum() / np.sqrt((wide**2).sum())
  # Sums of up to 12 non-negative float32; hoyer divides by root - 1 > 0.4.
  np.testing.assert_allclose(
      sparsity.treves_rolls(x), wide.mean() ** 2 / (wide**2).mean(), rtol=2e-6
  )
  np.testing.assert_allclose(
      sparsity.hoyer(x), (root - ratio) / (root - 1), atol=1e-5
  )


@given(_rates, st.integers(-60, 60), st.randoms())
def test_measures_ignore_scale_and_order(x, exponent, random):
  other = np.ldexp(x, exponent)  # exact, also where squares would overflow
  np.testing.assert_array_equal(
      sparsity.treves_rolls(x), sparsity.treves_rolls(other)
  )
  np.testing.assert_array_equal(sparsity.hoyer(x), sparsity.hoyer(other))
  order = random.sample(range(len(x)), len(x))
  # A sum in another order: float32 rounding.
  np.testing.assert_allclose(
      sparsity.hoyer(x), sparsity.hoyer(x[order]), atol=1e-5
  )


def test_axes_are_reduced_as_named():
  x = jax.random.uniform(jax.random.key(0), (3, 4, 5))
  for measure in (sparsity.treves_rolls, sparsity.hoyer):
    assert measure(x).shape == (3, 4)
    assert measure(x, axis=0).shape == (4, 5)
    assert measure(x, axis=None).shape == ()
    np.testing.assert_allclose(
        measure(x, axis=(1, -1)), measure(x.reshape(3, 20)), rtol=1e-5
    )


def test_low_precision_is_widened():
  x = jnp.ones(1000, jnp.bfloat16)  # whose bfloat16 sum would stop at 256
  assert sparsity.treves_rolls(x) == 1
  for value in (
      sparsity.treves_rolls(x),
      sparsity.hoyer(x),
      sparsity.active_fraction(x),
  ):
    assert value.dtype == jnp.float32


def test_gradients_are_finite_even_in_silence():
  for measure in (sparsity.treves_rolls, sparsity.hoyer):
    for x in (jnp.zeros(4), jnp.array([0.0, 1.0, 0.0, 2.0])):
      assert jnp.isfinite(jax.grad(measure)(x)).all()


def test_measures_run_under_jit_and_vmap():
  x = jax.random.uniform(jax.random.key(0), (3, 5))
  for measure in (sparsity.treves_rolls, sparsity.hoyer):
    np.testing.assert_allclose(
        jax.jit(jax.vmap(measure))(x), measure(x), rtol=1e-6
    )


def test_hoyer_of_one_number_is_refused():
  message = r'hoyer needs at least 2 activations, got 1 over axes \(0,\)'
  with pytest.raises(ValueError, match=message):
    sparsity.hoyer(jnp.ones(1))
