"""Rooms, tracks, mazes and corridors, by their rules."""

from typing import Any

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.environments import alternating_t
from nmlib.environments import auto_reset
from nmlib.environments import grid
from nmlib.environments import gridworld
from nmlib.environments import linear_track
from nmlib.environments import visual_corridor
from nmlib.plasticity.reinforcement import dynamic_programming


def _key():
  return jax.random.key(0)


def _walk(world, state, actions, config):
  """Returns what each of some actions answered, stacked."""
  step = jax.jit(lambda s, a: world.step(_key(), s, a, config))
  answers = []
  for action in actions:
    answers.append(step(state, jnp.int32(action)))
    state = answers[-1].state
  return jax.tree.map(lambda *leaves: np.stack(leaves), *answers)


class GridworldTest(parameterized.TestCase):

  def test_walls_stop_and_the_goal_pays_once(self):
    config = gridworld.Config(3, 3, walls=((2, 2),), goal=(3, 1))
    _, state = gridworld.reset(_key(), config)
    state = state._replace(place=jnp.array([1, 1]))
    found = _walk(gridworld, state, [0, 3, 1, 2, 1, 1, 1], config)
    np.testing.assert_array_equal(
        found.state.place,
        [[1, 1], [1, 2], [1, 2], [1, 1], [2, 1], [3, 1], [3, 1]],
    )
    np.testing.assert_array_equal(found.reward, [0, 0, 0, 0, 0, 1, 0])
    np.testing.assert_array_equal(found.terminated, [0, 0, 0, 0, 0, 1, 1])
    image = found.observation[1]
    self.assertEqual(image.shape, (5, 5))
    np.testing.assert_array_equal(np.argwhere(image == 1), [[1, 2]])
    self.assertEqual((image == -1).sum(), 16 + 1)

  def test_goal_and_pixels_stay_while_starts_change(self):
    config = gridworld.Config(4, 3, shuffled=True)
    plain = gridworld.Config(4, 3)

    def one(key):
      key, other = jax.random.split(key)
      _, state = gridworld.reset(key, config)
      again, later = gridworld.restart(other, state, config)
      return state, later, again, gridworld.observe(later, plain)

    first, later, image, shown = jax.jit(jax.vmap(one))(
        jax.random.split(_key(), 100)
    )
    np.testing.assert_array_equal(first.goal, later.goal)
    np.testing.assert_array_equal(first.order, later.order)
    self.assertFalse(np.any(np.all(first.place == first.goal, axis=1)))
    # All goals and starts occur; pixels are those of the plain image.
    for places in (first.goal, first.place):
      self.assertLen(np.unique(places, axis=0), 12)
    np.testing.assert_array_equal(
        np.sort(image.reshape(100, -1)), np.sort(shown.reshape(100, -1))
    )
    self.assertLen(np.unique(first.order, axis=0), 100)

  def test_shortest_ways_are_those_of_value_iteration(self):
    config = gridworld.Config(3, 3, walls=((2, 2),), goal=(1, 1))
    cells = grid.free(gridworld.walls(config))
    _, state = gridworld.reset(_key(), config)
    move = lambda place, action: gridworld.step(
        _key(), state._replace(place=place), action, config
    ).state.place
    both = jax.vmap(jax.vmap(move, (None, 0)), (0, None))
    ahead = both(jnp.asarray(cells), jnp.arange(4))
    odds = (ahead[:, :, None] == cells[None, None]).all(-1).astype(float)
    ends = (cells == [1, 1]).all(1)
    gold = np.broadcast_to(ends[None, None] & ~ends[:, None, None], odds.shape)
    found = dynamic_programming.value_iteration(
        odds, jnp.asarray(gold, float), 0.9, ends
    )
    # Round the one wall it is as far as by city blocks.
    steps = np.abs(cells - 1).sum(1)
    np.testing.assert_allclose(
        found.v, np.where(ends, 0, 0.9 ** (steps - 1.0)), rtol=1e-5
    )

  def test_bad_input(self):
    wrong: Any = jnp.nan
    _, state = gridworld.reset(_key(), gridworld.Config())
    for text, call in (
        ('goal must be a free cell.*which is a wall', lambda: gridworld.Config(
            goal=(0, 3))),
        ('goal must be a free cell', lambda: gridworld.Config(
            walls=((2, 2),), goal=(2, 2))),
        ('walls must be a free cell', lambda: gridworld.Config(
            walls=((9, 9),))),
        ('must leave two free cells', lambda: gridworld.Config(1, 1)),
        (r'action must be in \[0, 4\), got 4', lambda: gridworld.step(
            _key(), state, 4, gridworld.Config())),
        ('action must be a whole number, got nan', lambda: gridworld.step(
            _key(), state, wrong, gridworld.Config())),
        ('goal must be one of the 28', lambda: linear_track.Config(goal=28)),
        ('odd width', lambda: alternating_t.Config(width=8)),
    ):  # fmt: skip
      with self.subTest(text), self.assertRaisesRegex(ValueError, text):
        call()


class LinearTrackTest(absltest.TestCase):

  def test_ring_runs_one_way_and_pays_each_round(self):
    config = linear_track.Config(3, 3, goal=2)
    np.testing.assert_array_equal(
        linear_track.ring(config),
        [[1, 1], [1, 2], [1, 3], [2, 3], [3, 3], [3, 2], [3, 1], [2, 1]],
    )
    way = linear_track.legal(config)
    np.testing.assert_array_equal(way, [3, 3, 1, 1, 2, 2, 0, 0])
    state = linear_track.State(jnp.int32(0), jnp.int32(2))
    actions = [*way, *way]
    found = _walk(linear_track, state, actions, config)
    np.testing.assert_array_equal(found.state.cell, np.arange(1, 17) % 8)
    np.testing.assert_array_equal(np.flatnonzero(found.reward), [1, 9])
    self.assertFalse(found.terminated.any() or found.truncated.any())
    back = _walk(linear_track, state, [0, 1, 2], config)
    np.testing.assert_array_equal(back.state.cell, [0, 0, 0])
    # Standing at the goal pays nothing.
    at_goal = state._replace(cell=jnp.int32(2))
    self.assertEqual(_walk(linear_track, at_goal, [0], config).reward[0], 0)
    places = np.argwhere(found.observation[3] == 1)
    np.testing.assert_array_equal(places, [[3, 3]])


class AlternatingTTest(absltest.TestCase):

  def test_ends_pay_by_turns_and_wrong_ways_cost(self):
    config = alternating_t.Config()
    _, state = alternating_t.reset(_key(), config)
    left, right, down, up = range(4)
    there = [up] * 4 + [left] * 2
    back = [down] * 4 + [right] * 2
    other = [up] * 4 + [right] * 2 + [down] * 4 + [left] * 2
    found = _walk(alternating_t, state, [*there, *back, *other], config)
    paid = np.flatnonzero(found.reward)
    np.testing.assert_array_equal(paid, [5, 11, 17, 23])
    np.testing.assert_array_equal(found.reward[paid], 5)
    np.testing.assert_array_equal(found.state.phase[paid], [1, 2, 3, 0])
    # The same end twice pays once; back along the bar, and at the foot any way
    # but up, is closed.
    again = jax.tree.map(lambda leaf: jnp.asarray(leaf[5]), found.state)
    found = _walk(alternating_t, again, [right, up, down, up], config)
    np.testing.assert_array_equal(found.reward, [-1, -1, 0, 0])
    np.testing.assert_array_equal(found.state.phase, 1)
    _, state = alternating_t.reset(_key(), config)
    found = _walk(alternating_t, state, [left, right, down], config)
    np.testing.assert_array_equal(found.reward, -1)

  def test_memory_shows_the_past_fainter(self):
    config = alternating_t.Config(memory=2)
    _, state = alternating_t.reset(_key(), config)
    image = _walk(alternating_t, state, [3, 3, 3], config).observation[-1]
    np.testing.assert_allclose(image[3, 1:6], [0, 0.81, 0.9, 1, 0], rtol=1e-6)
    self.assertTrue(np.all(image[alternating_t.walls(config)] == -1))


class VisualCorridorTest(absltest.TestCase):

  def test_only_the_last_state_pays_for_a_lick(self):
    config = visual_corridor.Config(4, 6, 2, 2)
    _, state = visual_corridor.reset(_key(), config)
    for rewarded, pay in ((True, 1), (False, -1)):
      begun = state._replace(
          position=jnp.int32(1), rewarded=jnp.array(rewarded)
      )
      found = _walk(visual_corridor, begun, [2, 1, 0, 0, 0, 2, 2], config)
      np.testing.assert_array_equal(found.state.position, [1, 0, 1, 2, 3, 3, 3])
      np.testing.assert_array_equal(found.reward, [0, 0, 0, 0, 0, pay, 0])
      np.testing.assert_array_equal(found.terminated, [0, 0, 0, 0, 0, 1, 1])
      which = 0 if rewarded else 1
      np.testing.assert_array_equal(
          found.observation[3:5], visual_corridor.gratings(config)[which]
      )
      np.testing.assert_array_equal(found.observation[1], state.images[0])
    at_end = state._replace(position=jnp.int32(3))
    for action, ends in ((0, True), (1, False)):
      found = _walk(visual_corridor, at_end, [action], config)
      self.assertEqual((found.reward[0], found.terminated[0]), (0, ends))

  def test_images_stay_while_trials_change(self):
    config = visual_corridor.Config(2, 3, 2, 1)
    world = auto_reset.wrap(visual_corridor)
    _, state = visual_corridor.reset(_key(), config)
    at_end = state._replace(position=jnp.int32(2))
    keys = jax.random.split(_key(), 40)
    answers = jax.jit(
        jax.vmap(lambda k: world.step(k, at_end, jnp.int32(0), config))
    )(keys)
    self.assertEqual(set(answers.state.position.tolist()), {0, 1})
    self.assertEqual(set(answers.state.rewarded.tolist()), {False, True})
    for images in answers.state.images:
      np.testing.assert_array_equal(images, state.images)


if __name__ == '__main__':
  absltest.main()
