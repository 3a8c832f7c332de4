"""STDP against what NEST, Brian2, SpikingJelly and BindsNET recorded."""

import pathlib
from typing import Any

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.plasticity.presets import bindsnet
from nmlib.plasticity.presets import brian2
from nmlib.plasticity.presets import nest
from nmlib.plasticity.presets import spikingjelly
from nmlib.plasticity.presets import spynnaker
from nmlib.plasticity.stdp import deferred
from nmlib.plasticity.stdp import pair
from nmlib.plasticity.stdp import triplet

_FIXTURES = pathlib.Path(__file__).parents[1] / 'fixtures'
_CLOSE = dict(rtol=1e-9, atol=0)


def _load(name):
  with np.load(_FIXTURES / f'{name}.npz') as arrays:
    return dict(arrays)


def _train(steps, length):
  spikes = np.zeros((length, 1))
  spikes[steps] = 1
  return spikes


_MODELS: dict[str, Any] = {
    'additive': 'stdp_synapse',
    'multiplicative': 'stdp_synapse',
    'delay3': 'stdp_synapse',
    'clipped': 'stdp_synapse',
    'nearest_symmetric': 'stdp_nn_symm_synapse',
    'nearest_presynaptic': 'stdp_nn_pre_centered_synapse',
    'reduced_symmetric': 'stdp_nn_restr_synapse',
    'triplet': 'stdp_triplet_synapse',
}


class PresetsTest(parameterized.TestCase):

  @parameterized.parameters(*_MODELS)
  def test_nest(self, case):
    arrays = _load('stdp_peers_nest')
    prefix = f'{case}/param/'
    fields = {
        name.removeprefix(prefix).replace('lambda', 'lambda_'): float(value)
        for name, value in arrays.items()
        if name.startswith(prefix)
    }
    step = lambda name: np.round(arrays[f'{case}/{name}'] / 0.1).astype(int)
    pre, post = step('pre'), step('post')
    length = max(pre.max(), post.max()) + 1
    spikes = _train(pre, length), _train(post, length)
    weights = jnp.full((1, 1), 5.0)
    with jax.enable_x64(True):
      weights = jnp.full((1, 1), 5.0, jnp.float64)
      if case == 'triplet':
        config = nest.stdp_triplet_synapse(**fields)
        state, unroll = triplet.initial_state(weights, config), triplet.unroll
      else:
        config = nest.stdp(_MODELS[case], **fields)
        state, unroll = nest.initial_state(weights, config), deferred.unroll
      _, drive = jax.jit(unroll, static_argnums=3)(state, *spikes, config)
    np.testing.assert_allclose(
        drive[pre, 0], arrays[f'{case}/weights'], **_CLOSE
    )

  @parameterized.parameters(
      'additive_delay0', 'additive_delay3', 'clipped', 'multiplicative'
  )
  def test_brian2(self, case):
    arrays = _load('stdp_peers_brian2')
    of = lambda name: arrays[f'{case}/{name}']
    config = brian2.stdp(
        taupre=float(of('tau_plus')),
        taupost=float(of('tau_minus')),
        dApre=float(of('amplitude') / of('wmax')),
        ratio=float(of('ratio')),
        wmax=float(of('wmax')),
        delay=float(of('delay')),
        dt=1.0,
        multiplicative=bool(of('multiplicative')),
    )
    spikes = _train(of('pre'), 400), _train(of('post'), 400)
    with jax.enable_x64(True):

      def step(state, x):
        state, _ = pair.step(state, x[0], x[1], config)
        return state, state.weights[0, 0]

      start = jnp.full((1, 1), config.w_max / 2, jnp.float64)
      start = pair.initial_state(start, config)
      _, weights = jax.lax.scan(step, start, spikes)
    np.testing.assert_allclose(weights, of('weights_end_of_step'), **_CLOSE)

  @parameterized.parameters('stdp_identity', 'stdp_clamp_w')
  def test_spikingjelly(self, case):
    arrays = _load('snn_peers_spikingjelly')
    of = lambda name: arrays[f'{case}/{name}']
    pre, post = (
        arrays[f'stdp/{n}'][:, 0].astype(float) for n in ('pre', 'post')
    )
    tau_pre, tau_post = map(float, arrays['stdp/taus'])
    fields: dict[str, Any] = dict(tau_pre=tau_pre, tau_post=tau_post)
    if case == 'stdp_clamp_w':
      fields['f_pre'] = lambda w: 0.01 * jnp.clip(w, 0, 1)
      fields['f_post'] = lambda w: 0.01 * jnp.clip(1 - w, 0, 1)
    config = spikingjelly.stdp(**fields, clamped=case == 'stdp_clamp_w')
    start = arrays['stdp/w0'].T

    def step(state, x):
      new, _ = pair.step(state, x[0], x[1], config)
      change = new.weights - state.weights
      if case == 'stdp_identity':  # its weights were kept
        new = new._replace(weights=state.weights)
      return new, (change, new)

    state = pair.initial_state(jnp.asarray(start), config)
    _, (change, states) = jax.lax.scan(step, state, (pre, post))
    close = dict(rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(states.pre_trace, of('trace_pre')[:, 0], **close)
    np.testing.assert_allclose(
        states.post_trace, of('trace_post')[:, 0], **close
    )
    np.testing.assert_allclose(
        states.weights.transpose(0, 2, 1), of('w'), **close
    )
    if case == 'stdp_identity':
      np.testing.assert_allclose(change.transpose(0, 2, 1), of('dw'), **close)

  @parameterized.parameters('additive', 'last', 'scaled', 'unbounded')
  def test_bindsnet(self, case):
    arrays = _load('stdp_peers_bindsnet')
    of = lambda name: arrays[f'{case}/{name}']
    add, scale, dt, source, target, *nu, wmin, wmax = of('constants').tolist()
    config = bindsnet.post_pre(
        nu=tuple(nu), wmin=wmin, wmax=wmax, tc_trace=source,
        target_tc_trace=target, traces_additive=bool(add), trace_scale=scale,
        dt=dt,
    )  # fmt: skip

    def step(state, x):
      state, _ = pair.step(state, x[0], x[1], config)
      return state, state.weights

    start = pair.initial_state(jnp.asarray(of('start')), config)
    spikes = of('pre').astype(float), of('post').astype(float)
    _, weights = jax.lax.scan(step, start, spikes)
    every = np.asarray(weights)[9::10]
    np.testing.assert_allclose(every, of('weights'), rtol=0, atol=2e-6)

  def test_one_bound_of_bindsnet_is_refused(self):
    with self.assertRaisesRegex(ValueError, 'both be finite.*got 0.0 and inf'):
      bindsnet.post_pre(wmin=0.0)

  def test_a_coincidence_does_what_each_simulator_does_of_it(self):
    # One spike of each side that reach the synapse in one step, after a pre-
    # synaptic and a postsynaptic one.
    rules = {
        'spynnaker': spynnaker.stdp(A_plus=0.1, A_minus=0.1),
        'nest': nest.stdp(
            Wmax=1.0, lambda_=0.1, resolution=1.0, mu_plus=0.0, mu_minus=0.0
        ),
        'brian2': brian2.stdp(dApre=0.1, ratio=1.0, dt=1.0),
        'bindsnet': bindsnet.post_pre(nu=(0.1, 0.3), wmin=0.0, wmax=1.0),
    }
    change = {}
    for name, config in rules.items():
      late = config.delay if config.delay_side == 'dendritic' else 0
      pre, post = _train([9], 12), _train([9 - late], 12)
      start = pair.initial_state(jnp.full((1, 1), 0.5), config)
      state, _ = pair.unroll(start, pre, post, config)
      change[name] = round(float(state.weights[0, 0]) - 0.5, 6)
    self.assertEqual(
        change,
        {'spynnaker': -0.1, 'nest': 0.0, 'brian2': 0.1, 'bindsnet': 0.2},
    )

  def test_delays_under_a_step_are_refused(self):
    for make in (
        lambda: nest.stdp(delay=0.05),
        lambda: nest.stdp_triplet_synapse(delay=0.0),
        lambda: spynnaker.stdp(delay=0.5),
        lambda: brian2.stdp(delay=0.05),
    ):
      with self.assertRaisesRegex(ValueError, 'whole number of steps'):
        make()
    with self.assertRaisesRegex(ValueError, 'model must be one of'):
      nest.stdp('stdp_nn_synapse')  # pyrefly: ignore [bad-argument-type]


if __name__ == '__main__':
  absltest.main()
