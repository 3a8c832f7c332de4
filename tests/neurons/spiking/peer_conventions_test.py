"""What presets promise of the peers beyond the recorded fixtures.

Numbers are those of snnTorch 1.0.0, Norse 1.1.0, SpikingJelly 2.0.0 and Spyx
1.0.0, read from their sources or computed with them.
"""

import subprocess
import sys

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.spiking import adaptive_lif
from nmlib.neurons.spiking import adex
from nmlib.neurons.spiking import alpha_lif
from nmlib.neurons.spiking import current_lif
from nmlib.neurons.spiking import leaky_readout
from nmlib.neurons.spiking import lif
from nmlib.neurons.spiking import losses
from nmlib.neurons.spiking.presets import norse
from nmlib.neurons.spiking.presets import snntorch
from nmlib.neurons.spiking.presets import spikingjelly
from nmlib.neurons.spiking.presets import spikingjelly_surrogates
from nmlib.neurons.spiking.presets import spyx

# Neuron, preset, and the decays that its peer clamps.
_CLAMPED = (
    (lif, snntorch.leaky(1, threshold=1e3), ('decay',)),
    (
        current_lif,
        snntorch.synaptic(1, threshold=1e3),
        ('synapse_decay', 'membrane_decay'),
    ),
    (alpha_lif, snntorch.alpha(1, threshold=1e3), ('excitatory_decay',)),
    (lif, spyx.lif(1, threshold=1e3), ('decay',)),
    (lif, spyx.psu_lif(1, threshold=1e3), ('decay',)),
    (
        current_lif,
        spyx.cuba_lif(1, threshold=1e3),
        ('synapse_decay', 'membrane_decay'),
    ),
    (
        adaptive_lif,
        spyx.alif(1, threshold=1e3),
        ('membrane_decay', 'adaptation_decay'),
    ),
    (leaky_readout, spyx.li(1), ('membrane_decay',)),
)


def _last_voltage(family, config, params, xs):
  state, _ = family.unroll(params, family.initial_state(config), xs, config)
  return jnp.sum(state.voltage)


class NorseTest(parameterized.TestCase):

  @parameterized.parameters(
      (current_lif, norse.lif_cell(1, v_leak=0.3), 0.3),
      (lif, norse.lif_box_cell(1, v_leak=0.3), 0.3),
      (lif, norse.iaf_cell(1, v_reset=-0.3), -0.3),
      (leaky_readout, norse.li_cell(1, v_leak=0.3), 0.3),
      (adaptive_lif, norse.lsnn_cell(1, v_leak=0.3), 0.3),
      (adaptive_lif, norse.ada_lif(1, v_leak=0.3), 0.3),
      (adex, norse.lif_adex_cell(1, v_leak=0.3), 0.3),
  )
  def test_membranes_start_where_its_modules_start(
      self, family, config, expected
  ):
    state = family.initial_state(config)
    self.assertEqual(float(state.voltage[0]), np.float32(expected))

  def test_membranes_of_a_constant_drive(self):
    config = norse.lif_cell(1, v_leak=0.3)
    params = current_lif.init(jax.random.key(0), config)
    state, voltages, spikes = current_lif.initial_state(config), [], []
    for _ in range(6):
      state, out = current_lif.step(params, state, jnp.full(1, 0.6), config)
      voltages.append(float(state.voltage[0]))
      spikes.append(float(out[0]))
    np.testing.assert_allclose(voltages[:2], [0.36, 0.462], rtol=1e-6)
    self.assertEqual(spikes, [0] * 5 + [1])

  def test_adaptation_of_the_lsnn_hardly_decays_by_default(self):
    config = norse.lsnn_cell(1)
    self.assertAlmostEqual(1 - config.adaptation_decay, 1e-3 * 0.00125)


class LearnedDecayTest(parameterized.TestCase):

  @parameterized.parameters(snntorch.leaky, spyx.psu_lif)
  def test_a_decay_above_one_acts_as_one_and_learns_nothing(self, preset):
    config = preset(1, threshold=1e3)
    run = lambda decay: _last_voltage(
        lif, config, lif.Params(decay, jnp.asarray(1e3)), jnp.full((6, 1), 0.6)
    )
    value, slope = jax.value_and_grad(run)(jnp.asarray(1.2))
    self.assertAlmostEqual(float(value), 3.6, places=5)
    self.assertEqual(float(slope), 0)
    # At the bound itself it learns: 0.6 (1 + ... + 5).
    self.assertAlmostEqual(float(jax.grad(run)(1.0)), 9, places=4)

  def test_an_unclamped_decay_grows(self):
    config = lif.Config(1, threshold=1e3)
    run = lambda decay: _last_voltage(
        lif, config, lif.Params(decay, jnp.asarray(1e3)), jnp.full((6, 1), 0.6)
    )
    value, slope = jax.value_and_grad(run)(jnp.asarray(1.2))
    self.assertAlmostEqual(float(value), 0.6 * (1.2**6 - 1) / 0.2, places=4)
    self.assertAlmostEqual(float(slope), 15, delta=0.1)

  @parameterized.product(case=_CLAMPED, outside=(-0.5, 1.5))
  def test_every_decay_that_the_peer_clamps(self, case, outside):
    family, config, names = case
    if family is alpha_lif and outside < 0:
      self.skipTest('a decay of 0 has no alpha function, there neither')
    params = family.init(jax.random.key(0), config)
    xs = jnp.linspace(0.1, 0.9, 6)[:, None]
    run = lambda params: _last_voltage(family, config, params, xs)
    for name in names:
      there = params._replace(**{name: jnp.asarray(outside)})
      bound = params._replace(**{name: jnp.clip(jnp.asarray(outside), 0, 1)})
      value, slopes = jax.value_and_grad(run)(there)
      self.assertEqual(float(value), float(run(bound)), name)
      self.assertEqual(float(getattr(slopes, name)), 0, name)


class FormulaTest(parameterized.TestCase):

  @parameterized.parameters(
      (spikingjelly.eif_node, {'tau': 2.0, 'theta_rh': 0.8}, 2.0, 0.8),
      (norse.lif_adex_cell, {'dt': 5e-3, 'adaptation_current': 0.0}, 2.0, 1.0),
  )
  def test_the_exponent_does_not_end(self, preset, options, tau, rheobase):
    one = spikingjelly_surrogates.atan()
    config = preset(1, delta_T=0.25, surrogate=one, **options)
    params = adex.init(jax.random.key(0), config)
    state = adex.initial_state(config)._replace(voltage=jnp.full(1, 3.0))

    def spike(x, config):
      return adex.step(params, state, jnp.full(1, x), config)[1][0]

    # The membrane, of a spike whose derivative tells how far it went.
    u = 3 + (-3 + 0.25 * np.exp((3 - rheobase) / 0.25)) / tau
    expected = 1 / (1 + (np.pi * (u - 1)) ** 2) / tau
    slope = jax.grad(spike)(0.0, config)
    np.testing.assert_allclose(slope, expected, rtol=1e-4)

  def test_inhibition_resets_at_once_by_the_spike_over_its_factor(self):
    config = snntorch.leaky(
        1,
        beta=0.5,
        inhibition=True,
        graded_spikes_factor=2.0,
        reset_delay=False,
    )
    params = lif.init(jax.random.key(0), config)
    state, out = lif.step(
        params, lif.initial_state(config), jnp.full(1, 3.0), config
    )
    self.assertEqual([float(state.voltage[0]), float(out[0])], [2.5, 1.0])

  def test_alpha_resets_to_zero_by_default(self):
    config = snntorch.alpha(1)
    self.assertEqual(config.reset, 'zero')

  def test_counts_are_compared_with_a_spike_a_step_and_none_by_default(self):
    spikes = jnp.zeros((10, 3)).at[:, 1].set(1.0)
    self.assertEqual(float(losses.mse_count(spikes, jnp.array(1))), 0)


class ImportTest(absltest.TestCase):

  def test_a_neuron_imports_no_preset(self):
    names = 'lif, current_lif, adaptive_lif, alpha_lif, adex, izhikevich'
    code = (
        f'import sys; from nmlib.neurons.spiking import {names}, leaky_readout,'
        ' recurrent; print([m for m in sys.modules if "presets" in m])'
    )
    done = subprocess.run(
        [sys.executable, '-c', code], check=True, capture_output=True, text=True
    )
    self.assertEqual(done.stdout.strip(), '[]')


if __name__ == '__main__':
  absltest.main()
