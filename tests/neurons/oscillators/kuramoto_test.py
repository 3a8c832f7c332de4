"""Phase oscillators against closed forms, and what they keep."""

import dataclasses
from typing import Any

from absl.testing import absltest
from absl.testing import parameterized
import hypothesis
from hypothesis import strategies as st
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.analysis import synchrony
from nmlib.neurons.oscillators import kuramoto

# NumPy's, as JAX takes them: what is eager in JAX is compiled, each by itself.
_array: Any = np.asarray

_step = jax.jit(kuramoto.step, static_argnums=3)


def _params(frequency, coupling=1.0, weights=None, lag=0.0):
  """Returns what `init` would, of NumPy: eager draws cost a program each."""
  weights = np.zeros((0, 0)) if weights is None else weights
  return kuramoto.Params(
      _array(frequency, float), _array(coupling), _array(lag), _array(weights)
  )


def _run(params, phase, num_steps, config):
  """Returns the last phases [N] without input."""
  none = _array(np.zeros(config.num_units))
  one = lambda i, s: kuramoto.step(params, s, none, config)[0]
  run = lambda s: jax.lax.fori_loop(0, num_steps, one, s)
  return np.asarray(jax.jit(run)(kuramoto.State(_array(phase))).phase)


class KuramotoTest(parameterized.TestCase):

  @parameterized.parameters((None, 1.0), (1, 2.0))
  def test_two_lock_by_what_the_coupling_is_over(self, degree, pull):
    config = kuramoto.Config(2, degree=degree, dt=0.1, param_dtype='float64')
    weights = None if degree is None else 1 - np.eye(2)
    with jax.enable_x64(True):
      params = _params([-0.3, 0.3], 1.0, weights)
      end = _run(params, [0.0, 1.0], 400, config)
    self.assertAlmostEqual(end[1] - end[0], np.arcsin(0.6 / pull), places=9)

  def test_frequencies_are_quantiles(self):
    found = kuramoto.lorentzian(4, 0.5)
    want = 0.5 * np.tan(np.pi * (np.array([1, 3, 5, 7]) / 8 - 0.5))
    np.testing.assert_allclose(found, want, rtol=1e-5)

  def test_the_lag_slows_all_alike(self):
    config = kuramoto.Config(3, dt=0.05, param_dtype='float64')
    with jax.enable_x64(True):
      params = _params(np.zeros(3), 2.0, lag=0.4)
      end = _run(params, np.zeros(3), 20, config)
    np.testing.assert_allclose(end, -2 * np.sin(0.4), rtol=1e-12)

  @parameterized.parameters(('euler', 1), ('heun', 2), ('rk4', 4))
  def test_order_of_the_integrator(self, method, order):
    with jax.enable_x64(True):
      config = kuramoto.Config(4, method=method, param_dtype='float64')
      params = _params([-1.2, -0.2, 0.2, 1.2], 2.0)
      phase = [0.0, 1.0, 2.5, 4.0]
      ends = [
          _run(params, phase, n, dataclasses.replace(config, dt=1 / n))
          for n in (10, 20, 40)
      ]
    gaps = [np.abs(a - b).max() for a, b in zip(ends, ends[1:], strict=False)]
    self.assertAlmostEqual(np.log2(gaps[0] / gaps[1]), order, delta=0.35)

  @hypothesis.settings(max_examples=5)
  @hypothesis.given(st.integers(0, 2**32 - 1))
  def test_velocity_is_that_of_pairs_and_turns_with_all(self, seed):
    rng = np.random.default_rng(seed)
    phase, frequency = rng.normal(0, 2, (2, 5))
    links = np.argsort(rng.random((5, 5)), 1) < 2  # any weights do
    lag, dt = 0.3, 1e-3
    pairs = np.sin(phase[None] - phase[:, None] - lag)
    with jax.enable_x64(True):
      for degree, weights in ((None, np.ones((5, 5)) / 5), (2, links / 2)):
        config = kuramoto.Config(
            5, degree=degree, dt=dt, method='euler', param_dtype='float64'
        )
        params = _params(
            frequency, 1.5, None if degree is None else weights, lag
        )
        move = lambda theta, p=params, c=config: _step(
            p, kuramoto.State(theta), np.ones(5), c
        )[1]
        want = frequency + 1 + 1.5 * (weights * pairs).sum(1)
        got = (move(phase) - phase) / dt
        np.testing.assert_allclose(got, want, atol=1e-9)
        np.testing.assert_allclose(move(phase + 2) - 2, move(phase), atol=1e-12)

  def test_symmetric_links_keep_the_mean_frequency(self):
    config = kuramoto.Config(6, degree=2, param_dtype='float64')
    ring = np.roll(np.eye(6), 1, 1) + np.roll(np.eye(6), -1, 1)
    params = _params([1.0, -0.5, 2.0, 0.0, 0.3, 0.2], 3.0, ring / 2)
    start = np.array([0.0, 1.0, 4.0, 2.0, 3.0, 5.5])
    with jax.enable_x64(True):
      end = _run(params, start, 100, config)
    self.assertAlmostEqual(np.mean(end - start), 0.5, places=10)

  @parameterized.parameters((2, 1), (5, 4), (9, 3))
  def test_each_hears_as_many_others(self, num, degree):
    keys = jax.random.split(jax.random.key(0), 20)
    draw = jax.vmap(lambda k, r: kuramoto.links(k, num, degree, r))
    found = np.asarray(jax.jit(draw)(keys, jnp.linspace(0, 1, 20)))
    np.testing.assert_array_equal(found.sum(2), degree)
    np.testing.assert_array_equal(found * np.eye(num), 0)
    self.assertContainsSubset(np.unique(found), [0, 1])

  def test_links_that_none_gives_up_are_a_ring(self):
    draw = jax.jit(kuramoto.links, static_argnums=(1, 2))
    found = np.asarray(draw(jax.random.key(0), 6, 4, 0.0))
    ring = sum(np.roll(np.eye(6), k, 1) for k in (-2, -1, 1, 2))
    np.testing.assert_array_equal(found, ring)
    random = np.asarray(draw(jax.random.key(0), 200, 4, 1.0))
    near = sum(np.roll(np.eye(200), k, 1) for k in (-2, -1, 1, 2))
    self.assertLess((random * near).sum() / random.sum(), 0.06)

  def test_gradient_of_order_by_coupling(self):
    config = kuramoto.Config(5, dt=0.05, param_dtype='float64')
    params = _params([-1.0, -0.3, 0.0, 0.3, 1.0])
    start = kuramoto.State(_array([0.0, 1.0, 4.0, 2.0, 3.0]))
    eps = 1e-6

    def order(coupling):
      own = params._replace(coupling=coupling)
      _, phases = kuramoto.unroll(own, start, jnp.zeros((20, 5)), config)
      return synchrony.order_parameter(phases[-1])

    @jax.jit
    def both(coupling):
      apart = order(coupling + eps) - order(coupling - eps)
      return jax.grad(order)(coupling), apart / (2 * eps)

    with jax.enable_x64(True):
      got, want = (float(slope) for slope in both(1.2))
    self.assertAlmostEqual(got, want, places=8)
    self.assertGreater(abs(got), 1e-3)

  def test_mean_order(self):
    config = kuramoto.Config(6, dt=0.05)
    params = _params(np.linspace(-1, 1, 6), 3.0)
    start = kuramoto.State(_array(np.linspace(0, 4, 6), np.float32))

    @jax.jit
    def both():
      _, phases = kuramoto.unroll(params, start, jnp.zeros((10, 6)), config)
      want = synchrony.order_parameter(phases[5:]).mean()
      return kuramoto.mean_order(params, start, 10, config), want

    found, want = both()
    self.assertAlmostEqual(float(found), float(want), places=5)

  def test_refusals(self):
    with self.assertRaisesRegex(ValueError, 'below num_units = 3, .* got 3'):
      kuramoto.Config(3, degree=3)
    config = kuramoto.Config(3, degree=2)
    none = _array(np.zeros(3))
    with self.assertRaisesRegex(ValueError, r'fixed_weights.*got shape \[0, 0'):
      kuramoto.step(_params(none), kuramoto.State(none), none, config)


if __name__ == '__main__':
  absltest.main()
