"""Every world alone and wrapped: under vmap, jit and scan, and what it says."""

import dataclasses
from typing import Any

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.environments import alternating_t
from nmlib.environments import auto_reset
from nmlib.environments import contract
from nmlib.environments import finite_mdp
from nmlib.environments import gridworld
from nmlib.environments import linear_track
from nmlib.environments import observation_statistics
from nmlib.environments import peg_insertion
from nmlib.environments import progress_rewards
from nmlib.environments import swimmer
from nmlib.environments import time_limit
from nmlib.environments import visual_corridor
from nmlib.plasticity.reinforcement import shaping

_TRAP = finite_mdp.trap(0.5)
_ADVANCE = jnp.array(1)
# A new world adds a row: its module, a config, and an action.
_PEG = peg_insertion.Config(3, 2, 2, hole=1, start=(1, 3))
_SHAPED = progress_rewards.wrap(
    finite_mdp, lambda judge, now, *_: (1 + now) / 2, shaping.Config()
)
_WORLDS: dict[str, Any] = {
    'finite_mdp': (finite_mdp, _TRAP, _ADVANCE),
    'peg_insertion': (peg_insertion, _PEG, jnp.array(4)),
    'progress_rewards': (_SHAPED, _TRAP, _ADVANCE),
    'swimmer': (
        swimmer,
        dataclasses.replace(swimmer.with_links(2), substeps=2),
        jnp.array([0.5]),
    ),
    'gridworld': (
        gridworld,
        gridworld.Config(3, 2, goal=(2, 2), shuffled=True),
        _ADVANCE,
    ),
    'linear_track': (linear_track, linear_track.Config(2, 3), _ADVANCE),
    'alternating_t': (
        alternating_t,
        alternating_t.Config(memory=2),
        jnp.array(3),
    ),
    'visual_corridor': (
        visual_corridor,
        visual_corridor.Config(4, 6, 2, 2),
        jnp.array(0),
    ),
}
_WRAPPED: dict[str, Any] = {
    'plain': lambda world: world,
    'limited': lambda world: time_limit.wrap(world, 3),
    'endless': lambda world: auto_reset.wrap(time_limit.wrap(world, 3)),
    'normalised': observation_statistics.wrap,
}

# Wrappers do not look into a world: the others are tried with one that is fast.
_CASES = [
    (name, wrapper)
    for name in _WORLDS
    for wrapper in _WRAPPED
    if name == 'finite_mdp' or wrapper in ('plain', 'endless')
]


def _rollout(world, config, action, key, steps=7):
  """Scans steps from a reset; returns what each answered."""
  first, later = jax.random.split(key)
  observation, state = world.reset(first, config)

  def advance(carry, t):
    key = jax.random.fold_in(later, t)
    step = contract.Step(*world.step(key, carry[1], action, config))
    return (step.observation, step.state), step

  return jax.lax.scan(advance, (observation, state), jnp.arange(steps))[1]


class ContractTest(parameterized.TestCase):

  @parameterized.parameters(*_CASES)
  def test_vmap_jit_and_scan_agree_with_plain_calls(self, name, wrapper):
    module, config, action = _WORLDS[name]
    world = _WRAPPED[wrapper](module)
    keys = jax.random.split(jax.random.key(3), 2)
    run = lambda key: _rollout(world, config, action, key, 4)
    many = jax.jit(jax.vmap(run))(keys)
    self.assertEqual(many.reward.shape, (2, 4))
    self.assertEqual(many.terminated.dtype, bool)
    self.assertEqual(many.truncated.dtype, bool)
    self.assertFalse(np.any(many.terminated & many.truncated))
    key = jax.random.split(jax.random.key(3), 2)[1]  # the same once more
    first, later = jax.random.split(key)
    _, state = world.reset(first, config)
    for t in range(4):  # one more than the limit
      key = jax.random.fold_in(later, t)
      step: Any = contract.Step(*world.step(key, state, action, config))
      state = step.state
      jax.tree.map(
          lambda one, all_, t=t: np.testing.assert_allclose(
              one, all_[1, t], rtol=1e-5, atol=1e-8
          ),
          step,
          many,
      )


class WrappersTest(absltest.TestCase):

  def test_limit_truncates_and_never_terminates(self):
    stay = jnp.array(0)
    found = _rollout(
        time_limit.wrap(finite_mdp, 3), _TRAP, stay, jax.random.key(0), 5
    )
    np.testing.assert_array_equal(found.truncated, [0, 0, 1, 1, 1])
    self.assertFalse(np.any(found.terminated))
    # An end at the very limit is an end alone.
    sure = finite_mdp.trap(1.0)
    found = _rollout(
        time_limit.wrap(finite_mdp, 3), sure, _ADVANCE, jax.random.key(0), 3
    )
    np.testing.assert_array_equal(found.terminated, [0, 0, 1])
    self.assertFalse(np.any(found.truncated))
    wrongs: Any = (0, 2.5, True)
    for wrong in wrongs:
      with self.assertRaisesRegex(ValueError, 'max_steps must be'):
        time_limit.wrap(finite_mdp, wrong)

  def test_limit_outside_of_the_reset_is_refused(self):
    world: Any = time_limit.wrap(auto_reset.wrap(finite_mdp), 2)
    _, state = world.reset(jax.random.key(0), _TRAP)
    text = r'use auto_reset.wrap\(time_limit.wrap\(world, max_steps\)\)'
    with self.assertRaisesRegex(ValueError, text):
      world.step(jax.random.key(1), state, _ADVANCE, _TRAP)

  def test_reset_keeps_the_final_observation(self):
    sure = finite_mdp.trap(1.0)
    found = _rollout(
        auto_reset.wrap(time_limit.wrap(finite_mdp, 10)),
        sure, _ADVANCE, jax.random.key(0), 7,
    )  # fmt: skip
    np.testing.assert_array_equal(
        found.info['final_observation'], [1, 2, 3, 1, 2, 3, 1]
    )
    np.testing.assert_array_equal(found.observation, [1, 2, 0, 1, 2, 0, 1])
    np.testing.assert_array_equal(found.state.elapsed, [1, 2, 0, 1, 2, 0, 1])
    np.testing.assert_array_equal(found.reward, [0, 0, 1, 0, 0, 1, 0])

  def test_worlds_that_differ_are_swept_and_stay_through_resets(self):
    world = auto_reset.wrap(finite_mdp)
    both = [finite_mdp.tables(finite_mdp.trap(p)) for p in (0.0, 1.0)]
    swept = jax.tree.map(lambda *leaves: jnp.stack(leaves), *both)

    def run(tables):
      _, state = finite_mdp.start(jax.random.key(0), tables)

      def advance(state, key):
        step = world.step(key, state, _ADVANCE, _TRAP)
        return step.state, step.reward

      keys = jax.random.split(jax.random.key(1), 9)
      return jnp.sum(jax.lax.scan(advance, state, keys)[1])

    np.testing.assert_array_equal(jax.vmap(run)(swept), [0, 3])

  def test_world_of_two_functions_begins_anew_by_its_reset(self):

    class Two:
      reset = staticmethod(finite_mdp.reset)
      step = staticmethod(finite_mdp.step)

    found = _rollout(
        auto_reset.wrap(Two), finite_mdp.trap(1.0), _ADVANCE, jax.random.key(0)
    )
    np.testing.assert_array_equal(found.observation, [1, 2, 0, 1, 2, 0, 1])


class StatisticsTest(absltest.TestCase):

  def test_merged_parts_are_the_whole(self):
    rows = jax.random.normal(jax.random.key(0), (9, 2)) * 3 + 1
    found = observation_statistics.initial(rows[0])
    for part in (rows[:1], rows[1:6], rows[6:]):
      found = observation_statistics.update(found, part)
    np.testing.assert_allclose(found.mean, rows.mean(0), rtol=1e-5)
    np.testing.assert_allclose(found.squares / 9, rows.var(0), rtol=1e-5)
    seen = jax.vmap(observation_statistics.normalise, (None, 0))(found, rows)
    np.testing.assert_allclose(seen.mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(seen.std(0), 1, rtol=1e-5)
    same = observation_statistics.initial(rows[0])
    np.testing.assert_array_equal(
        observation_statistics.normalise(same, rows[0]), rows[0]
    )

  def test_parts_are_the_whole_to_the_last_bits_of_64(self):
    rows = np.random.default_rng(0).normal(50, 2, (10, 2))
    with jax.enable_x64(True):
      found = observation_statistics.initial(jnp.asarray(rows[0]))
      for part in (rows[:3], rows[3:4], rows[4:]):
        found = observation_statistics.update(found, jnp.asarray(part))
      np.testing.assert_allclose(found.mean, rows.mean(0), rtol=1e-14)
      np.testing.assert_allclose(found.squares / 10, rows.var(0), rtol=1e-12)

  def test_no_rows_change_nothing_and_other_shapes_are_refused(self):
    empty = observation_statistics.initial(jnp.zeros(3))
    known = observation_statistics.update(empty, jnp.arange(6.0).reshape(2, 3))
    same = observation_statistics.update(known, jnp.zeros((0, 3)))
    jax.tree.map(np.testing.assert_array_equal, same, known)
    for shape, want in (((3,), r'\[3, 3\]'), ((5, 1), r'\[5, 3\]')):
      with self.assertRaisesRegex(ValueError, f'must have shape {want}'):
        observation_statistics.update(known, jnp.zeros(shape))
    with self.assertRaisesRegex(ValueError, r'shape \[3\].*got \[1\]'):
      observation_statistics.normalise(known, jnp.zeros(1))
    other = observation_statistics.initial(jnp.zeros(1))
    with self.assertRaisesRegex(ValueError, r'shape \[3\].*got \[1\]'):
      observation_statistics.merge(known, other)
    with self.assertRaisesRegex(ValueError, 'must be as the statistics are'):
      observation_statistics.update(known, {'x': jnp.zeros((2, 3))})

  def test_counts_past_what_32_bits_of_a_float_can(self):
    one = jnp.ones((1, 1))
    for seen, want in ((2**24, 2**24 + 1), (2**31 - 1, 2**31 - 1)):
      many = observation_statistics.initial(one[0])
      many = many._replace(count=jnp.int32(seen), mean=one[0])
      found = observation_statistics.update(many, one)
      self.assertEqual(int(found.count), want)
      np.testing.assert_array_equal(found.mean, one[0])
    with jax.enable_x64(True):
      narrow = observation_statistics.initial(jnp.zeros(1, jnp.float32))
      found = observation_statistics.update(narrow, jnp.ones((2, 1), 'f'))
      self.assertEqual(found.mean.dtype, jnp.float32)
      self.assertEqual(found.squares.dtype, jnp.float32)

  def test_world_is_normalised_by_what_it_has_shown_in_all_episodes(self):
    world = auto_reset.wrap(
        observation_statistics.wrap(time_limit.wrap(finite_mdp, 10))
    )
    sure = finite_mdp.trap(1.0)
    found = _rollout(world, sure, _ADVANCE, jax.random.key(0), 4)
    # 0 of the reset, then 1, 2, 3 and its next episode's 0, and 1.
    np.testing.assert_array_equal(found.info['raw_observation'], [1, 2, 3, 1])
    seen = np.array([0, 1, 2, 3, 0, 1])
    statistics = found.state.statistics
    self.assertEqual(statistics.count[-1], 6)
    self.assertAlmostEqual(float(statistics.mean[-1]), seen.mean(), places=6)
    last = (1 - seen.mean()) / seen.std()
    self.assertAlmostEqual(float(found.observation[-1]), last, places=5)


class FiniteMdpTest(absltest.TestCase):

  def test_moves_as_often_as_the_table_says(self):
    state = finite_mdp.State(jnp.array(2), finite_mdp.tables(_TRAP))
    keys = jax.random.split(jax.random.key(0), 2000)
    steps = jax.vmap(finite_mdp.step, (0, None, None, None))(
        keys, state, _ADVANCE, _TRAP
    )
    self.assertEqual(set(np.asarray(steps.observation).tolist()), {0, 3})
    self.assertAlmostEqual(float(jnp.mean(steps.terminated)), 0.5, delta=0.05)
    np.testing.assert_array_equal(steps.reward, steps.observation == 3)

  def test_ended_world_stays_and_pays_nothing(self):
    world = finite_mdp.tables(_TRAP)
    world = world._replace(rewards=jnp.ones_like(world.rewards))
    state = finite_mdp.State(jnp.array(3), world)
    step = finite_mdp.step(jax.random.key(0), state, _ADVANCE, _TRAP)
    self.assertEqual((step.observation, step.reward), (3, 0))
    self.assertTrue(step.terminated)

  def test_rewards_follow_the_dtype(self):
    with jax.enable_x64(True):
      config = finite_mdp.config_from(
          np.ones((1, 1, 1)), 0.1, [1.0], [False], 'float64'
      )
      key = jax.random.key(0)
      _, state = finite_mdp.reset(key, config)
      step = finite_mdp.step(jax.random.key(1), state, 0, config)
      self.assertEqual(step.reward.dtype, jnp.float64)

  def test_bad_input_is_refused_in_a_sentence(self):
    key = jax.random.key(0)
    _, state = finite_mdp.reset(key, _TRAP)
    make: Any = finite_mdp.config_from
    for text, call in (
        (
            r'action must be in \[0, 2\), got 2',
            lambda: finite_mdp.step(key, state, 2, _TRAP),
        ),
        (
            'action must be a whole number, got nan',
            lambda: finite_mdp.step(key, state, jnp.nan, _TRAP),
        ),
        (
            'transitions must add up to 1 over the last axis, got 0.9',
            lambda: make(np.full((1, 1, 1), 0.9), 0, [1], [False]),
        ),
        (
            'start must add up to 1 over the last axis, got 0.5',
            lambda: make(np.ones((1, 1, 1)), 0, [0.5], [False]),
        ),
        (
            'terminal must be .*got shape',
            lambda: make(np.ones((1, 1, 1)), 0, [1], [False, True]),
        ),
        (
            'transitions must be .*got shape',
            lambda: make(np.full((1, 1, 2), 0.5), 0, [1], [False]),
        ),
        (
            r'rewards must broadcast .*\[1, 1, 1\], got shape \[3\]',
            lambda: make(np.ones((1, 1, 1)), [0, 1, 2], [1], [False]),
        ),
        (
            r'terminal must be True or False, got 2.0 at \[0\]',
            lambda: make(np.ones((1, 1, 1)), 0, [1], [2]),
        ),
        (
            r'transitions must be \[S, A, S\], got shape \[1, 1\]',
            lambda: make(np.ones((1, 1)), 0, [1], [False]),
        ),
        (
            'rewards must be numbers, in rows of one length',
            lambda: make(np.ones((1, 1, 1)), [[0], [1, 2]], [1], [False]),
        ),
        (
            'rows of one length',
            lambda: finite_mdp.Config(
                (((1.0,),), ((0.5, 0.5),)), (((0.0,),),), (1.0,), (False,)
            ),
        ),
    ):
      with self.subTest(text), self.assertRaisesRegex(ValueError, text):
        call()


if __name__ == '__main__':
  absltest.main()
