"""Surrogates: the peers' values, closed forms, finiteness everywhere."""

import pathlib

from absl.testing import absltest
from absl.testing import parameterized
import hypothesis
from hypothesis import strategies
import jax
import jax.numpy as jnp
import numpy as np
from scipy import integrate

from nmlib.neurons.spiking import firing
from nmlib.neurons.spiking import lif
from nmlib.neurons.spiking import surrogate
from nmlib.neurons.spiking.presets import norse_surrogates
from nmlib.neurons.spiking.presets import snntorch_surrogates
from nmlib.neurons.spiking.presets import spikingjelly_surrogates
from nmlib.neurons.spiking.presets import spyx_surrogates
from nmlib.neurons.spiking.presets import usual_surrogates

_FIXTURES = pathlib.Path(__file__).parents[2] / 'fixtures'
_PEERS = {
    'snntorch/fast_sigmoid_k25': snntorch_surrogates.fast_sigmoid(),
    'snntorch/fast_sigmoid_k100': snntorch_surrogates.fast_sigmoid(100.0),
    'snntorch/atan_a2': snntorch_surrogates.atan(),
    'snntorch/atan_a1': snntorch_surrogates.atan(1.0),
    'snntorch/sigmoid_k5': snntorch_surrogates.sigmoid(5.0),
    'snntorch/sigmoid_k25': snntorch_surrogates.sigmoid(),
    'snntorch/ste': snntorch_surrogates.straight_through_estimator(),
    'snntorch/triangular_t1': snntorch_surrogates.triangular(),
    'snntorch/heaviside': snntorch_surrogates.heaviside(),
    'snntorch/spike_rate_escape_b1_k25': (
        snntorch_surrogates.spike_rate_escape()
    ),
    'snntorch/sfs_k25_B02': snntorch_surrogates.sparse_fast_sigmoid(25.0, 0.2),
    'norse/super_a100.0': norse_surrogates.super_spike(),
    'norse/triangle_a0.3': norse_surrogates.triangle(),
    'norse/triangle_a1.0': norse_surrogates.triangle(1.0),
    'norse/tanh_a1.0': norse_surrogates.tanh(),
    'norse/tanh_a5.0': norse_surrogates.tanh(5.0),
    'norse/circ_a0.5': norse_surrogates.circ(),
    'norse/circ_a1.0': norse_surrogates.circ(1.0),
    'norse/heavi_erfc_a1.0': norse_surrogates.heavi_erfc(),
    'norse/heavi_erfc_a2.0': norse_surrogates.heavi_erfc(2.0),
    'spikingjelly/atan_a2': spikingjelly_surrogates.atan(),
    'spikingjelly/sigmoid_a4': spikingjelly_surrogates.sigmoid(),
    'spikingjelly/soft_sign_a2': spikingjelly_surrogates.soft_sign(),
    'spikingjelly/super_spike_a1': spikingjelly_surrogates.super_spike(),
    'spikingjelly/super_spike_a10': spikingjelly_surrogates.super_spike(10.0),
    'spikingjelly/piecewise_quadratic_a1': (
        spikingjelly_surrogates.piecewise_quadratic()
    ),
    'spikingjelly/piecewise_exp_a1': spikingjelly_surrogates.piecewise_exp(),
    'spikingjelly/erf_a2': spikingjelly_surrogates.erf(),
    'spikingjelly/piecewise_leaky_relu': (
        spikingjelly_surrogates.piecewise_leaky_relu()
    ),
    'spikingjelly/leaky_k_relu': spikingjelly_surrogates.leaky_k_relu(),
    'spikingjelly/s2nn': spikingjelly_surrogates.s2nn(),
    'spikingjelly/qpseudo_a2': spikingjelly_surrogates.q_pseudo_spike(),
    'spikingjelly/rect_a1': spikingjelly_surrogates.rect(),
    'spikingjelly/nonzero_sign_log_abs_a1': (
        spikingjelly_surrogates.nonzero_sign_log_abs()
    ),
}
_SPYX = {
    'superspike_k25': spyx_surrogates.superspike(),
    'arctan_k2': spyx_surrogates.arctan(),
    'tanh_k1': spyx_surrogates.tanh(),
    'boxcar_w2_h05': spyx_surrogates.boxcar(),
    'triangular_k2': spyx_surrogates.triangular(),
    'ste': surrogate.straight_through(),
}
_OURS = (
    surrogate.fast_sigmoid(),
    surrogate.scaled_fast_sigmoid(),
    surrogate.sigmoid(),
    surrogate.arctan(),
    surrogate.tanh(3.0),
    surrogate.triangle(0.3, 0.7),
    surrogate.boxcar(),
    surrogate.straight_through(),
    surrogate.zero(),
    surrogate.gaussian(),
    surrogate.multi_gaussian(),
    surrogate.erfc(),
    surrogate.exponential(),
    surrogate.circle(0.5),
    surrogate.leaky(),
    surrogate.sparse_fast_sigmoid(25.0, 0.4),
)
_MORE = (
    spikingjelly_surrogates.squarewave_fourier_series(),
    spikingjelly_surrogates.fake_numerical_gradient(),
    spikingjelly_surrogates.log_tailed_relu(0.1),
)
_WIDTH = 1020  # floats at a time
_ALL = (*_OURS, *_PEERS.values(), *_SPYX.values(), *_MORE)


_EVERYWHERE = (
    *_ALL,
    *(
        make(slope)
        for slope in (1e-6, 1e6)
        for make in (
            surrogate.fast_sigmoid,
            surrogate.scaled_fast_sigmoid,
            surrogate.sigmoid,
            surrogate.arctan,
            surrogate.tanh,
            surrogate.erfc,
            surrogate.circle,
            spikingjelly_surrogates.soft_sign,
            spikingjelly_surrogates.nonzero_sign_log_abs,
            spikingjelly_surrogates.s2nn,
            spyx_surrogates.arctan,
        )
    ),
)


@jax.jit
def _every(x):
  """Returns the derivatives of all surrogates, a row each."""
  return jnp.stack([one(x) for one in _EVERYWHERE])


class SurrogateTest(parameterized.TestCase):

  def test_every_entry_of_the_fixture_is_compared(self):
    with np.load(_FIXTURES / 'snn_peers_surrogates.npz') as stored:
      names = {k.rsplit('/', 1)[0] for k in stored if '/' in k}
    self.assertEqual(names, set(_PEERS))

  @parameterized.parameters(*_PEERS)
  def test_equals_the_peer(self, name):
    with np.load(_FIXTURES / 'snn_peers_surrogates.npz') as stored:
      x = stored['x']
      forward, derivative = stored[f'{name}/fwd'], stored[f'{name}/grad']
    keep = np.isfinite(derivative)  # snnTorch's sigmoid overflows
    if name == 'snntorch/sfs_k25_B02':
      keep &= np.abs(x - 0.2) > 1e-6  # there rounding of the bound decides
    inclusive = name.startswith('spikingjelly')
    step = lambda v: surrogate.spike(v, _PEERS[name], at_threshold=inclusive)
    out, pullback = jax.vjp(step, jnp.asarray(x))
    np.testing.assert_array_equal(out, forward)
    np.testing.assert_allclose(  # float32 rounding of one formula
        pullback(jnp.ones_like(out))[0][keep], derivative[keep], 2e-5, 1e-6
    )

  @parameterized.parameters(*_SPYX)
  def test_equals_spyx(self, name):
    with np.load(_FIXTURES / 'snn_peers_spyx.npz') as stored:
      x, expected = stored['surrogate/x'], stored[f'surrogate/{name}']
    np.testing.assert_allclose(
        _SPYX[name](jnp.asarray(x)), expected, 2e-5, 1e-6
    )

  @parameterized.parameters(*[s for s in _ALL if s.primitive])
  def test_is_the_true_gradient_of_its_smoothed_step(self, one):
    # Off the kinks of the piecewise ones, which lie at multiples of 0.05.
    x = jnp.linspace(-2, 2, 81) + 0.0137
    smooth = jax.vmap(jax.grad(one.smoothed))(x)
    np.testing.assert_allclose(one(x), smooth, 1e-4, 1e-5)  # float32
    self.assertEqual(float(one.smoothed(jnp.zeros(()))), 0)

  @parameterized.parameters(
      (surrogate.fast_sigmoid(5.0),),
      (surrogate.arctan(),),
      (surrogate.gaussian(),),
      (surrogate.multi_gaussian(),),
  )
  def test_gradient_of_a_layer_is_that_of_its_smoothed_twin(self, one):
    # Of one layer without reset; further on, smooth activity would differ.
    config = lif.Config(4, rule=firing.Rule(surrogate=one, reset='none'))
    with jax.enable_x64(True):
      keys = jax.random.split(jax.random.key(0), 3)
      normal = lambda key, *shape: jax.random.normal(key, shape, jnp.float64)
      xs, weights = normal(keys[0], 15, 6), normal(keys[1], 6, 4)
      cotangent = normal(keys[2], 15, 4)
      params = lif.Params(jnp.asarray(0.8), jnp.asarray(1.0))
      state = lif.State(jnp.zeros(4))

      def spiking(weights, params):
        _, out = lif.unroll(params, state, xs @ weights, config)
        return jnp.vdot(cotangent, out)

      def smooth(weights, params):
        def step(v, x):
          v = lif.integrate(params, v, x, config)
          return v, one.smoothed(v - params.threshold)

        out = jax.lax.scan(step, state.voltage, xs @ weights)[1]
        return jnp.vdot(cotangent, out)

      slopes = jax.grad(spiking, (0, 1))(weights, params)
      step = 1e-6
      for i in range(6):
        shift = jnp.zeros_like(weights).at[i, i % 4].set(step)
        change = smooth(weights + shift, params) - smooth(
            weights - shift, params
        )
        # Central differences: errors of about step^2 and 1e-16 / step.
        np.testing.assert_allclose(
            slopes[0][i, i % 4], change / (2 * step), rtol=1e-5, atol=1e-6
        )
      up, down = (
          params._replace(decay=jnp.asarray(0.8 + s)) for s in (step, -step)
      )
      change = smooth(weights, up) - smooth(weights, down)
      np.testing.assert_allclose(
          slopes[1].decay, change / (2 * step), rtol=1e-5, atol=1e-6
      )

  @parameterized.parameters(
      (surrogate.fast_sigmoid(5.0), 2 / 5, 1),
      (surrogate.scaled_fast_sigmoid(5.0), 2, 5),
      (surrogate.sigmoid(3.0), 1, 0.75),
      (surrogate.arctan(3.0), 1, 1.5),
      (surrogate.tanh(4.0), 0.5, 1),
      (surrogate.triangle(0.3, 2.0), 0.6, 0.3),
      (surrogate.boxcar(0.4, 3.0), 1.2, 0.4),
      (surrogate.gaussian(2.0, 0.3), 0.6 * np.sqrt(2 * np.pi), 2),
      (surrogate.multi_gaussian(0.5, 0.5, 0.15), 0.5 * 0.85, None),
      (surrogate.erfc(3.0), 1, 3 / np.sqrt(np.pi)),
      (surrogate.exponential(2.0, 4.0), 1, 2),
      (surrogate.circle(0.5), 1, 1),
  )
  def test_integral_and_peak(self, one, area, peak):
    g = lambda x: float(np.asarray(one(jnp.float32(x))))
    total = sum(
        integrate.quad(g, *ends, limit=400, points=None, epsabs=1e-5)[0]
        for ends in ((-np.inf, -1), (-1, 0), (0, 1), (1, np.inf))
    )
    self.assertAlmostEqual(total, area, delta=2e-3)  # quadrature of float32
    if peak is not None:
      self.assertAlmostEqual(g(0.0), peak, delta=1e-6)

  def test_is_finite_for_every_finite_float(self):
    # Every sign and exponent, subnormals too, with 32 mantissas each.
    sign, exponent = np.arange(2) << 31, np.arange(255) << 23
    mantissa = np.arange(0, 2**23 + 1, 2**18)
    mantissa = np.minimum(mantissa, 2**23 - 1)[[0, *range(2, 33)]]
    bits = sign[:, None, None] + exponent[:, None] + mantissa
    self._all_are_finite(bits.astype(np.uint32).view(np.float32).ravel())

  def test_is_finite_where_an_angle_would_not_be(self):
    x = np.zeros(_WIDTH, np.float32)
    x[:2] = 5.415761855764741e37, -5.415761855764741e37
    self._all_are_finite(x)

  @hypothesis.given(strategies.binary(min_size=128, max_size=128))
  @hypothesis.settings(max_examples=40)
  def test_is_finite_for_floats_that_are_searched(self, code):
    x = np.frombuffer(code, np.float32)
    self._all_are_finite(np.resize(np.where(np.isfinite(x), x, 0), _WIDTH))

  def _all_are_finite(self, x):
    for part in x.reshape(-1, _WIDTH):
      values = np.asarray(_every(part))
      for i, place in np.argwhere(~np.isfinite(values)):
        self.fail((_EVERYWHERE[i].name, part[place], values[i, place]))

  def test_steepest_sigmoid_is_finite_where_the_peer_is_not(self):
    grad = jax.grad(lambda x: surrogate.spike(x, surrogate.sigmoid(25.0)))
    for x in (-3.6, -1e4, 1e4, -3e38):
      self.assertTrue(np.isfinite(grad(jnp.float32(x))))

  def test_forward_and_reverse_mode_agree_and_the_slope_can_be_mapped(self):
    x = jnp.linspace(-1, 1, 7)

    def out(slope):
      step = lambda v: surrogate.spike(v, surrogate.fast_sigmoid(slope))
      forward = jax.jvp(step, (x,), (jnp.ones(7),))[1]
      backward = jax.vjp(step, x)[1](jnp.ones(7))[0]
      return forward, backward

    forward, backward = jax.vmap(out)(jnp.array([1.0, 25.0]))
    np.testing.assert_array_equal(forward, backward)
    self.assertGreater(float(forward[0, 0]), float(forward[1, 0]))

  def test_equality_with_the_threshold_is_an_option(self):
    zero = jnp.zeros(())
    one = surrogate.arctan()
    self.assertEqual(float(surrogate.spike(zero, one)), 0)
    self.assertEqual(float(surrogate.spike(zero, one, at_threshold=True)), 1)

  def test_keeps_dtype_and_hashes(self):
    for one in _ALL:
      self.assertEqual(one(jnp.zeros(3, jnp.bfloat16)).dtype, jnp.bfloat16)
      hash(one)
    noisy = surrogate.stochastic(jax.random.key(0))
    out = noisy(jnp.array([-1.0, -1.0, 2.0]))
    self.assertEqual(float(out[2]), 1)
    self.assertLess(float(jnp.abs(out[:2]).max()), 0.5)

  def test_usual_ones_are_found_by_the_name_of_their_function(self):
    at_threshold = {
        name: float(one(jnp.zeros(())))
        for name, one in usual_surrogates.BY_NAME.items()
    }
    for name, one in usual_surrogates.BY_NAME.items():
      self.assertEqual(one.name, name)
    # Peaks 1 but for those of other heights; the control has none.
    self.assertEqual(at_threshold['zero'], 0)
    self.assertAlmostEqual(at_threshold['triangle'], 0.3)
    for name in ('fast_sigmoid', 'arctan', 'sigmoid', 'gaussian'):
      self.assertAlmostEqual(at_threshold[name], 1)

  def test_all_are_of_one_name_each_the_usual_ones_first(self):
    names = [g.name for g in usual_surrogates.every(jax.random.key(0))]
    self.assertLen(set(names), len(names))
    usual = usual_surrogates.NAMES
    self.assertEqual(tuple(usual_surrogates.BY_NAME), usual)
    self.assertEqual(tuple(names[: len(usual)]), usual)
    self.assertEqual(
        names[len(usual) :],
        ['scaled_fast_sigmoid', 'erfc', 'circle', 'leaky', 'stochastic'],
    )

  def test_bad_parameters_are_named(self):
    with self.assertRaisesRegex(ValueError, 'slope must be positive'):
      surrogate.fast_sigmoid(-1.0)
    with self.assertRaisesRegex(ValueError, 'leak must be finite, got nan'):
      surrogate.leaky(leak=float('nan'))
    with self.assertRaisesRegex(
        ValueError, 'alpha must be positive and finite'
    ):
      spikingjelly_surrogates.piecewise_quadratic(0.0)
    with self.assertRaisesRegex(ValueError, 'alpha must be above 1, got 1.0'):
      spikingjelly_surrogates.q_pseudo_spike(1.0)
    with self.assertRaisesRegex(ValueError, 'n must be at least 2, got 1'):
      spikingjelly_surrogates.squarewave_fourier_series(1)
    with self.assertRaisesRegex(ValueError, 'no closed-form primitive'):
      snntorch_surrogates.sparse_fast_sigmoid().smoothed(jnp.zeros(()))


if __name__ == '__main__':
  absltest.main()
