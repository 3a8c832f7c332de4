"""Spiking neurons: the shared contract, closed forms, limits, bad input."""

import dataclasses

from absl.testing import absltest
from absl.testing import parameterized
import chex
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.core import time_constants
from nmlib.neurons.spiking import adaptive_lif
from nmlib.neurons.spiking import adex
from nmlib.neurons.spiking import alpha_lif
from nmlib.neurons.spiking import current_lif
from nmlib.neurons.spiking import escape_lif
from nmlib.neurons.spiking import firing
from nmlib.neurons.spiking import izhikevich
from nmlib.neurons.spiking import leaky_readout
from nmlib.neurons.spiking import lif
from nmlib.neurons.spiking import recurrent
from nmlib.neurons.spiking import refractory
from nmlib.neurons.spiking import resonate_and_fire
from nmlib.neurons.spiking import spike_response
from nmlib.neurons.spiking.presets import norse
from nmlib.neurons.spiking.presets import snntorch
from nmlib.neurons.spiking.presets import spikingjelly
from nmlib.neurons.spiking.presets import spyx

_N = 5
_MODELS = (
    (lif, lif.Config(_N), 1),
    (lif, snntorch.leaky(_N, reset_mechanism='zero', reset_delay=False), 1),
    (lif, spikingjelly.parametric_lif_node(_N), 1),
    (lif, spyx.lif(_N), 1),
    (lif, lif.Config(_N, heterogeneous=True, spread=0.3), 1),
    (current_lif, current_lif.Config(_N), 1),
    (current_lif, norse.lif_cell(_N), 5),
    (adaptive_lif, adaptive_lif.Config(_N), 1),
    (adaptive_lif, spyx.alif(_N), 1),
    (alpha_lif, alpha_lif.Config(_N), 1),
    (leaky_readout, leaky_readout.Config(_N), 1),
    (izhikevich, izhikevich.Config(_N, dt=0.5), 10),
    (izhikevich, izhikevich.Config(_N, half_steps=True), 10),
    (adex, adex.Config(_N), 1000),
    (spike_response, spike_response.Config(_N), 3),
    (resonate_and_fire, resonate_and_fire.Config(_N), 1),
    (refractory, refractory.Config(lif, lif.Config(_N)), 1),
    (recurrent, recurrent.Config(lif, lif.Config(_N)), 1),
    (recurrent, recurrent.Config(current_lif, spyx.cuba_lif(_N)), 1),
)


def _spikes(family, config, xs):
  params = family.init(jax.random.key(0), config)
  run = jax.jit(
      lambda xs: family.unroll(params, family.initial_state(config), xs, config)
  )
  return run(xs)


class ContractTest(parameterized.TestCase):

  def setUp(self):
    super().setUp()
    chex.clear_trace_counter()

  @parameterized.parameters(*_MODELS)
  def test_contract(self, family, config, scale):
    hash(config)  # static under jit
    params = family.init(jax.random.key(0), config)
    state = family.initial_state(config)
    xs = scale * jax.random.normal(jax.random.key(1), (3, 12, _N))
    run = lambda x: family.unroll(params, state, x, config)
    batched = jax.jit(jax.vmap(chex.assert_max_traces(run, n=1)))
    last, out = batched(xs)
    batched(xs + 1)  # same shapes: must not trace again
    chex.assert_trees_all_equal_shapes_and_dtypes(
        state, jax.tree.map(lambda leaf: leaf[0], last)
    )
    self.assertEqual(out.dtype, jnp.float32)
    # step by step, and in remembered chunks: the same numbers.
    loop = state
    for t in range(12):
      loop, out_t = jax.jit(lambda s, x: family.step(params, s, x, config))(
          loop, xs[0, t]
      )
      np.testing.assert_allclose(out_t, out[0, t], rtol=1e-5, atol=1e-6)
    chunked = family.unroll(params, state, xs[0], config, chunk_size=5)
    np.testing.assert_allclose(chunked[1], out[0], rtol=1e-5, atol=1e-6)

  @parameterized.parameters(*_MODELS)
  def test_gradients_are_finite_for_extreme_currents(
      self, family, config, scale
  ):
    del scale
    state = family.initial_state(config)

    def loss(params, xs):
      last, out = family.unroll(params, state, xs, config)
      return jnp.sum(out) + jnp.sum(last.voltage)

    xs = jnp.where(jnp.arange(20 * _N).reshape(20, _N) % 2, 1e4, -1e4)
    if family in (izhikevich,):
      xs = xs / 100  # its v^2 truly overflows beyond
    params = family.init(jax.random.key(0), config)
    value, gradients = jax.jit(jax.value_and_grad(loss, (0, 1)))(params, xs)
    self.assertTrue(np.isfinite(value))
    for leaf in jax.tree.leaves(gradients):
      self.assertTrue(np.isfinite(leaf).all())

  @parameterized.parameters(*_MODELS)
  def test_wrong_time_axis_is_refused(self, family, config, scale):
    del scale
    params = family.init(jax.random.key(0), config)
    state = family.initial_state(config)
    message = r'must be \[T, num_units=5\], got shape'
    for shape in ((12, 3), (12, 1), (_N, 12, 3), (_N,)):
      with self.assertRaisesRegex(ValueError, message):
        family.unroll(params, state, jnp.zeros(shape), config)
    with self.assertRaisesRegex(
        ValueError, r'\[num_units=5\], got shape \[3\]'
    ):
      family.step(params, state, jnp.zeros(3), config)

  @parameterized.parameters(*_MODELS)
  def test_no_steps_give_no_outputs(self, family, config, scale):
    del scale
    params = family.init(jax.random.key(0), config)
    state = family.initial_state(config)
    last, out = family.unroll(params, state, jnp.zeros((0, _N)), config)
    chex.assert_trees_all_equal(last, state)
    self.assertEqual(out.shape, (0, _N))

  @parameterized.parameters(*_MODELS)
  def test_answers_in_the_dtype_of_the_state(self, family, config, scale):
    with jax.enable_x64(True):
      xs = scale * np.random.default_rng(0).normal(size=(6, _N))
      for dtype, wide in (('float32', config), ('float64', _wide(config))):
        params = family.init(jax.random.key(0), wide)
        state = family.initial_state(wide)
        chex.assert_type(jax.tree.leaves((params, state)), dtype)
        last, out = jax.eval_shape(
            lambda p, s, wide=wide: family.unroll(p, s, xs, wide), params, state
        )
        once, _ = jax.eval_shape(
            lambda p, s, wide=wide: family.step(p, s, xs[0], wide),
            params,
            state,
        )
        chex.assert_trees_all_equal_shapes_and_dtypes(state, last, once)
        chex.assert_type(out, dtype)


def _wide(config):
  """Returns the same neuron in 64 bits."""
  if hasattr(config, 'cell'):
    return dataclasses.replace(config, cell=_wide(config.cell))
  return dataclasses.replace(config, param_dtype='float64')


class ClosedFormTest(parameterized.TestCase):

  @parameterized.parameters('one', 'complement')
  def test_membrane_below_threshold_is_a_geometric_sum(self, gain):
    config = lif.Config(1, decay=0.9, threshold=1e3, gain=gain)
    state, _ = _spikes(lif, config, jnp.full((20, 1), 0.7))
    g = 1 if gain == 'one' else 1 - 0.9
    expected = g * 0.7 * (1 - 0.9**20) / (1 - 0.9)
    np.testing.assert_allclose(state.voltage, [expected], rtol=1e-5)

  @parameterized.parameters(0, 4)
  def test_rate_of_a_constant_current_is_the_closed_form(
      self, refractory_steps
  ):
    dt, tau, current = 0.05, 10.0, 1.5
    cell = lif.Config(
        1,
        decay=float(time_constants.decay(tau, dt)),
        gain='complement',
        rule=firing.Rule(reset='zero'),
    )
    held = round(refractory_steps / dt)
    config = refractory.Config(lif, cell, num_steps=held)
    _, out = _spikes(refractory, config, jnp.full((40_000, 1), current))
    interval = np.diff(np.flatnonzero(out[:, 0]))
    exact = refractory_steps + tau * np.log(current / (current - 1))
    self.assertLen(set(interval), 1)
    # A spike waits for the next step; so does the end of the hold.
    self.assertLessEqual(abs(interval[0] * dt - exact), 2 * dt)

  def test_exact_and_euler_decays_converge_linearly_in_dt(self):
    gap = [
        float(
            abs(
                time_constants.decay(10.0, dt) ** (10 / dt)
                - time_constants.decay(10.0, dt, method='euler') ** (10 / dt)
            )
        )
        for dt in (1.0, 0.5)
    ]
    self.assertAlmostEqual(gap[0] / gap[1], 2, delta=0.1)

  def test_heterogeneous_time_constants_have_their_moments(self):
    taus = time_constants.heterogeneous(jax.random.key(0), 20.0, 0.5, (20_000,))
    # Errors of the mean and deviation of 20,000 samples: below 2 %.
    self.assertAlmostEqual(float(taus.mean()), 20, delta=0.4)
    self.assertAlmostEqual(float(taus.std()), 10, delta=0.4)

  def test_logit_and_decay_are_inverse(self):
    decay = jnp.array([0.1, 0.5, 0.99])
    back = time_constants.from_logit(time_constants.to_logit(decay))
    np.testing.assert_allclose(back, decay, rtol=1e-6)

  @parameterized.parameters(5.0, 10.0)
  def test_exact_gain_equals_a_fine_simulation(self, tau_synapse):
    tau, dt, fine = 10.0, 1.0, 2000
    config = current_lif.Config(
        1,
        float(time_constants.decay(tau_synapse, dt)),
        float(time_constants.decay(tau, dt)),
        threshold=1e3,
        current_order='add_then_decay',
        gain='exact',
    )
    xs = jnp.zeros((8, 1)).at[jnp.array([0, 3])].set(1.0)
    state, _ = _spikes(current_lif, config, xs)
    v = i = 0.0
    for t in range(8):
      i += float(xs[t, 0])
      for _ in range(fine):
        v, i = v + dt / fine * (i - v) / tau, i - dt / fine * i / tau_synapse
    # Euler's error at dt / 2000 is about 1e-4 of the value.
    np.testing.assert_allclose(state.voltage, [v], rtol=1e-3)

  def test_refractory_neuron_never_fires_within_its_hold(self):
    config = refractory.Config(lif, lif.Config(3), num_steps=4)
    xs = jax.random.uniform(jax.random.key(2), (200, 3), maxval=3.0)
    _, out = _spikes(refractory, config, xs)
    for n in range(3):
      self.assertGreater(np.diff(np.flatnonzero(out[:, n])).min(), 4)

  def test_adaptation_lengthens_intervals(self):
    config = adaptive_lif.Config(1, gain='complement')
    _, out = _spikes(adaptive_lif, config, jnp.full((400, 1), 20.0))
    intervals = np.diff(np.flatnonzero(out[:, 0]))
    self.assertGreater(intervals[-1], intervals[0])

  def test_fast_spiking_outpaces_regular_spiking(self):
    counts = {}
    for name in ('regular_spiking', 'fast_spiking'):
      a, b, c, d = izhikevich.PATTERNS[name]
      config = izhikevich.Config(1, a, b, c, d, dt=0.5, half_steps=True)
      _, out = _spikes(izhikevich, config, jnp.full((1000, 1), 10.0))
      counts[name] = float(out.sum())
    self.assertGreater(counts['fast_spiking'], 2 * counts['regular_spiking'])
    self.assertGreater(counts['regular_spiking'], 3)

  def test_adex_has_its_rheobase(self):
    # Without adaptation the threshold current of the exponential neuron is
    # g_L (V_T - E_L - Delta_T).
    config = adex.Config(1, subthreshold=0.0, jump=0.0)
    edge = 30.0 * (-50.4 + 70.6 - 2.0)
    for factor, fires in ((0.98, False), (1.02, True)):
      _, out = _spikes(adex, config, jnp.full((20_000, 1), factor * edge))
      self.assertEqual(bool(out.sum() > 0), fires, factor)

  def test_gradient_without_reset_matches_finite_differences(self):
    config = lif.Config(_N, threshold=1e3, rule=firing.Rule(reset='none'))
    xs = jax.random.normal(jax.random.key(1), (6, _N))
    state = lif.initial_state(config)
    voltage = lambda p: lif.unroll(p, state, xs, config)[0].voltage.sum()
    params = lif.init(jax.random.key(0), config)
    slope = jax.grad(voltage)(params).decay
    shift = lambda e: voltage(params._replace(decay=params.decay + e))
    numeric = (shift(1e-2) - shift(-1e-2)) / 2e-2
    np.testing.assert_allclose(slope, numeric, rtol=1e-2)


class BadInputTest(parameterized.TestCase):

  # What one field may be is for its annotation to say (limits_test).
  @parameterized.parameters(
      (
          lambda: lif.Config(1, decay=1.5),
          r'^lif.Config.decay must be in \[0, 1\]',
      ),
      (lambda: lif.Config(1, spread=0.5), 'spread must be 0 unless heterog'),
      (
          lambda: lif.Config(1, 1.0, logit_decay=True),
          r'decay must be in \(0, 1\) where it has',
      ),
      (
          lambda: spikingjelly.lif_node(1, v_reset=2.0),
          'threshold must be above the reset voltage 2.0, got 1.0',
      ),
      (
          lambda: adex.Config(1, threshold=-80.0),
          'threshold must be above the reset voltage -70.6, got -80.0',
      ),
      (
          lambda: izhikevich.Config(1, threshold=-70.0),
          'threshold must be above the reset voltage -65.0',
      ),
      (lambda: firing.Rule(emission='before'), "must be 'delayed' where"),
      (
          lambda: alpha_lif.Config(1, 0.5, 0.8),
          'inhibitory_decay must be below excitatory_decay=0.5, got 0.8',
      ),
      (
          lambda: spike_response.Config(1, synapse_decay=0.9),
          'must be below membrane_decay=0.9, got 0.9',
      ),
      (
          lambda: resonate_and_fire.Config(1, frequency=0.6),
          r'frequency must be at most 1 / \(2 dt\) = 0.5, got 0.6',
      ),
      (
          lambda: recurrent.Config(lif, current_lif.Config(1)),
          r'recurrent.Config.cell must be a lif.Config, got Config',
      ),
      (
          lambda: recurrent.Config(
              lif, lif.Config(1), all_to_all=False, self_connections=False
          ),
          'self_connections must be True where all_to_all is False',
      ),
      (
          lambda: refractory.Config(spike_response, spike_response.Config(1)),
          'must have a voltage in its State',
      ),
      (
          lambda: escape_lif.Config(spyx.lif(1)),
          "needs a rule with reset_time 'immediate'",
      ),
      (lambda: spikingjelly.lif_node(1, tau=0.5), 'tau must be above 1'),
      (
          lambda: norse.lif_cell(1, tau_syn=0.0),
          'norse.lif_cell: tau_syn must be positive, got 0.0',
      ),
      (
          lambda: norse.lsnn_cell(1, tau_adapt=float('nan')),
          'tau_adapt must be positive, got nan',
      ),
      (
          lambda: norse.lif_cell(1, tau_mem=1e-4),
          'tau_mem must be at least the step dt=0.001',
      ),
      (lambda: time_constants.decay(-1.0), 'must be positive, got -1'),
      (lambda: time_constants.decay(1.0, 0.0), 'dt must be positive'),
      (
          lambda: time_constants.decay(1.0, 2.0, method='euler'),
          'must not exceed',
      ),
      (lambda: time_constants.decay(1.0, method='x'), 'method must be one of'),
  )
  def test_bad_config_says_what_and_why(self, make, message):
    with self.assertRaisesRegex(ValueError, message):
      make()

  @parameterized.parameters(*_MODELS)
  def test_no_number_may_be_nan(self, family, config, scale):
    del family, scale
    for field in dataclasses.fields(config):
      value = getattr(config, field.name)
      if isinstance(value, float) or value is None:
        with self.assertRaisesRegex(ValueError, f'Config.{field.name} must be'):
          dataclasses.replace(config, **{field.name: float('nan')})

  def test_nan_current_stops_in_debug_mode(self):
    config = dataclasses.replace(lif.Config(1), gain='one')
    with jax.debug_nans(True), self.assertRaises(FloatingPointError):
      jax.block_until_ready(_spikes(lif, config, jnp.full((3, 1), jnp.nan)))

  @parameterized.parameters(*_MODELS)
  def test_nan_current_is_located_in_debug_mode(self, family, config, scale):
    del scale
    params = family.init(jax.random.key(0), config)
    state = family.initial_state(config)
    xs = np.zeros((6, _N), np.float32)
    xs[3, 2] = np.nan
    message = r'NaN, first at time step 3, place \(2,\)'
    with jax.debug_nans(True):
      with self.assertRaisesRegex(FloatingPointError, message):
        family.unroll(params, state, xs, config)


if __name__ == '__main__':
  absltest.main()
