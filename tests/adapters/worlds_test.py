"""Worlds of gymnax and Brax as ours, and ours as gymnax's."""

import types
from typing import Any
from typing import NamedTuple

from absl.testing import absltest
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from nmlib.adapters import brax
from nmlib.adapters import gymnax
from nmlib.environments import auto_reset
from nmlib.environments import contract
from nmlib.environments import finite_mdp


class _Count(NamedTuple):
  time: jax.Array


class _Counter:
  """Counts to its params, then is cut; an action of 7 ends it."""

  def reset_env(self, key, params):
    del key, params
    return jnp.zeros(()), _Count(jnp.int32(0))

  def step_env(self, key, state, action, params):
    del key, params
    state = _Count(state.time + 1)
    return 1.0 * state.time, state, 0.5, action == 7, {'seen': action}

  def is_truncated(self, state, params):
    return state.time >= params


class _Done(NamedTuple):
  obs: jax.Array
  reward: jax.Array
  done: jax.Array
  info: dict[str, Any]


class _Braxen:
  """Adds actions up; done at 2, or by a time limit it notes at 3."""

  def reset(self, rng):
    del rng
    zero = jnp.zeros(())
    return _Done(zero, zero, zero, {'truncation': zero})

  def step(self, state, action):
    total = state.obs + action
    cut = jnp.where(total == 3, 1.0, 0.0)
    done = jnp.where(total == 2, 1.0, cut)
    return _Done(total, 2 * action, done, {'truncation': cut})


class GymnaxTest(absltest.TestCase):

  def test_theirs_is_cut_and_ended_as_it_says(self):
    world = gymnax.from_gymnax(_Counter())
    _, state = world.reset(jax.random.key(0), 2)
    step = lambda state, action: contract.Step(
        *world.step(jax.random.key(1), state, jnp.int32(action), 2)
    )
    first = step(state, 0)
    self.assertFalse(first.terminated | first.truncated)
    second = step(first.state, 0)
    self.assertEqual((second.terminated, second.truncated), (False, True))
    ended = step(first.state, 7)  # both at once: an end alone
    self.assertEqual((ended.terminated, ended.truncated), (True, False))
    self.assertEqual((ended.observation, ended.reward), (2, 0.5))
    again = auto_reset.wrap(world).step(
        jax.random.key(1), first.state, jnp.int32(0), 2
    )
    self.assertEqual(again.observation, 0)
    self.assertEqual(again.info['final_observation'], 2)

  def test_ours_begins_anew_as_gymnax_does(self):
    config = finite_mdp.trap(1.0)
    environment = gymnax.Gymnax(finite_mdp, config, max_steps=2, num_actions=2)
    self.assertEqual(environment.name, 'finite_mdp')
    observation, state = environment.reset(jax.random.key(0))
    seen, cut = [int(observation)], []
    for t in range(3):
      key = jax.random.fold_in(jax.random.key(1), t)
      observation, state, _, terminated, truncated, info = environment.step(
          key, state, jnp.int32(1)
      )
      seen.append(int(observation))
      cut.append(bool(truncated))
      self.assertFalse(terminated or info['terminated'])
    self.assertEqual(seen, [0, 1, 0, 1])
    self.assertEqual(cut, [False, True, False])

  def test_others_are_refused(self):
    with self.assertRaisesRegex(ValueError, 'gymnax 1.0.*without reset_env'):
      gymnax.from_gymnax(types.SimpleNamespace())
    with self.assertRaisesRegex(ValueError, 'of Brax.*without step'):
      brax.from_brax(types.SimpleNamespace(reset=lambda rng: None))

  def test_cartpole_of_gymnax_is_the_same_world(self):
    theirs: Any = pytest.importorskip(
        'gymnax', reason='gymnax 1.0.1 is not installed; it wants jax < 0.12'
    )
    environment, params = theirs.make('CartPole-v1')
    world = gymnax.from_gymnax(environment)
    _, state = world.reset(jax.random.key(0), params)
    again = state
    for t in range(30):
      action = jnp.int32(t % 2)
      key = lambda t=t: jax.random.fold_in(jax.random.key(1), t)
      ours = contract.Step(*world.step(key(), state, action, params))
      observation, again, reward, terminated, _ = environment.step_env(
          key(), again, action, params
      )
      np.testing.assert_allclose(ours.observation, observation, rtol=1e-6)
      self.assertEqual(
          (ours.reward, ours.terminated), (reward, bool(terminated))
      )
      state = ours.state


class BraxTest(absltest.TestCase):

  def test_time_limits_truncate_and_ends_terminate(self):
    world = brax.from_brax(_Braxen())
    observation, state = world.reset(jax.random.key(0), None)
    self.assertEqual(observation, 0)
    for action, wanted in ((1.0, (0, 0)), (2.0, (1, 0)), (3.0, (0, 1))):
      answer = world.step(jax.random.key(1), state, jnp.array(action), None)
      self.assertEqual((answer.terminated, answer.truncated), wanted)
      self.assertEqual(
          (answer.observation, answer.reward), (action, 2 * action)
      )


if __name__ == '__main__':
  absltest.main()
