"""The simulated neuron keeps to cable theory and to its own equations."""

import dataclasses

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np
from scipy import integrate

from nmlib.data import cable_neuron

_PASSIVE = dict(sodium=0.0, potassium=0.0, slow_potassium=0.0)


def _run(config, current, length):
  """Voltage of the soma at the end of each ms, for a constant current, pA."""

  def one_ms(state, _):
    advance = lambda s, _: (cable_neuron.step(s, current, config), None)
    state, _ = jax.lax.scan(advance, state, length=config.substeps)
    return state, state.soma

  start = cable_neuron.initial_state(config)
  return jax.jit(lambda: jax.lax.scan(one_ms, start, length=length)[1])()


class CableNeuronTest(parameterized.TestCase):

  def test_steady_state_is_that_of_cable_theory(self):
    config = cable_neuron.Config(compartments=60, num_branches=3, **_PASSIVE)
    voltage = _run(config, jnp.asarray(20.0), 400)[-1]
    # A soma and three cables with sealed ends: G_inf tanh(l / lambda) each.
    d = config.branch_diameter * 1e-4
    r_m, r_i = 1e3 / config.leak, config.axial_resistivity  # ohm cm2, ohm cm
    reach = np.sqrt(d / 4 * r_m / r_i)
    infinite = np.pi / 2 * d**1.5 / np.sqrt(r_m * r_i)
    cable = infinite * np.tanh(config.branch_length * 1e-4 / reach)
    soma = config.areas[0] * config.leak * 1e-3
    expected = 20e-12 / (soma + 3 * cable) * 1e3
    np.testing.assert_allclose(  # 60 compartments, float32
        float(voltage) - config.leak_reversal, expected, rtol=2e-3
    )

  def test_uniform_membrane_relaxes_with_its_time_constant(self):
    config = cable_neuron.Config(substeps=200, **_PASSIVE)
    state = cable_neuron.initial_state(config)
    state = state._replace(soma=state.soma + 5, branch=state.branch + 5)
    spikes = jnp.zeros((20, 8, 16))
    _, (voltage, _) = cable_neuron.respond(
        state, spikes, jnp.ones((8, 16)), config
    )
    expected = -70 + 5 * np.exp(-np.arange(1, 21) * config.leak)  # C / g = 20
    np.testing.assert_allclose(voltage, expected, atol=2e-3)  # first order

  def test_equals_an_independent_solver(self):
    config = cable_neuron.Config(
        num_branches=2, compartments=2, substeps=400, slow_potassium=0.3
    )
    current = 120.0
    ours = np.asarray(_run(config, jnp.asarray(current), 30))
    soma_area, area = config.areas

    def slope(_, y):
      v, m, h, n, p = y[:5]
      branch = y[5:].reshape(2, 2)
      u = v - config.channel_shift
      a_m = 0.32 * (u - 13) / (1 - np.exp(-(u - 13) / 4))
      b_m = 0.28 * (u - 40) / (np.exp((u - 40) / 5) - 1)
      a_h, b_h = 0.128 * np.exp((17 - u) / 18), 4 / (1 + np.exp((40 - u) / 5))
      a_n = 0.032 * (u - 15) / (1 - np.exp(-(u - 15) / 5))
      b_n = 0.5 * np.exp((10 - u) / 40)
      w = (v + 35) / 20
      tau = config.slow_tau / (3.3 * np.exp(w) + np.exp(-w))
      channels = (
          1e6
          * soma_area
          * (
              config.sodium * m**3 * h * (50 - v)
              + (config.potassium * n**4 + config.slow_potassium * p)
              * (-90 - v)
              + config.leak * (config.leak_reversal - v)
          )
      )
      near = 2 * config.axial * (branch[:, 0] - v)
      inner = config.axial * (branch[:, 1] - branch[:, 0])
      leak = 1e6 * area * config.leak * (config.leak_reversal - branch)
      flow = leak + np.stack([inner - near, -inner], axis=1)
      return [
          (channels + near.sum() + current) / (1e6 * soma_area),
          a_m * (1 - m) - b_m * m,
          a_h * (1 - h) - b_h * h,
          a_n * (1 - n) - b_n * n,
          (1 / (1 + np.exp(-(v + 35) / 10)) - p) / tau,
          *(flow / (1e6 * area)).ravel(),
      ]

    begin = cable_neuron.initial_state(config)
    y = np.concatenate(
        [[begin.soma], begin.sodium, begin.potassium, begin.branch.ravel()]
    )
    theirs = integrate.solve_ivp(
        slope, (0, 30), y, 'LSODA', np.arange(1, 31), rtol=1e-8, atol=1e-8
    ).y[0]
    self.assertGreater(theirs.max(), 0)  # it spiked
    # A spike rises by 100 mV a ms: 0.02 ms of delay is 2 mV on its flank, and
    # much less elsewhere.
    off = np.abs(ours - theirs)
    self.assertLess(off.max(), 3.0)
    self.assertLess(np.median(off), 0.15)

  def test_without_input_it_rests_and_with_more_current_fires_faster(self):
    config = cable_neuron.Config()
    rest = _run(config, jnp.zeros(()), 300)
    self.assertBetween(float(rest[-1]), -75, -65)
    self.assertLess(float(jnp.ptp(rest[200:])), 0.05)
    counts = []
    for current in (60.0, 200.0, 400.0):
      v = np.asarray(_run(config, jnp.asarray(current), 400))
      counts.append(np.sum((v[1:] > -20) & (v[:-1] <= -20)))
    self.assertLess(counts[0], counts[1])
    self.assertLess(counts[1], counts[2])

  def test_nmda_makes_clustered_input_add_up_to_more(self):
    def peak(count, **fields):
      config = cable_neuron.Config(**_PASSIVE, **fields)
      spikes = jnp.zeros((60, 8, 16)).at[5, 0, :count].set(1)
      strength = jnp.full((8, 16), 6.0)
      _, (voltage, _) = cable_neuron.respond(
          cable_neuron.initial_state(config), spikes, strength, config
      )
      return float(voltage.max()) - config.leak_reversal

    with_nmda = peak(6, ampa=0.02, nmda=0.5) / peak(3, ampa=0.02, nmda=0.5)
    without = peak(6, ampa=0.5, nmda=0.0) / peak(3, ampa=0.5, nmda=0.0)
    self.assertGreater(with_nmda, 2.0)  # the magnesium block opens
    self.assertLess(without, 2.0)  # the driving force shrinks

  def test_recordings(self):
    config = cable_neuron.Config()
    strength = cable_neuron.strengths(jax.random.key(1234), config)
    record = jax.jit(
        jax.vmap(lambda k: cable_neuron.simulate(k, strength, 300, config))
    )(jax.random.split(jax.random.key(0), 8))
    self.assertEqual(record.inputs.shape, (8, 300, config.num_inputs))
    self.assertEqual(set(np.unique(record.inputs)), {-1.0, 0.0, 1.0})
    self.assertTrue(np.all(np.asarray(record.inputs[:, :, 8:16]) <= 0))
    self.assertBetween(1000 * float(record.spikes.mean()), 5, 60)  # Hz
    self.assertLessEqual(float(record.voltage.max()), 12.7 + 1e-4)

  def test_finer_steps_change_little(self):
    config = cable_neuron.Config()
    strength = cable_neuron.strengths(jax.random.key(1234), config)
    seen = []
    for substeps in (20, 100):
      finer = dataclasses.replace(config, substeps=substeps)
      record = cable_neuron.simulate(jax.random.key(3), strength, 300, finer)
      seen.append(record)
    np.testing.assert_array_equal(seen[0].inputs, seen[1].inputs)
    apart = np.sum(seen[0].spikes) - np.sum(seen[1].spikes)
    self.assertLessEqual(abs(float(apart)), 1)
    # A spike that comes 1 ms later is 10 mV off there; most ms are not.
    off = np.abs(seen[0].voltage - seen[1].voltage)
    self.assertLess(np.median(off), 0.2)

  @parameterized.parameters(
      ({'compartments': 0}, 'compartments must be at least 1, got 0'),
      ({'leak': 0.0}, 'leak must be positive, got 0.0'),
      ({'ampa': float('nan')}, 'ampa must be finite, got nan'),
  )
  def test_bad_config(self, fields, message):
    with self.assertRaisesRegex(ValueError, message):
      cable_neuron.Config(**fields)


if __name__ == '__main__':
  absltest.main()
