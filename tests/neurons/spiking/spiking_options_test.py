"""More options of the peers' neurons, losses and surrogates.

Recorded from the same releases as the other fixtures, which
`spiking_parity_test` compares; the tolerances are the same.
"""

import dataclasses
import functools
import pathlib
from typing import Any

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.spiking import adaptive_lif
from nmlib.neurons.spiking import adex
from nmlib.neurons.spiking import current_lif
from nmlib.neurons.spiking import izhikevich
from nmlib.neurons.spiking import lif
from nmlib.neurons.spiking import losses as spike_loss
from nmlib.neurons.spiking import recurrent
from nmlib.neurons.spiking.presets import norse
from nmlib.neurons.spiking.presets import norse_surrogates
from nmlib.neurons.spiking.presets import snntorch
from nmlib.neurons.spiking.presets import spikingjelly
from nmlib.neurons.spiking.presets import spikingjelly_surrogates

_FIXTURE = pathlib.Path(__file__).parents[2] / 'fixtures/snn_peers_options.npz'
_N = 4
_OFFSETS = {
    'tau_syn': 8e-3,
    'tau_mem': 15e-3,
    'tau_adapt': 0.05,
    'dt': 2e-3,
    'v_leak': 0.1,
    'v_th': 0.8,
    'v_reset': -0.2,
    'beta': 0.7,
    'surrogate': norse_surrogates.tanh(2.0),
}


def _from_zero(config):
  """Norse was recorded from 0, which is not where its modules begin."""
  return dataclasses.replace(config, initial_voltage=0.0)


def _lsnn(**options):
  return _from_zero(norse.lsnn_cell(_N, **_OFFSETS, **options))


# Name: module, config, values of parameters (numbers, or names of the
# fixture's arrays).
_CASES: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    'leaky_inhibition_graded': (
        lif,
        snntorch.leaky(_N, inhibition=True, graded_spikes_factor=2.0),
        {'threshold': 'thr'},
    ),
    'leaky_graded_vec': (
        lif,
        snntorch.leaky(_N, graded_spikes_factor=0.5, reset_mechanism='zero'),
        {'decay': 'vec', 'threshold': 'thr'},
    ),
    'rleaky_zero_instant': (
        recurrent,
        snntorch.rleaky(
            _N,
            beta=0.85,
            threshold=0.9,
            reset_mechanism='zero',
            reset_delay=False,
        ),
        {'kernel': 'rec', 'bias': 'bias'},
    ),
    'rleaky_one_to_one': (
        recurrent,
        snntorch.rleaky(_N, all_to_all=False),
        {'decay': 'vec', 'kernel': 'vec'},
    ),
    # The peer computes its immediate reset and throws it away.
    'rsynaptic_instant': (
        recurrent,
        snntorch.rsynaptic(_N, alpha=0.6, beta=0.8, reset_delay=False),
        {'kernel': 'rec', 'bias': 'bias'},
    ),
    'synaptic_zero_vec': (
        current_lif,
        snntorch.synaptic(_N, alpha=0.5, reset_mechanism='zero'),
        {'membrane_decay': 'vec', 'threshold': 'thr'},
    ),
    'lapicque_rc': (
        lif,
        snntorch.lapicque(_N, R=3.0, C=2.5, time_step=1.5),
        {},
    ),
    'lapicque_beta_zero': (
        lif,
        snntorch.lapicque(_N, beta=0.7, reset_mechanism='zero'),
        {},
    ),
    'lsnn_ff_offsets': (adaptive_lif, _lsnn(), {}),
    'lsnn_rec_offsets': (
        recurrent,
        recurrent.Config(adaptive_lif, _lsnn(detach_reset=True)),
        {'kernel': 'rec'},
    ),
    'ada_offsets': (
        recurrent,
        recurrent.Config(
            adaptive_lif,
            _from_zero(norse.ada_lif(_N, **_OFFSETS)),
        ),
        {'kernel': 'rec'},
    ),
    'norse_iaf': (
        lif,
        _from_zero(norse.iaf_cell(_N, v_th=1.2, v_reset=-0.3)),
        {},
    ),
    'norse_box': (
        lif,
        norse.lif_box_cell(_N, tau_mem=4e-3, v_leak=0.2, v_reset=-0.1),
        {},
    ),
    'norse_lif_ex': (
        adex,
        norse.lif_adex_cell(
            _N,
            adaptation_current=0.0,
            adaptation_spike=0.0,
            delta_T=0.3,
            tau_mem=8e-3,
            v_reset=-0.1,
        ),
        {},
    ),
    'norse_lif_adex': (
        adex,
        _from_zero(
            norse.lif_adex_cell(
                _N,
                adaptation_current=2.0,
                adaptation_spike=0.4,
                tau_ada=0.03,
                delta_T=0.4,
                v_leak=0.05,
                surrogate=norse_surrogates.triangle(0.5),
            ),
        ),
        {},
    ),
    'plif_soft': (
        lif,
        spikingjelly.parametric_lif_node(
            _N,
            init_tau=3.0,
            decay_input=False,
            v_reset=None,
            v_threshold=0.9,
            surrogate=spikingjelly_surrogates.atan(3.0),
        ),
        {},
    ),
    'sj_eif': (
        adex,
        spikingjelly.eif_node(
            _N, tau=2.5, delta_T=0.6, theta_rh=0.7, v_reset=-0.2, v_rest=-0.05
        ),
        {},
    ),
    'sj_qif': (
        adex,
        spikingjelly.qif_node(
            _N, tau=2.2, v_c=0.5, a0=1.4, v_reset=-0.2, detach_reset=True
        ),
        {},
    ),
}
_LOSSES = {
    'mse_count': functools.partial(
        spike_loss.mse_count, correct_rate=0.77, incorrect_rate=0.13
    ),
    'mse_count_population': functools.partial(
        spike_loss.mse_count,
        correct_rate=0.77,
        incorrect_rate=0.13,
        num_classes=4,
    ),
    'ce_count_population': functools.partial(
        spike_loss.ce_count, num_classes=4
    ),
    'ce_temporal': spike_loss.ce_temporal,
    'ce_temporal_reciprocal': functools.partial(
        spike_loss.ce_temporal, inverse='reciprocal'
    ),
    'mse_temporal': functools.partial(
        spike_loss.mse_temporal, on_target=2, off_target=22, tolerance=3
    ),
}
_SURROGATES = {
    'squarewave': spikingjelly_surrogates.squarewave_fourier_series(3, 5.0),
    'fake_numerical_gradient': spikingjelly_surrogates.fake_numerical_gradient(
        0.4
    ),
    'log_tailed_relu': spikingjelly_surrogates.log_tailed_relu(0.05),
}


@functools.cache
def _load():
  with np.load(_FIXTURE) as stored:
    return dict(stored)


def _case(name):
  return {
      k.split('/')[1]: v for k, v in _load().items() if k.startswith(f'{name}/')
  }


def _close(actual, expected, part):
  limit = part * max(float(np.abs(expected).max()), 1e-6)
  np.testing.assert_allclose(actual, expected, rtol=0, atol=limit)


def _params(family, config, values, stored):
  params = family.init(jax.random.key(0), config)
  for name, value in values.items():
    value = jnp.asarray(stored[value])
    if name == 'kernel' and value.ndim == 2:
      value = value.T  # the peers' are [to, from]
    if name in params._fields:
      params = params._replace(**{name: value})
    else:  # a recurrent neuron's cell
      params = params._replace(cell=params.cell._replace(**{name: value}))
  return params


class SpikingOptionsTest(parameterized.TestCase):

  def test_every_entry_of_the_fixture_is_compared(self):
    found = {key.split('/')[0] for key in _load()}
    izhikevichs = {name for name in found if name.startswith('izh_')}
    self.assertEqual(found - izhikevichs - {'losses', 'surrogate'}, set(_CASES))

  @parameterized.parameters(*_CASES)
  def test_neuron(self, name):
    family, config, values = _CASES[name]
    stored = _case(name)
    params = _params(family, config, values, stored)

    def loss(params, weights, x, graded):
      def trial(x):
        def step(state, current):
          state, out = family.step(params, state, current, config)
          return state, (out, state.voltage)

        return jax.lax.scan(step, family.initial_state(config), x @ weights)[1]

      out, voltages = jax.vmap(trial, 1, 1)(x)
      total = jnp.sum(stored['gs'] * out * graded)
      return total + jnp.sum(stored['gm'] * voltages), (out, voltages)

    run = jax.jit(jax.value_and_grad(loss, (0, 1, 2, 3), has_aux=True))
    (_, (out, voltages)), gradients = run(
        params, stored['W'].T, jnp.asarray(stored['x'], float), 1.0
    )
    np.testing.assert_array_equal(out, stored['spk'])
    _close(voltages, stored['mem'], 2e-5)
    d_params, d_weights, d_x, d_graded = gradients
    _close(d_weights.T, stored['dW'], 1e-4)
    _close(d_x, stored['dx'], 1e-4)
    if 'd_recurrent' in stored:
      kernel = d_params.kernel.T if d_params.kernel.ndim == 2 else d_params[1]
      _close(kernel, stored['d_recurrent'], 2e-4)
    cell = d_params.cell if family is recurrent else d_params
    if 'd_beta' in stored:
      _close(cell[-2], stored['d_beta'], 2e-4)
    if 'd_threshold' in stored:
      _close(cell.threshold, stored['d_threshold'], 2e-4)
    if 'd_w' in stored:
      _close(-cell.decay, stored['d_w'], 2e-4)
    if 'd_graded' in stored:  # the factor is part of the spikes already
      _close(d_graded / config.rule.graded_spikes, stored['d_graded'], 2e-4)

  @parameterized.parameters('class_1_exc', 'accomodation', 'integrator')
  def test_izhikevich_of_other_polynomials(self, name):
    stored = _case(f'izh_{name}')
    a, b, c, d, tau_inv, v0, u0, mn, bias = map(float, stored['params'])
    config = norse.izhikevich_cell(
        1,
        a=a,
        b=b,
        c=c,
        d=d,
        tau_inv=tau_inv,
        initial_voltage=v0,
        initial_recovery=u0,
        mn=mn,
        bias=bias,
    )
    params = izhikevich.init(jax.random.key(0), config)

    def step(state, current):
      state, out = izhikevich.step(params, state, current, config)
      return state, (out, state.voltage)

    _, (out, voltages) = jax.lax.scan(
        step, izhikevich.initial_state(config), stored['current'][:, None]
    )
    np.testing.assert_array_equal(out[:, 0], stored['z'])
    # The upstroke multiplies rounding a hundredfold.
    _close(voltages[:, 0], stored['v'], 2e-3)

  @parameterized.parameters(*_LOSSES)
  def test_loss(self, name):
    stored = _case('losses')
    slopes = stored[f'grad_{name}']
    spikes = jnp.asarray(stored['spk'][..., : slopes.shape[-1]], float)
    each = jax.vmap(_LOSSES[name], (1, 0))
    value, found = jax.value_and_grad(
        lambda x: jnp.mean(each(x, stored['targets']))
    )(spikes)
    np.testing.assert_allclose(value, stored[name], rtol=1e-5)
    _close(found, slopes, 1e-4)

  @parameterized.parameters(*_SURROGATES)
  def test_surrogate(self, name):
    stored = _case('surrogate')
    found = _SURROGATES[name](jnp.asarray(stored['x']))
    np.testing.assert_allclose(found, stored[name], 2e-5, 1e-6)


class BadInputTest(parameterized.TestCase):

  @parameterized.parameters(
      (
          lambda: snntorch.lapicque(1, R=2.0),
          'needs beta, or both R and C',
      ),
      (
          lambda: snntorch.lapicque(1, beta=1.0),
          r'beta must be in \(0, 1\), got 1.0',
      ),
      (
          lambda: snntorch.lapicque(1, R=0.5, C=1.0),
          'RC must be at least the step dt=1.0, got 0.5',
      ),
      (
          lambda: norse.lif_box_cell(1, tau_mem=-1.0),
          'tau_mem must be positive, got -1.0',
      ),
      (
          lambda: norse.lif_adex_cell(1, tau_ada=0.0),
          'tau_ada must be positive, got 0.0',
      ),
      (
          lambda: spikingjelly.eif_node(1, v_reset=2.0),
          'threshold must be above the reset voltage 2.0, got 1.0',
      ),
      (
          lambda: spike_loss.ce_temporal(
              jnp.zeros((3, 2)), jnp.array(0), inverse='log'
          ),
          "inverse must be 'negate' or 'reciprocal', got 'log'",
      ),
  )
  def test_is_named(self, make, message):
    with self.assertRaisesRegex(ValueError, message):
      make()


if __name__ == '__main__':
  absltest.main()
