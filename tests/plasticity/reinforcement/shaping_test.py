"""Potential shaping in exactly solved worlds: what keeps the best policy."""

import pathlib

from absl.testing import absltest
import hypothesis
from hypothesis import strategies as st
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.environments import finite_mdp
from nmlib.networks.agents import ppo
from nmlib.plasticity.reinforcement import double_q
from nmlib.plasticity.reinforcement import dynamic_programming
from nmlib.plasticity.reinforcement import gae
from nmlib.plasticity.reinforcement import shaping

_FIXTURE = (
    pathlib.Path(__file__).parents[2] / 'fixtures/robo_dopamine_shaping.npz'
)
_solve = jax.jit(dynamic_programming.value_iteration)


def _gold(terminal):
  """A reward of 1 on entering an end."""
  enters = ~terminal[:, None, None] & terminal[None, None, :]
  return enters.astype(float)


class FixtureTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    self.enter_context(jax.enable_x64(True))
    with np.load(_FIXTURE) as stored:
      self.stored = dict(stored)

  def _world(self, prefix):
    names = ('P', 'gamma', 'terminal')
    odds, discount, terminal = (self.stored[prefix + name] for name in names)
    return jnp.asarray(odds), float(discount), jnp.asarray(terminal)

  def _close(self, found, name):
    np.testing.assert_allclose(found, self.stored[name], rtol=0, atol=1e-9)

  def _rewards(self, prefix, phi):
    """Gold, shaped in both ways and naive rewards."""
    odds, discount, terminal = self._world(prefix)
    gold, at_goal = _gold(terminal), jnp.where(terminal, 1, phi)
    zero = shaping.Config(discount)
    one = shaping.Config(discount, zero_at_terminal=False)
    naive = shaping.naive_reward(at_goal[:, None], at_goal[None, :])
    return {
        'gold': gold,
        'shaped_terminal0': gold + shaping.reward_table(phi, terminal, zero),
        'shaped_terminal1': gold + shaping.reward_table(at_goal, terminal, one),
        'naive': jnp.broadcast_to(naive[:, None, :], odds.shape),
    }

  def test_best_values_are_those_stored(self):
    for prefix in ('', 'trap.'):
      odds, discount, terminal = self._world(prefix)
      phi = jnp.asarray(self.stored[f'{prefix}phi'])
      for name, rewards in self._rewards(prefix, phi).items():
        found = _solve(odds, rewards, discount, terminal)
        self._close(found.q, f'{prefix}Q_{name}')

  def test_values_of_a_policy_shift_by_the_potential(self):
    odds, discount, terminal = self._world('')
    phi = jnp.asarray(self.stored['phi'])
    rewards = self._rewards('', phi)
    policy = jnp.asarray(self.stored['policy'])
    evaluate = jax.jit(dynamic_programming.policy_evaluation)
    for name, stored in (
        ('gold', 'V_gold_pi'),
        ('shaped_terminal0', 'V_shaped_pi'),
    ):
      found = evaluate(odds, rewards[name], policy, discount, terminal)
      self._close(found.v, stored)
      mean = jnp.sum(policy * found.q, axis=1)
      np.testing.assert_allclose(mean, found.v, atol=1e-12)

  def test_time_limit_that_ends_the_world_brings_the_trap_back(self):
    odds, discount, terminal = self._world('trap.')
    phi = jnp.asarray(self.stored['trap.phi'])
    rewards = self._rewards('trap.', phi)
    plan = jax.jit(
        dynamic_programming.backward_induction, static_argnames='horizon'
    )
    nothing = jnp.zeros(4)
    for name, reward, final in (
        ('gold', 'gold', nothing),
        ('shaped_terminal0', 'shaped_terminal0', nothing),
        ('naive', 'naive', nothing),
        ('shaped_terminal0_minus_phi_at_timeout', 'shaped_terminal0', -phi),
    ):
      with self.subTest(name):
        found = plan(odds, rewards[reward], discount, terminal, 6, final)
        # Actions of equal value are chosen by rounding errors.
        stored = self.stored[f'trap.horizon6.policy.{name}']
        chosen = np.take_along_axis(
            np.asarray(found.q), stored[..., None], axis=2
        )[..., 0]
        np.testing.assert_allclose(chosen, found.v[:-1], atol=1e-9)
        if f'trap.horizon6.value.{name}' in self.stored:
          self._close(found.v[0], f'trap.horizon6.value.{name}')
    near = 2
    naive = _solve(odds, rewards['naive'], discount, terminal).q
    shaped = _solve(odds, rewards['shaped_terminal0'], discount, terminal).q
    self.assertEqual(int(jnp.argmax(naive[near])), 0)  # stays
    self.assertEqual(int(jnp.argmax(shaped[near])), 1)
    np.testing.assert_allclose(finite_mdp.tables(finite_mdp.trap())[0], odds)


class ShapingTest(absltest.TestCase):

  def test_random_worlds_keep_their_best_actions(self):
    rng = np.random.default_rng(0)
    terminal = jnp.arange(5) == 4
    with jax.enable_x64(True):
      odds = jnp.asarray(rng.dirichlet(np.ones(5), (20, 5, 3)))
      phi = jnp.asarray(rng.uniform(size=(20, 5)))
      rewards = jnp.asarray(rng.normal(size=(20, 5, 3, 5)))
      config = shaping.Config(0.9, scale=3.0)
      extra = jax.vmap(shaping.reward_table, (0, None, None))(
          phi, terminal, config
      )
      both = [
          jax.vmap(_solve, (0, 0, None, None))(odds, r, 0.9, terminal).q
          for r in (rewards, rewards + extra)
      ]
      wanted = both[0] - jnp.where(terminal, 0, 3 * phi)[..., None]
    np.testing.assert_allclose(both[1], wanted, atol=1e-10)
    np.testing.assert_array_equal(*(np.argmax(q, -1) for q in both))

  @hypothesis.given(
      st.lists(st.floats(0, 1, width=32), min_size=5, max_size=5),
      st.booleans(),
  )
  @hypothesis.settings(max_examples=20)
  def test_rewards_telescope_step_by_step(self, drawn, ends):
    phi = jnp.array(drawn, jnp.float32)
    config = shaping.Config(0.9)
    terminated = (jnp.arange(4) == 3) & ends
    found = shaping.rewards(phi, terminated, config)
    state, steps = shaping.initial_state(phi[0]), []
    for ahead, end in zip(phi[1:], terminated, strict=True):
      state, reward = shaping.step(state, ahead, end, config)
      steps.append(reward)
    np.testing.assert_allclose(jnp.stack(steps), found, atol=1e-6)
    # At a time-out Phi(s_T) stays; the bootstrapped value takes it back.
    left = 0 if ends else 0.9**4 * phi[-1]
    total = jnp.sum(0.9 ** jnp.arange(4) * found)
    np.testing.assert_allclose(total, left - phi[0], atol=1e-5)

  def test_advantages_and_targets_stay_through_a_time_limit(self):
    """With values less Phi they are those of the unshaped rewards."""
    rng = np.random.default_rng(1)
    phi = jnp.asarray(rng.uniform(size=6), jnp.float32)
    rewards, values = (
        jnp.asarray(rng.normal(size=n), jnp.float32) for n in (5, 6)
    )
    none, last = jnp.zeros(5, bool), jnp.arange(5) == 4
    config, shaped = gae.Config(0.9, 0.8), shaping.Config(0.9)
    for terminated, truncated in ((none, last), (last, none)):
      extra = shaping.rewards(phi, terminated, shaped)
      plain, _ = gae.advantages(
          rewards, values[:-1], values[1:], terminated, truncated, config
      )
      less = values - phi
      found, _ = gae.advantages(
          rewards + extra, less[:-1], less[1:], terminated, truncated, config
      )
      np.testing.assert_allclose(found, plain, atol=1e-5)
      q = jnp.array([1.0, 2.0])
      goal = [
          double_q.target(r, terminated[-1], v, v, double_q.Config(0.9))
          for r, v in (
              (rewards[-1], q),
              (rewards[-1] + extra[-1], q - phi[-1]),
          )
      ]
      np.testing.assert_allclose(goal[1], goal[0] - phi[4], atol=1e-5)

  def test_discounts_of_tables_are_in_the_unit_interval(self):
    odds, ends = jnp.ones((1, 1, 1)), jnp.zeros(1, bool)
    for bad in (1.5, -2, jnp.nan):
      for call in (
          lambda d: dynamic_programming.value_iteration(odds, odds, d, ends),
          lambda d: dynamic_programming.policy_evaluation(
              odds, odds, odds[0], d, ends
          ),
          lambda d: dynamic_programming.backward_induction(
              odds, odds, d, ends, 1, jnp.zeros(1)
          ),
      ):
        with self.assertRaisesRegex(
            ValueError, r'discount must be in \[0, 1\]'
        ):
          call(bad)

  def test_tables_of_whole_numbers(self):
    """Two states that change places, a reward of 1 for leaving the first."""
    odds, ends = jnp.array([[[0, 1]], [[1, 0]]]), jnp.zeros(2, bool)
    gold = jnp.array([1, 0])[:, None, None]
    policy = jnp.ones((2, 1), int)
    wanted = [4 / 3, 2 / 3]
    for found in (
        _solve(odds, gold, 0.5, ends),
        dynamic_programming.policy_evaluation(odds, gold, policy, 0.5, ends),
    ):
      np.testing.assert_allclose(found.v, wanted, rtol=1e-6)
    plan = dynamic_programming.backward_induction(
        odds, gold, 0.5, ends, 3, jnp.zeros(2, int)
    )
    np.testing.assert_allclose(plan.v[0], [1.25, 0.5])

  def test_bad_input_is_refused_in_a_sentence(self):
    config = shaping.Config(0.9)
    shaping.check_learner(config, gae.Config(0.9))
    shaping.check_learner(config, ppo.Config(advantage=gae.Config(0.9)))
    for text, call in (
        (
            r'shaping.Config.discount must be the discount 0.99 of'
            r' gae.Config.discount, got 0.9',
            lambda: shaping.check_learner(config, gae.Config()),
        ),
        (
            r'must be the discount 0.99 of gae.Config.discount, got 0.9',
            lambda: shaping.check_learner(config, ppo.Config()),
        ),
        (
            r'learner must be a config with a discount.* got a float',
            lambda: shaping.check_learner(config, 0.9),
        ),
        (
            r'potential must be in \[0, 1\], got 1.5',
            lambda: shaping.initial_state(jnp.array(1.5)),
        ),
        (
            r'next_potential must be in \[0, 1\], got nan',
            lambda: shaping.step(
                shaping.State(jnp.zeros(())),
                jnp.array(jnp.nan),
                jnp.array(False),
                config,
            ),
        ),
        (
            r'potentials must be \[episode=3\], got shape \[2\]',
            lambda: shaping.rewards(jnp.ones(2), jnp.zeros(2, bool), config),
        ),
        (
            r'transitions must add up to 1 over the last axis, got 0.9 at',
            lambda: dynamic_programming.check(
                jnp.full((1, 2, 1), 0.9), jnp.zeros(1, bool)
            ),
        ),
        (
            r'transitions must be \[S, A, S\] with S=2 states',
            lambda: dynamic_programming.check(
                jnp.ones((1, 2, 1)), jnp.zeros(2, bool)
            ),
        ),
        (
            r'policy must be in \[0, 1\], got -1',
            lambda: dynamic_programming.policy_evaluation(
                jnp.ones((1, 2, 1)),
                jnp.ones((1, 2, 1)),
                jnp.array([[-1.0, 2.0]]),
                0.5,
                jnp.zeros(1, bool),
            ),
        ),
    ):
      with self.assertRaisesRegex(ValueError, text):
        call()


if __name__ == '__main__':
  absltest.main()
