"""The self-active network: recorded dynamics, symmetry, bounds, learning."""

import pathlib

from absl.testing import absltest
from absl.testing import parameterized
import chex
import hypothesis
from hypothesis import strategies as st
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.analysis import transients
from nmlib.networks import clique_network
from nmlib.networks import clique_trials
from nmlib.plasticity import transition_learning

_FIXTURE = (
    pathlib.Path(__file__).parents[1] / 'fixtures/autonomous_rnn_dhan.npz'
)
_DOUBLE = clique_network.Config(param_dtype='float64', rule=None)


def _start(x, phi, config=_DOUBLE):
  start = clique_network.initial_state(config)
  return start._replace(activity=jnp.asarray(x), reservoir=jnp.asarray(phi))


def _silence(steps, config):
  return jnp.zeros((steps, config.num_inputs))


class FixtureTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    with np.load(_FIXTURE) as stored:
      self.stored = dict(stored)
    self.enter_context(jax.enable_x64(True))
    self.params = clique_network.init(jax.random.key(0), _DOUBLE)

  def test_wiring_and_one_evaluation(self):
    stored, config = self.stored, _DOUBLE
    np.testing.assert_array_equal(self.params.fixed_excitation, stored['w'])
    np.testing.assert_array_equal(self.params.fixed_inhibition, stored['z'])
    np.testing.assert_array_equal(
        clique_network.cliques(config), stored['cliques']
    )
    x, phi = jnp.asarray(stored['x']), jnp.asarray(stored['phi'])
    close = lambda a, b: np.testing.assert_allclose(a, b, rtol=0, atol=1e-12)
    close(clique_network.gate(phi, 0.05, 0.7, 0.05), stored['f_w'])
    close(clique_network.gate(phi, 0.0, 0.15, 0.05), stored['f_z'])
    r = clique_network.growth_rate(self.params, x, phi, config)
    close(r, stored['r'])
    moved = clique_network.velocity(r, x, phi, config)
    close(moved.activity, stored['dx'])
    close(moved.reservoir, stored['dphi'])

  def test_trajectory_and_the_order_of_its_winners(self):
    stored = self.stored
    start = _start(stored['traj/x0'], stored['traj/phi0'])
    run = jax.jit(clique_network.unroll, static_argnums=3)
    _, xs = run(self.params, start, _silence(12_500, _DOUBLE), _DOUBLE)
    xs = xs[::5]
    # The record is float32.
    np.testing.assert_allclose(xs[:200], stored['traj/x'], atol=1e-7)
    states, steps = transients.states(clique_network.winner(xs, _DOUBLE))
    np.testing.assert_array_equal(states, stored['traj/winner_sequence'])
    np.testing.assert_array_equal(
        steps, stored['traj/winner_durations_in_records']
    )


class DynamicsTest(parameterized.TestCase):

  @parameterized.parameters((0.05, 0.7, 0.05), (0.0, 0.15, 0.05), (0.3, 0.5, 9))
  def test_a_gate_rises_from_its_floor_to_one(self, floor, centre, width):
    phi = jnp.linspace(0, 1, 201)
    gate = clique_network.gate(phi, floor, centre, width)
    np.testing.assert_allclose(gate[0], floor, atol=1e-6)
    np.testing.assert_allclose(gate[-1], 1, rtol=1e-6)
    self.assertGreater(np.diff(gate).min(), 0)

  def test_links_follow_the_rule_of_even_and_odd_units(self):
    for num_cliques in (4, 6, 10, 14):
      config = clique_network.Config(num_cliques)
      params = clique_network.init(jax.random.key(0), config)
      size, half = config.num_units, config.num_units // 2
      for unit in range(size):
        near = (-1, 1, -2, 2, half - 1, half + 1)
        if unit % 2:
          near = (-1, 1, half - 1, half, half + 1)
        expected = {(unit + offset) % size for offset in near}
        linked = set(np.flatnonzero(params.fixed_excitation[unit]).tolist())
        self.assertEqual(linked, expected)
        inhibited = set(np.flatnonzero(params.fixed_inhibition[unit]).tolist())
        self.assertEqual(inhibited, {*range(size)} - expected - {unit})

  def test_with_full_reservoirs_every_clique_is_stable(self):
    config = clique_network.Config()
    params = clique_network.init(jax.random.key(0), config)
    phi = jnp.ones(config.num_units)

    def flow(x):
      r = clique_network.growth_rate(params, x, phi, config)
      return clique_network.velocity(r, x, phi, config).activity

    for members in clique_network.cliques(config):
      x = jnp.zeros(config.num_units).at[members].set(1)
      r = clique_network.growth_rate(params, x, phi, config)
      np.testing.assert_array_equal(r > 0, x == 1)
      np.testing.assert_array_equal(flow(x), 0)
      # One-sided, from inside the cube: x (1 - x) has a corner at its faces.
      inside = jnp.where(x == 1, 1 - 1e-3, 1e-3)
      slope = np.linalg.eigvals(np.asarray(jax.jacobian(flow)(inside)))
      self.assertLess(slope.real.max(), 0)

  @hypothesis.given(st.integers(0, 99), st.integers(1, 9))
  def test_turning_the_ring_of_cliques_turns_the_trajectory(self, seed, turn):
    with jax.enable_x64(True):
      config = clique_network.Config(param_dtype='float64', num_inputs=3)
      keys = jax.random.split(jax.random.key(seed), 3)
      params = clique_network.init(keys[0], config)
      state = clique_network.initial_state(config, key=keys[1])
      xs = jax.random.uniform(keys[2], (60, 3))
      roll = lambda a: jnp.roll(a, 2 * turn, 0) if a.ndim else a
      turned = params._replace(afferent=roll(params.afferent))
      run = jax.jit(clique_network.unroll, static_argnums=3)
      end, out = run(params, state, xs, config)
      other, moved = run(turned, jax.tree.map(roll, state), xs, config)
      # Sums in another order; nothing is chaotic in so few steps.
      close = dict(rtol=0, atol=1e-10)
      chex.assert_trees_all_close(jax.tree.map(roll, end), other, **close)
      np.testing.assert_allclose(jnp.roll(out, 2 * turn, 1), moved, **close)

  @hypothesis.given(
      st.integers(0, 99), st.floats(0.01, 3.0), st.sampled_from([0, 1, 2])
  )
  def test_activity_and_reservoirs_stay_in_bounds(self, seed, strength, which):
    rules = (
        None,
        transition_learning.Covariance(),
        transition_learning.Diffusive(),
    )
    config = clique_network.Config(
        recovery=0.015, depletion=0.04, dt=0.25, rule=rules[which]
    )
    keys = jax.random.split(jax.random.key(seed), 3)
    params = clique_network.init(keys[0], config)
    params = params._replace(afferent=20 * strength * params.afferent)
    state = clique_network.initial_state(config, key=keys[1])
    xs = 1.0 * jax.random.bernoulli(keys[2], 0.3, (80, config.num_inputs))
    end, out = jax.jit(clique_network.unroll, static_argnums=3)(
        params, state, xs, config
    )
    for values in (out, end.reservoir, end.signal):
      self.assertBetween(float(values.min()), 0, 1)
      self.assertBetween(float(values.max()), 0, 1)
    learned = params.afferent + end.afferent_change
    self.assertGreaterEqual(float(learned.min()), 0)
    # Not of every weight: a change below its rounding leaves one as it was.
    self.assertEqual(bool((end.afferent_change != 0).any()), which != 0)

  def test_small_steps_need_no_clipping(self):
    config = clique_network.Config(dt=0.01, rule=None)
    params = clique_network.init(jax.random.key(0), config)
    state = clique_network.initial_state(config, key=jax.random.key(1))

    def free(carry, _):
      x, phi = carry
      r = clique_network.growth_rate(params, x, phi, config)
      moved = clique_network.velocity(r, x, phi, config)
      x, phi = x + 0.01 * moved.activity, phi + 0.01 * moved.reservoir
      return (x, phi), (x, phi)

    start = state.activity, state.reservoir
    _, (xs, phis) = jax.lax.scan(free, start, length=20_000)
    for values in (xs, phis):
      self.assertGreaterEqual(float(values.min()), 0)
      self.assertLessEqual(float(values.max()), 1)

  def test_half_the_step_keeps_the_order_of_twenty_winners(self):
    orders = []
    for dt in (0.2, 0.1):
      config = clique_network.Config(dt=dt, rule=None)
      params = clique_network.init(jax.random.key(0), config)
      state = clique_network.initial_state(config, key=jax.random.key(1))
      xs = _silence(round(5500 / dt), config)
      run = jax.jit(clique_network.unroll, static_argnums=3)
      winners = clique_network.winner(run(params, state, xs, config)[1], config)
      orders.append(transients.states(winners)[0][:20])
    self.assertLen(orders[0], 20)
    np.testing.assert_array_equal(orders[0], orders[1])

  def test_the_winner_is_whole_or_there_is_none(self):
    config = clique_network.Config()
    members = clique_network.cliques(config)
    x = jnp.zeros((3, 20)).at[0, members[7]].set(0.9)
    x = x.at[1, members[7][:3]].set(0.9).at[1, members[7][3]].set(0.8)
    np.testing.assert_array_equal(clique_network.winner(x, config), [7, -1, -1])

  def test_receptive_fields_are_means_of_members(self):
    config = clique_network.Config(4, 2)
    afferent = jnp.arange(16.0).reshape(8, 2)
    fields = clique_network.receptive_fields(afferent, config)
    members = clique_network.cliques(config)[1]
    np.testing.assert_allclose(
        fields[1], np.mean([[2 * u, 2 * u + 1] for u in members], 0)
    )

  def test_inputs_beyond_their_range_are_refused(self):
    config = clique_network.Config(4, 2)
    params = clique_network.init(jax.random.key(0), config)
    state = clique_network.initial_state(config)
    wrong = jnp.array([[0.0, 1.0], [jnp.nan, 0.5]])
    with self.assertRaisesRegex(ValueError, r'got nan at \[1, 0\]'):
      clique_network.unroll(params, state, wrong, config)
    with self.assertRaisesRegex(ValueError, r'inputs .* \[0, 1\], got 2.0'):
      clique_network.step(params, state, jnp.array([2.0, 0.0]), config)

  @parameterized.parameters('rotating', 'geometric')
  def test_cliques_apart_win_in_turn_if_inhibition_is_weak(self, wiring):
    config = clique_network.Config(
        6, 1, 0.4, 0.3, wiring=wiring, clique_size=3, rule=None,
        recovery=0.015, depletion=0.04,
    )  # fmt: skip
    run = lambda key: clique_trials.alone(key, 6000, config, every=5)
    keys = jax.vmap(jax.random.key)(jnp.arange(3))
    for activity in jax.jit(jax.vmap(run))(keys):
      winners = clique_network.winner(activity, config)
      found = transients.summary(winners)
      self.assertGreater(found[0], 10)  # states
      self.assertEqual(found[1], 6)  # cliques that win

  @parameterized.parameters(3, 5, 2)
  def test_a_ring_must_be_even(self, num_cliques):
    with self.assertRaisesRegex(ValueError, f'even .* got {num_cliques}'):
      clique_network.Config(num_cliques)


if __name__ == '__main__':
  absltest.main()
