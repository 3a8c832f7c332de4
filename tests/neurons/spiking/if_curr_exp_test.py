"""PyNN's neuron: closed forms, peers, and `current_lif` where it can be it."""

import math
import pathlib

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.spiking import current_lif
from nmlib.neurons.spiking import firing
from nmlib.neurons.spiking import if_curr_exp
from nmlib.neurons.spiking import refractory

_PEERS = pathlib.Path(__file__).parents[2] / (
    'fixtures/snn_peers_if_curr_exp.npz'
)
# Of the hippocampal memory (Casanueva-Morato et al. 2024).
_MEMORY = dict(
    v_rest=-60.0, v_reset=-60.0, v_thresh=-57.0, tau_refrac=1.0,
    tau_syn_e=0.3, tau_syn_i=0.3,
)  # fmt: skip
_SLOW, _FAST = dict(tau_m=3.0, cm=0.27), dict(tau_m=0.5, cm=0.14)


def _run(config, inputs):
  """Returns states and spikes [T, ...] of inputs [T, 2, N]."""
  params = if_curr_exp.init(jax.random.key(0), config)

  def step(state, x):
    state, spikes = if_curr_exp.step(params, state, x, config)
    return state, (state, spikes)

  start = if_curr_exp.initial_state(config)
  return jax.lax.scan(step, start, jnp.asarray(inputs))[1]


def _of_peers(arrays, dt, **options):
  """Returns voltages and spikes [T] after each step of what peers simulated."""
  tau_m, cm, rest, reset, thresh, refrac, tau_e, tau_i, *weights = map(
      float, arrays['constants']
  )
  config = if_curr_exp.Config(
      1, dt, tau_m, cm, rest, reset, options.get('v_thresh', thresh), refrac,
      tau_e, tau_i, param_dtype='float64',
  )  # fmt: skip
  a_ms = round(1 / dt)
  inputs = np.zeros((120 * a_ms, 2, 1))
  for synapse, name in enumerate(('excitatory', 'inhibitory')):
    inputs[arrays[name] * a_ms, synapse] = weights[synapse]
  states, spikes = _run(config, inputs)
  return np.asarray(states.voltage[:, 0]), np.asarray(spikes[:, 0])


def _pulse(weights, steps):
  """Returns inputs [steps, 2, N]: one excitatory spike of each weight."""
  inputs = np.zeros((steps, 2, len(weights)), np.float32)
  inputs[0, 0] = weights
  return inputs


class IfCurrExpTest(parameterized.TestCase):

  @parameterized.parameters((_SLOW, 0.911, 3.29), (_FAST, 0.894, 3.36))
  def test_a_spike_fires_from_the_weight_of_the_specification(
      self, kind, peak, limit
  ):
    near = [limit - 0.01, limit + 0.01]
    config = if_curr_exp.Config(2, **_MEMORY, **kind)
    states, spikes = _run(config, _pulse(near, 1))
    np.testing.assert_array_equal(spikes[0], [0, 1])
    per_nano = (float(states.voltage[0, 0]) + 60) / near[0]
    self.assertAlmostEqual(per_nano, peak, delta=1e-3)  # 0.8934, to be exact
    synapse = 0.3 * (1 - math.exp(-1 / 0.3))
    membrane = kind['tau_m'] / kind['cm'] * (1 - math.exp(-1 / kind['tau_m']))
    self.assertAlmostEqual(per_nano, synapse * membrane, 5)

  def test_a_weight_enters_with_its_whole_charge(self):
    config = if_curr_exp.Config(1, tau_syn_e=2.5, v_thresh=1e6, dt=0.5)
    states, _ = _run(config, _pulse([7.0], 200))
    # The state is what is left after the step: one decay later than seen.
    seen = states.excitation / math.exp(-0.5 / 2.5)
    self.assertAlmostEqual(float(seen.sum()), 2.5 / 0.5 * 7.0, 3)

  def test_constant_current_charges_as_the_closed_form(self):
    config = if_curr_exp.Config(1, dt=0.1, i_offset=0.4)
    states, _ = _run(config, np.zeros((300, 2, 1), np.float32))
    time = 0.1 * (1 + np.arange(300))
    expected = -65 + 20 * 0.4 * (1 - np.exp(-time / 20))
    np.testing.assert_allclose(states.voltage[:, 0], expected, rtol=1e-5)

  @parameterized.parameters('defaults', 'memory', 'fast', 'unlike')
  def test_short_steps_are_the_exact_solution_of_peers(self, case):
    with np.load(_PEERS, allow_pickle=False) as stored:
      arrays = {
          name.removeprefix(f'{case}/'): stored[name]
          for name in stored.files
          if name.startswith(f'{case}/')
      }
    with jax.enable_x64(True):
      (coarse, _), (fine, _) = (
          _of_peers(arrays, dt, v_thresh=1e6) for dt in (0.1, 0.05)
      )
      _, spikes = _of_peers(arrays, 0.01)
    times = 0.01 * (1 + np.flatnonzero(spikes))
    self.assertGreater(len(times), 6)
    for peer in ('nest', 'brian2'):
      exact = arrays[f'{peer}_voltage']  # at 1, 2, ... 120 ms, without spikes
      # A step's input acts as its mean over the step: of second order.
      errors = [
          np.abs(voltage[k - 1 :: k] - exact).max()
          for k, voltage in ((10, coarse), (20, fine))
      ]
      np.testing.assert_allclose(errors[0] / errors[1], 4, atol=0.03)
      self.assertLess(errors[1], 0.006)  # mV
      np.testing.assert_allclose(times, arrays[f'{peer}_spikes'], atol=1e-9)

  def test_a_held_input_fires_every_other_step(self):
    config = if_curr_exp.Config(1, **_MEMORY, **_SLOW)
    inputs = np.zeros((6, 2, 1), np.float32)
    inputs[:3, 0] = 6.0
    _, spikes = _run(config, inputs)
    np.testing.assert_array_equal(spikes[:, 0], [1, 0, 1, 0, 0, 0])

  @parameterized.parameters((0.0, 0), (0.05, 1), (0.3, 3), (0.31, 4))
  def test_refractoriness_is_rounded_up(self, tau, steps):
    config = if_curr_exp.Config(1, dt=0.1, tau_refrac=tau)
    self.assertEqual(config.refractory_steps, steps)

  def test_equals_current_lif_where_that_has_the_options(self):
    config = if_curr_exp.Config(
        3, tau_m=10.0, cm=0.5, tau_syn_e=4.0, tau_syn_i=4.0, tau_refrac=2.0
    )
    xs = np.random.default_rng(0).exponential(0.4, (80, 2, 3))
    xs[:, 0] += 0.4
    _, spikes = _run(config, xs.astype(np.float32))
    params = if_curr_exp.init(jax.random.key(0), config)
    cell = current_lif.Config(
        3, math.exp(-1 / 4), math.exp(-1 / 10), -50.0, 'add_then_decay',
        'complement', rest_voltage=-65.0, initial_voltage=-65.0,
        rule=firing.Rule(
            reset='zero', reset_voltage=-65.0, at_threshold=True
        ),
    )  # fmt: skip
    around = refractory.Config(current_lif, cell, 2)
    scale = params.excitatory_gain * params.resistance
    net = (xs[:, 0] - xs[:, 1]) * scale
    _, expected = refractory.unroll(
        refractory.init(jax.random.key(0), around),
        refractory.initial_state(around),
        jnp.asarray(net),
        around,
    )
    self.assertGreater(float(spikes.sum()), 5)
    np.testing.assert_array_equal(spikes, expected)

  def test_a_threshold_below_the_reset_is_refused(self):
    with self.assertRaisesRegex(ValueError, 'v_thresh must be above v_reset'):
      if_curr_exp.Config(1, v_thresh=-70.0)


if __name__ == '__main__':
  absltest.main()
