"""The peg's world: where it can go, what it sees, and shaped rewards in it."""

from absl.testing import absltest
import hypothesis
from hypothesis import strategies as st
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.data.tasks import peg_demonstrations
from nmlib.environments import contract
from nmlib.environments import peg_insertion
from nmlib.environments import progress_rewards
from nmlib.environments import time_limit
from nmlib.plasticity.reinforcement import shaping

_CONFIG = peg_insertion.Config()
_STAY, _LEFT, _RIGHT, _UP, _DOWN = range(5)


def _place(x, y):
  return y * _CONFIG.width + x


class PegInsertionTest(absltest.TestCase):

  def test_moves_and_walls(self):
    for begin, action, end in (
        ((0, 8), _LEFT, (0, 8)),
        ((0, 8), _UP, (0, 8)),
        ((0, 8), _RIGHT, (1, 8)),
        ((0, 8), _DOWN, (0, 7)),
        ((3, 4), _DOWN, (3, 4)),  # on the plate
        ((5, 4), _DOWN, (5, 3)),  # into the hole
        ((5, 3), _LEFT, (5, 3)),
        ((5, 3), _UP, (5, 4)),
        ((7, 6), _RIGHT, (7, 6)),
        ((4, 5), _STAY, (4, 5)),
    ):
      _, state = peg_insertion.begin(_place(*begin))
      found = peg_insertion.step(jax.random.key(0), state, action, _CONFIG)
      self.assertEqual(found.observation, _place(*end), (begin, action))
      self.assertEqual(found.reward, 0)

  def test_last_step_succeeds_as_often_as_it_says_and_slips_to_the_start(self):
    start = jnp.int32(_place(2, 7))
    state = peg_insertion.State(jnp.int32(_place(5, 1)), start)
    keys = jax.random.split(jax.random.key(1), 2000)
    found = jax.vmap(
        lambda key: peg_insertion.step(key, state, _DOWN, _CONFIG)
    )(keys)
    np.testing.assert_allclose(found.reward.mean(), 0.3, atol=0.04)
    np.testing.assert_array_equal(found.reward, found.terminated)
    np.testing.assert_array_equal(
        found.observation, jnp.where(found.terminated, 5, start)
    )
    ended = peg_insertion.step(
        jax.random.key(2), state._replace(place=jnp.int32(5)), _UP, _CONFIG
    )
    self.assertEqual((ended.observation, ended.reward), (5, 0))
    self.assertTrue(ended.terminated)

  def test_distance_is_the_length_of_the_shortest_way(self):
    size = _CONFIG.num_places
    places = jnp.arange(size)
    free = peg_insertion.is_free(places % 8, places // 8, _CONFIG)
    left = {int(_CONFIG.goal): 0}
    sure = peg_insertion.Config(success=1.0)
    step = jax.jit(
        lambda place, action: peg_insertion.step(
            jax.random.key(0), peg_insertion.State(place, place), action, sure
        ).observation
    )
    after = {
        p: {int(step(jnp.int32(p), a)) for a in range(5)}
        for p in np.flatnonzero(free)
    }
    for steps in range(1, size):
      known = set(left)
      for p, reached in after.items():
        if p not in left and reached & known:
          left[int(p)] = steps
    self.assertLen(left, int(free.sum()))
    found = peg_insertion.distance(places, _CONFIG)
    done = peg_insertion.progress(places, _CONFIG)
    first, _ = peg_insertion.reset(jax.random.key(0), _CONFIG)
    for place, steps in left.items():
      self.assertEqual(found[place], steps)
      share = max(0, 1 - steps / left[int(first)])
      self.assertAlmostEqual(float(done[place]), share, places=6)

  def test_views(self):
    seen = peg_insertion.render(_place(5, 2), False, _CONFIG)
    self.assertEqual(seen.shape, (2, 16, 16))
    self.assertEqual(set(np.unique(seen)), {0, 0.5, 1})
    hidden = peg_insertion.render(_place(5, 2), True, _CONFIG)
    np.testing.assert_array_equal(hidden[0], 0)
    np.testing.assert_array_equal(hidden[1], seen[1])
    # In the hole there is wall to the left and right of the peg.
    np.testing.assert_array_equal(seen[1, 7, [2, 8, 14]], [0.5, 1, 0.5])

  def test_demonstrations_end_in_the_hole(self):
    rng = np.random.default_rng(0)
    for _ in range(20):
      places, keyframes = peg_demonstrations.draw(rng, _CONFIG)
      left = np.asarray(peg_insertion.distance(jnp.asarray(places), _CONFIG))
      np.testing.assert_array_equal(left, np.arange(len(places))[::-1])
      self.assertEqual(places[keyframes[1]], _place(5, 4))
      self.assertEqual(keyframes[2], len(places) - 1)

  def test_bad_input(self):
    with self.assertRaisesRegex(ValueError, 'the goal would be in a wall'):
      peg_insertion.Config(hole=8)
    for start in ((0, 2), (5, 0), (8, 6), (0, 9)):
      with self.assertRaisesRegex(ValueError, 'start must be a free place'):
        peg_insertion.Config(start=start)
    _, state = peg_insertion.reset(jax.random.key(0), _CONFIG)
    for action, text in ((jnp.nan, 'whole number, got nan'), (5, 'in .0, 5')):
      with self.assertRaisesRegex(ValueError, text):
        peg_insertion.step(jax.random.key(0), state, action, _CONFIG)


class ProgressRewardsTest(absltest.TestCase):

  @hypothesis.given(
      st.lists(st.floats(0, 1, width=32), min_size=6, max_size=6),
      st.integers(1, 6),
  )
  @hypothesis.settings(max_examples=5)
  def test_each_value_is_used_twice_and_cut_episodes_keep_theirs(
      self, values, limit
  ):
    """Even of a judge who says something else each time it is asked."""
    said = iter(values)
    discount = 0.9
    world = progress_rewards.wrap(
        time_limit.wrap(peg_insertion, limit),
        lambda *_: jnp.float32(next(said)), shaping.Config(discount),
    )  # fmt: skip
    _, state = world.reset(jax.random.key(99), _CONFIG)
    total, step = 0.0, None
    for t in range(limit):
      step = contract.Step(
          *world.step(jax.random.key(t), state, _STAY, _CONFIG)
      )
      state, total = step.state, total + discount**t * float(step.reward)
    assert step is not None
    self.assertTrue(step.truncated)
    # gamma^T Phi_T - 0: what bootstrapping takes back.
    np.testing.assert_allclose(
        total, discount**limit * values[limit - 1], atol=1e-5
    )

  def test_ends_count_as_nothing_shaped_and_as_all_if_naive(self):
    sure = peg_insertion.Config(success=1.0, start=(5, 1))
    for kind, wanted in (('sparse', 1), ('shaped', 1), ('naive', 1)):
      world = progress_rewards.wrap(
          peg_insertion, lambda *_: jnp.float32(0.7), shaping.Config(0.9), kind
      )
      _, state = world.reset(jax.random.key(0), sure)
      step = contract.Step(*world.step(jax.random.key(0), state, _DOWN, sure))
      self.assertEqual(step.reward, wanted)
      self.assertAlmostEqual(float(step.info['progress']), 0.7, places=6)

  def test_judge_is_kept_through_restarts(self):
    world = progress_rewards.wrap(
        peg_insertion, lambda judge, *_: judge, shaping.Config(0.9), 'naive',
        jnp.zeros(()),
    )  # fmt: skip
    _, state = world.reset(jax.random.key(0), _CONFIG)
    _, state = world.restart(
        jax.random.key(0), state._replace(judge=jnp.float32(0.4)), _CONFIG
    )
    step = contract.Step(*world.step(jax.random.key(0), state, 0, _CONFIG))
    self.assertAlmostEqual(float(step.reward), 0.4, places=6)

  def test_bad_input(self):
    with self.assertRaisesRegex(ValueError, "kind must be 'sparse'"):
      progress_rewards.wrap(
          peg_insertion,
          lambda *_: jnp.zeros(()),
          shaping.Config(),
          'dense',  # pyrefly: ignore
      )
    world = progress_rewards.wrap(
        peg_insertion, lambda *_: jnp.float32(1.5), shaping.Config()
    )
    _, state = world.reset(jax.random.key(0), _CONFIG)
    with self.assertRaisesRegex(ValueError, r'in \[0, 1\], got 1.5'):
      world.step(jax.random.key(0), state, 0, _CONFIG)


if __name__ == '__main__':
  absltest.main()
