"""The neuron of compartments keeps to cable theory and its own equations."""

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np
from scipy import integrate

from nmlib.neurons.biophysical import cable
from nmlib.neurons.biophysical import hines

_PASSIVE = dict(sodium=0.0, potassium=0.0, slow_potassium=0.0)


def _run(config, current, length):
  """Voltage of the soma at the end of each ms, for a constant current, pA."""

  def one_ms(state, _):
    advance = lambda s, _: (cable.substep(s, current, config), None)
    state, _ = jax.lax.scan(advance, state, length=config.substeps)
    return state, state.soma

  start = cable.initial_state(config)
  return jax.jit(lambda: jax.lax.scan(one_ms, start, length=length)[1])()


class CableTest(parameterized.TestCase):

  def test_steady_state_is_that_of_cable_theory(self):
    config = cable.Config(compartments=60, num_branches=3, **_PASSIVE)
    voltage = _run(config, jnp.asarray(20.0), 400)[-1]
    # A soma and three cables with sealed ends: G_inf tanh(l / lambda) each.
    d = config.branch_diameter * 1e-4
    r_m, r_i = 1e3 / config.leak, config.axial_resistivity  # ohm cm2, ohm cm
    reach = np.sqrt(d / 4 * r_m / r_i)
    infinite = np.pi / 2 * d**1.5 / np.sqrt(r_m * r_i)
    branch = infinite * np.tanh(config.branch_length * 1e-4 / reach)
    soma = config.areas[0] * config.leak * 1e-3
    expected = 20e-12 / (soma + 3 * branch) * 1e3
    np.testing.assert_allclose(  # 60 compartments, float32
        float(voltage) - config.leak_reversal, expected, rtol=2e-3
    )

  def test_uniform_membrane_relaxes_with_its_time_constant(self):
    config = cable.Config(substeps=200, **_PASSIVE)
    state = cable.initial_state(config)
    state = state._replace(soma=state.soma + 5, branch=state.branch + 5)
    spikes = jnp.zeros((20, 8, 16))
    params = cable.Params(jnp.ones((8, 16)))
    voltage = cable.unroll(params, state, spikes, config)[1].voltage
    expected = -70 + 5 * np.exp(-np.arange(1, 21) * config.leak)  # C / g = 20
    np.testing.assert_allclose(voltage, expected, atol=2e-3)  # first order

  def test_equals_an_independent_solver(self):
    config = cable.Config(
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

    begin = cable.initial_state(config)
    y = np.concatenate([[begin.soma], begin.gates, begin.branch.ravel()])
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
    config = cable.Config()
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
      config = cable.Config(**_PASSIVE, **fields)
      spikes = jnp.zeros((60, 8, 16)).at[5, 0, :count].set(1)
      params = cable.Params(jnp.full((8, 16), 6.0))
      start = cable.initial_state(config)
      voltage = cable.unroll(params, start, spikes, config)[1].voltage
      return float(voltage.max()) - config.leak_reversal

    with_nmda = peak(6, ampa=0.02, nmda=0.5) / peak(3, ampa=0.02, nmda=0.5)
    without = peak(6, ampa=0.5, nmda=0.0) / peak(3, ampa=0.5, nmda=0.0)
    self.assertGreater(with_nmda, 2.0)  # the magnesium block opens
    self.assertLess(without, 2.0)  # the driving force shrinks

  def test_elimination_solves_the_whole_system(self):
    rng = np.random.default_rng(0)
    axial, count, size = 3.0, 2, 3
    soma, own = 20.0, rng.uniform(5, 9, (count, size))
    right = rng.normal(size=1 + count * size)
    matrix = np.diag([soma, *own.ravel()])
    for k in range(count):
      before = 0
      for i in range(size):
        here, link = 1 + k * size + i, axial * (2 if i == 0 else 1)
        matrix[[before, here], [before, here]] += link
        matrix[[before, here], [here, before]] -= link
        before = here
    expected = np.linalg.solve(matrix, right)
    found = hines.solve(
        jnp.float32(soma),
        jnp.float32(right[0]),
        jnp.asarray(own, jnp.float32),
        jnp.asarray(right[1:].reshape(count, size), jnp.float32),
        axial,
    )
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-4)
    np.testing.assert_allclose(found[1].ravel(), expected[1:], rtol=1e-4)

  def test_axial_currents_add_up_to_none(self):
    branch = jnp.arange(6.0).reshape(2, 3) ** 2
    near, far = hines.currents(jnp.float32(-4.0), branch, 2.0)
    np.testing.assert_array_equal(near[:, 0], 2 * 2 * (-4 - branch[:, 0]))
    np.testing.assert_array_equal(near[:, 1:], -far[:, :-1])
    np.testing.assert_array_equal(far[:, -1], 0)


if __name__ == '__main__':
  absltest.main()
