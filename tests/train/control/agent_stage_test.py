"""The loop of agents: killed in mid-episode, it goes on to the same bits."""

from typing import Any

from absl.testing import absltest
from absl.testing import parameterized
from etils import epath
import jax
import jax.numpy as jnp
import numpy as np
from PIL import Image
from PIL import ImageSequence

from nmlib import train
from nmlib.environments import contract
from nmlib.environments import finite_mdp
from nmlib.environments import progress_rewards
from nmlib.environments import time_limit
from nmlib.networks.agents import chance
from nmlib.networks.agents import ddpg
from nmlib.networks.agents import double_dqn
from nmlib.networks.agents import heads
from nmlib.networks.agents import ppo
from nmlib.networks.agents import tabular_q
from nmlib.plasticity.reinforcement import double_q
from nmlib.plasticity.reinforcement import gae
from nmlib.plasticity.reinforcement import replay
from nmlib.plasticity.reinforcement import shaping
from nmlib.train.hosts import interrupt
from nmlib.train.hosts import mesh as mesh_lib

_TRAP = finite_mdp.trap(0.5)


def _scaled(factor):
  """Wraps a world so that its rewards are multiplied."""

  def wrap(world):
    def step(*args):
      answer = contract.Step(*world.step(*args))
      return answer._replace(reward=factor * answer.reward)

    restart = lambda *args: contract.restart(world, *args)
    return contract.Environment(world.reset, step, restart)

  return wrap


class _StopAt(interrupt.Watch):
  """Asks to stop after a number of questions, one a call."""

  def __init__(self, number):
    super().__init__()
    self._left = number

  def __call__(self):
    self._left -= 1
    return self._left <= 0


def _onehot(num_outputs, make=heads.network, **options):
  """A network of the place in one-hot form."""
  inside = make(num_outputs, hidden=(8,), normalise=False, **options)
  seen = lambda place: jax.nn.one_hot(place, 4)
  return inside._replace(
      init=lambda key, place: inside.init(key, seen(place)),
      apply=lambda params, place: inside.apply(params, seen(place)),
  )


def _dqn(**options):
  config = double_dqn.Config(
      memory=replay.Config(64, 8), target=double_q.Config(0.9), rate=0.02,
      epsilon=0.5, copy_every=5, begin=8, segment=2, **options,
  )  # fmt: skip
  return double_dqn.make(_onehot(2), 2, config)


def _ppo():
  config = ppo.Config(
      segment=16, iterations=8, advantage=gae.Config(0.9), actor_rate=0.05,
      critic_rate=0.05, max_divergence=0.1,
  )  # fmt: skip
  critic = _onehot(1)
  apply = lambda params, place: critic.apply(params, place)[0]
  return ppo.make(
      _onehot(2, heads.categorical_policy), critic._replace(apply=apply), config
  )


class _Point:
  """A number that actions push; the nearer to 0 the better. No end."""

  @staticmethod
  def reset(key, config):
    del config
    state = jax.random.uniform(key, (1,), minval=-1)
    return state, state

  @staticmethod
  def step(key, state, action, config):
    del key, config
    state = jnp.clip(state + 0.5 * action, -2, 2)
    no = jnp.zeros((), bool)
    return contract.Step(state, state, -jnp.sum(state**2), no, no, {})


class AgentStageTest(parameterized.TestCase):

  def _run(self, stop=None, workdir=None):
    return train.Run(
        epath.Path(workdir or self.create_tempdir().full_path),
        mesh_lib.parse('data:1'),
        interrupt.Watch() if stop is None else _StopAt(stop),
        False,
    )

  def _stage(self, agent, num_steps, world=finite_mdp, **options):
    named: dict[str, Any] = dict(
        name='agent', config=_TRAP, max_steps=7, num_worlds=2, eval_episodes=16,
        seeds=(0, 1),
    )  # fmt: skip
    return train.agent_stage(
        world,
        agent,
        loop=train.Loop(num_steps, log_every=num_steps),
        **(named | options),
    )

  def test_killed_in_mid_episode_it_goes_on_to_the_same_bits(self):
    stage = self._stage(_dqn(), 12)
    whole = train.fit(self._run(), stage)
    workdir = self.create_tempdir().full_path
    with self.assertRaises(interrupt.Interrupted):
      train.fit(self._run(stop=8, workdir=workdir), stage)
    steps, state = train.restore(self._run(workdir=workdir), stage)
    self.assertEqual(steps, 8)
    # Half full, and some episode has begun without having ended.
    np.testing.assert_array_equal(state.learner.memory.size, [32, 32])
    self.assertTrue(np.any(state.worlds.elapsed > 0))
    again = train.fit(self._run(workdir=workdir), stage)
    for one, other in zip(
        jax.tree.leaves(again.state), jax.tree.leaves(whole.state), strict=True
    ):
      if jnp.issubdtype(one.dtype, jax.dtypes.prng_key):
        one, other = jax.random.key_data(one), jax.random.key_data(other)
      np.testing.assert_array_equal(one, other)
    for name, (_, values) in whole.history.items():
      np.testing.assert_array_equal(again.history[name][1], values)

  @parameterized.named_parameters(
      ('ppo', _ppo, 30),
      ('double_dqn', lambda: _dqn(updates=4), 60),
      (
          'tabular_q',
          lambda: tabular_q.make(
              tabular_q.Config(4, 2, double_q.Config(0.9), epsilon=0.5)
          ),
          200,
      ),
  )
  def test_agents_learn_to_advance(self, make, num_steps):
    agent = make()
    run = self._run()
    stage = self._stage(agent, num_steps)
    fitted = train.fit(run, stage)
    chosen = jax.vmap(lambda learner: jax.vmap(
        lambda place: agent.best(learner, place))(jnp.arange(3))
    )(fitted.state.learner)  # fmt: skip
    np.testing.assert_array_equal(chosen, np.ones((2, 3)))
    returns = fitted.history['eval/return'][1][-1]
    # Two attempts fit in 7 steps: three quarters reach the goal.
    self.assertTrue(np.all(np.abs(returns - 0.75) < 0.3), returns)
    policy = train.policy(run, stage, agent, index=1)
    self.assertEqual(policy(jnp.int32(2)), 1)
    with self.assertRaisesRegex(ValueError, r'index must be in \[0, 2\)'):
      train.policy(run, stage, agent, index=2)

  def test_ddpg_learns_to_push_to_the_middle(self):
    config = ddpg.Config(
        memory=replay.Config(512, 32), discount=0.5, segment=10, updates=10,
        begin=40, random_steps=200, actor_rate=0.01, critic_rate=0.01,
        slow_rate=0.1,
    )  # fmt: skip
    options = {'hidden': (16,), 'normalise': False}
    agent = ddpg.make(
        heads.deterministic_policy(1, **options), heads.critic(**options),
        config,
    )  # fmt: skip
    fitted = train.fit(
        self._run(), self._stage(agent, 40, _Point(), seeds=(0,))
    )
    # What is best, to go by 1/2 at most, leaves 0.04 on average.
    self.assertGreater(fitted.history['eval/return'][1][-1, 0], -0.15)
    action = agent.best(
        jax.tree.map(lambda x: x[0], fitted.state.learner), jnp.array([0.5])
    )
    self.assertLess(action[0], -0.3)

  def test_returns_of_evaluation_are_the_worlds(self):
    agent = tabular_q.make(tabular_q.Config(4, 2, optimism=1.0, rate=0.0))
    plain = self._stage(agent, 2, eval_episodes=8)
    paid = self._stage(agent, 2, eval_episodes=8, training=_scaled(100.0))
    found = [train.fit(self._run(), stage).history for stage in (plain, paid)]
    np.testing.assert_array_equal(
        found[0]['eval/return'][1], found[1]['eval/return'][1]
    )
    # Nothing was learned, the first of equal actions is to stay.
    np.testing.assert_array_equal(found[0]['eval/return'][1], 0)
    np.testing.assert_array_equal(found[0]['eval/length'][1], 7)

  def test_starts_are_the_first_parameters(self):
    agent = tabular_q.make(tabular_q.Config(4, 2, rate=0.0))
    tables = jnp.zeros((2, 2, 4, 2)).at[1, ..., 1].set(1.0)
    stage = self._stage(agent, 2, starts=tables)
    fitted = train.fit(self._run(), stage)
    np.testing.assert_array_equal(fitted.state.learner.params, tables)
    returns = fitted.history['eval/return'][1][-1]
    self.assertEqual(returns[0], 0)
    self.assertGreater(returns[1], 0.4)

  def test_worlds_of_a_seed_begin_with_its_own(self):
    agent = tabular_q.make(tabular_q.Config(4, 2, epsilon=0.5))
    # Phi(s') as the seed's own says; the naive reward adds up to its last.
    phi = jnp.array([[0, 0.5, 0.5, 0.5], [0, 0.25, 0.25, 0.25]])
    stage = self._stage(
        agent, 20, world_starts=phi,
        training=lambda world, own: progress_rewards.wrap(
            world, lambda judge, before, place, after: judge[after],
            shaping.Config(0.9), 'naive', own,
        ),
    )  # fmt: skip
    fitted = train.fit(self._run(), stage)
    np.testing.assert_array_equal(
        fitted.state.worlds.judge, jnp.repeat(phi[:, None], 2, 1)
    )
    self.assertTrue(np.all(fitted.state.episodes.number > 0))
    for seed, values in enumerate(fitted.state.episodes.last):
      self.assertContainsSubset(values.tolist(), [0, float(phi[seed, 1]), 1])
    with self.assertRaisesRegex(ValueError, 'has 2 seeds, but a leaf of'):
      self._stage(
          agent, 2, world_starts=phi[:1], training=lambda world, _: world
      )

  def test_bad_numbers(self):
    agent = tabular_q.make(tabular_q.Config(4, 2))
    with self.assertRaisesRegex(ValueError, 'num_worlds must be at least 1'):
      self._stage(agent, 2, num_worlds=0)
    for name, bad in (
        ('num_worlds', 1.5), ('num_worlds', True), ('eval_episodes', 2.5),
    ):  # fmt: skip
      with self.assertRaisesRegex(ValueError, f'{name} must be a whole number'):
        self._stage(agent, 2, **{name: bad})
    with self.assertRaisesRegex(ValueError, 'seeds must be a tuple.* got 3'):
      self._stage(agent, 2, seeds=3)
    with self.assertRaisesRegex(ValueError, 'max_steps must be at least 1'):
      self._stage(agent, 2, max_steps=0)
    with self.assertRaisesRegex(ValueError, 'begin must be from the batch'):
      double_dqn.Config(begin=2)

  def test_agents_of_other_worlds_are_refused(self):
    tables = lambda *numbers: tabular_q.make(tabular_q.Config(*numbers))
    for text, agent in (
        (r'observation must be in \[0, 2\), got 3', tables(2, 2)),
        (r'agent has 5 actions, .*action must be in \[0, 2\)', tables(4, 5)),
        ('agent has 5 actions', double_dqn.make(_onehot(5), 5)),
        ('agent has 3 actions', chance.make(3, 1)),
        (
            'agent has 5 actions',
            ppo.make(
                _onehot(5, heads.categorical_policy),
                _onehot(1, lambda _, **options: heads.critic(**options)),
            ),
        ),
        (
            r'network must answer with \[num_actions=2\] values, got .* \[3\]',
            double_dqn.make(_onehot(3), 2),
        ),
        (
            'network must answer with .* values, got a Categorical',
            double_dqn.make(_onehot(2, heads.categorical_policy), 2),
        ),
    ):
      with self.assertRaisesRegex(ValueError, text):
        self._stage(agent, 2)

  def test_networks_that_are_no_policies_or_critics_are_refused(self):
    actor, critic = heads.gaussian_policy(1), heads.critic()
    push, one = heads.deterministic_policy(1), heads.network(1)
    for text, make, networks in (
        (r'actor must .* Normal or .* got an array \[1\]', ppo, (one, critic)),
        (r'actor must .* Normal or .* got an array \[\]', ppo, (critic, actor)),
        (r'critic must .* one value \[\].* array \[1\]', ppo, (actor, one)),
        (r'actor must .* action \[A\].* a Normal', ddpg, (actor, critic)),
        (r'actor must .* action \[A\].* array \[\]', ddpg, (critic, critic)),
        (r'critic must .* one value \[\].* array \[1\]', ddpg, (push, one)),
    ):
      with self.assertRaisesRegex(ValueError, text):
        self._stage(make.make(*networks), 2, _Point())

  def test_worlds_that_break_the_contract_are_refused(self):
    agent = ddpg.make(heads.deterministic_policy(1), heads.critic())

    def world(reset=_Point.reset, **changes):
      step = lambda *args: _Point.step(*args)._replace(**changes)
      again: Any = lambda *_: None
      return contract.Environment(reset, step, again)

    four: Any = lambda *args: _Point.step(*args)[:4]
    gym = world()._replace(step=four)
    start = lambda key, config: _Point.reset(key, config)[0]
    for text, bad in (
        (r'step of a world .*truncated, info\), got 4 values', gym),
        (r'reset of a world must .* got a ', world(start)),
        (r'reward of a step .* \[\], got .* \[1\]', world(reward=jnp.ones(1))),
        (
            'terminated of a step must be boolean.* got float32',
            world(terminated=jnp.zeros(())),
        ),
        (r'whose info is a dict, got', world(info=None)),
        (
            r'state of a step must be float32 \[1\] as of reset, got .* \[2\]',
            world(state=jnp.ones(2)),
        ),
        (
            r'observation of a step must be a tree as of reset',
            world(observation=()),
        ),
    ):
      with self.assertRaisesRegex(ValueError, text):
        self._stage(agent, 2, bad)
    # So is what the agent alone sees of it.
    paid = lambda inside: _scaled(jnp.ones(1))(inside)
    with self.assertRaisesRegex(ValueError, r'reward of a step .* \[1\]'):
      self._stage(agent, 2, _Point(), training=paid)


class GifTest(absltest.TestCase):

  def test_rollout_is_saved_frame_by_frame(self):
    world = time_limit.wrap(finite_mdp, 9)
    states = train.rollout(
        jax.random.key(0), lambda place: jnp.int32(1), world,
        finite_mdp.trap(1.0), 20,
    )  # fmt: skip
    self.assertLen(states, 4)
    draw = lambda state: np.full((4, 5, 3), 60 * state.world.place, np.uint8)
    path = epath.Path(self.create_tempdir().full_path) / 'sub' / 'a.gif'
    train.save_gif(path, states, draw)
    with Image.open(path) as image:
      frames = sum(1 for _ in ImageSequence.Iterator(image))
      self.assertEqual((frames, image.size), (4, (5, 4)))
    with self.assertRaisesRegex(ValueError, r'picture \[H, W, 3\] of uint8'):
      train.save_gif(path, states, lambda state: np.zeros((4, 5)))
    with self.assertRaisesRegex(ValueError, 'at least one state'):
      train.save_gif(path, [], draw)


if __name__ == '__main__':
  absltest.main()
