"""The reconstructed unit: its forms, limits and symmetries."""

import dataclasses

from absl.testing import absltest
from absl.testing import parameterized
import hypothesis
from hypothesis import strategies as st
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.spiking import astrocyte
from nmlib.neurons.spiking import firing
from nmlib.neurons.spiking import lif
from nmlib.neurons.spiking import surrogate

_SIZE, _STEPS = 16, 32
_unroll = jax.jit(astrocyte.unroll, static_argnames='config')
_parallel = jax.jit(astrocyte.unroll_parallel, static_argnames='config')


def _drawn(config, steps=_STEPS):
  keys = jax.random.split(jax.random.key(0))
  xs = 4 * jax.random.normal(keys[1], (steps, config.num_units), float)
  return astrocyte.init(keys[0], config), astrocyte.initial_state(config), xs


def _by_equations(params, xs, config):
  """The sequential form in NumPy, from its equations."""
  w, g, v = (np.asarray(a, np.float64) for a in params)
  slow = 1 / (1 + np.exp(-w))
  u, s, a = np.zeros((3, config.num_units))
  spikes, traces = [], []
  for i in np.asarray(xs, np.float64):
    d = i * (1 + np.tanh(g * a)) + config.mixing * (a @ v[0])
    u = config.decay * u + 2 * (1 - config.decay) * d - config.threshold * s
    s = (u > config.threshold).astype(float)
    a = slow * a + (1 - slow) * s
    spikes.append(s)
    traces.append(a)
  return np.array(spikes), np.array(traces)


class AstrocyteTest(parameterized.TestCase):

  def test_sequential_form_is_its_equations(self):
    with jax.enable_x64(True):
      config = astrocyte.Config(_SIZE, param_dtype='float64')
      params, state, xs = _drawn(config)
      last, spikes = _unroll(params, state, xs, config)
      expected, traces = _by_equations(params, xs, config)
      spikes, after = np.asarray(spikes), np.asarray(last.astrocyte)
    np.testing.assert_array_equal(spikes, expected)
    np.testing.assert_allclose(after, traces[-1], rtol=1e-12)
    self.assertBetween(float(np.mean(spikes)), 0.05, 0.9)

  @parameterized.parameters(None, 4)
  def test_two_scans_are_the_recurrent_form_from_any_cut(self, block):
    config = astrocyte.Config(_SIZE, 'parallel', block=block)
    params, state, xs = _drawn(config)
    last, out = _unroll(params, state, xs, config)
    half, first = _parallel(params, state, xs[:13], config)
    after, second = _parallel(params, half, xs[13:], config)
    found = np.concatenate([first, second])
    np.testing.assert_allclose(found, out, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(after.voltage, last.voltage, atol=1e-5)
    np.testing.assert_allclose(after.astrocyte, last.astrocyte, atol=1e-6)

  @parameterized.parameters('sequential', 'parallel')
  def test_without_astrocyte_it_is_the_lif_layer(self, form):
    config = astrocyte.Config(_SIZE, form, source='none')
    params, state, xs = _drawn(config)
    cell = lif.Config(
        _SIZE,
        0.8,
        gain='complement',
        resistance=2.0,
        rule=firing.Rule(
            surrogate.arctan(2.0),
            reset='subtract' if form == 'sequential' else 'none',
            reset_time='delayed',
        ),
    )

    def plain(xs):
      weights = lif.init(jax.random.key(0), cell)
      return lif.unroll(weights, lif.initial_state(cell), xs, cell)[1]

    def ours(xs, config, params):
      return astrocyte.unroll(params, state, xs, config)[1]

    weight = jax.random.normal(jax.random.key(5), xs.shape)
    grad = lambda f, *a: jax.grad(lambda x: jnp.sum(weight * f(x, *a)))(xs)
    np.testing.assert_array_equal(ours(xs, config, params), plain(xs))
    np.testing.assert_allclose(  # XLA may add in another order
        grad(ours, config, params), grad(plain), rtol=1e-3, atol=1e-6
    )
    silent = jax.tree.map(jnp.zeros_like, params)
    whole = dataclasses.replace(config, source='astrocyte')
    np.testing.assert_array_equal(ours(xs, whole, silent), plain(xs))
    np.testing.assert_allclose(
        grad(ours, whole, silent), grad(plain), rtol=1e-3, atol=1e-6
    )

  def test_a_constant_train_fills_the_astrocyte(self):
    config = astrocyte.Config(3, 'parallel')
    params, state, _ = _drawn(config)
    run = jax.jit(astrocyte.traces_parallel, static_argnames='config')
    _, spikes, traces = run(params, state, jnp.full((50, 3), 9.0), config)
    np.testing.assert_array_equal(spikes, 1)
    slow = np.asarray(astrocyte.slow_decay(params, config))
    t = np.arange(1, 51)[:, None]
    np.testing.assert_allclose(traces, 1 - slow[None] ** t, rtol=1e-4)

  def test_the_gradient_fades_with_the_slow_decay(self):
    config = astrocyte.Config(4, 'parallel', fixed_slow_decay=0.97)
    params, state, xs = _drawn(config, steps=100)

    def last(a):
      start = state._replace(astrocyte=a)
      return astrocyte.traces_parallel(params, start, xs, config)[2][-1]

    slope = jax.jit(jax.jacobian(last))(state.astrocyte)
    np.testing.assert_allclose(slope, 0.97**100 * np.eye(4), rtol=1e-3)

  @hypothesis.settings(max_examples=10)
  @hypothesis.given(
      st.permutations(range(6)), st.integers(0, 99), st.booleans()
  )
  def test_channels_have_no_order(self, order, seed, sequential):
    config = astrocyte.Config(6, 'sequential' if sequential else 'parallel')
    keys = jax.random.split(jax.random.key(seed))
    params = astrocyte.init(keys[0], config)
    xs = 2 * jax.random.normal(keys[1], (12, 6))
    place = np.array(order)
    moved = astrocyte.Params(
        params.slow_logit[place],
        params.gain[place],
        params.coupling[:, place][:, :, place],
    )
    start = astrocyte.initial_state(config)
    last, out = _unroll(params, start, xs, config)
    after, found = _unroll(moved, start, xs[:, place], config)
    np.testing.assert_allclose(found, out[:, place], atol=1e-5)
    np.testing.assert_allclose(
        after.astrocyte, last.astrocyte[place], atol=1e-6
    )
    self.assertTrue(np.all((after.astrocyte >= 0) & (after.astrocyte <= 1)))

  def test_switches_leave_what_they_name(self):
    config = astrocyte.Config(4)
    params, _, xs = _drawn(config)
    signal, a = xs[:2], jnp.full((2, 4), 0.5)
    both = astrocyte.modulate(params, signal, a, config)
    off = lambda **switch: astrocyte.modulate(
        params, signal, a, dataclasses.replace(config, **switch)
    )
    np.testing.assert_allclose(
        off(additive=False) + off(multiplicative=False) - signal, both,
        atol=1e-5,
    )  # fmt: skip
    rnn = dataclasses.replace(config, source='spikes', multiplicative=False)
    state = astrocyte.State(jnp.full(4, 2.0), jnp.full(4, 0.3))
    found, _ = astrocyte.step(params, state, xs[0], rnn)
    d = xs[0] + 8 * jnp.sum(params.coupling[0], 0)  # all have just spiked
    np.testing.assert_allclose(
        found.voltage, 0.8 * 2 + 0.4 * d - 1, rtol=1e-5, atol=1e-5
    )

  def test_bad_requests_are_refused(self):
    with self.assertRaisesRegex(ValueError, 'block must divide num_units=5'):
      astrocyte.Config(5, block=2)
    with self.assertRaisesRegex(ValueError, "source must be .*got 'spikes'"):
      astrocyte.Config(5, 'parallel', source='spikes')
    with self.assertRaisesRegex(ValueError, 'fixed_slow_decay must be'):
      astrocyte.Config(5, fixed_slow_decay=1.0)
    config = astrocyte.Config(4)
    params, state, xs = _drawn(config)
    with self.assertRaisesRegex(ValueError, "need astrocyte.*'sequential'"):
      astrocyte.unroll_parallel(params, state, xs, config)
    with self.assertRaisesRegex(ValueError, 'inputs must be .*num_units=4'):
      astrocyte.step(params, state, xs[0, :3], config)


if __name__ == '__main__':
  absltest.main()
