"""PPO: its first step is the policy gradient, and it stops where it should."""

import dataclasses
from typing import Any

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np
import optax
from scipy import stats

from nmlib.networks.agents import agent as agents
from nmlib.networks.agents import distributions
from nmlib.networks.agents import heads
from nmlib.networks.agents import ppo
from nmlib.plasticity.reinforcement import gae

# A policy of one number that looks at nothing, as small as one can be.
_PLAIN = agents.Network(
    lambda key, observation: jnp.zeros(1),
    lambda params, observation: distributions.Normal(params, 0.1),
)
_NOTHING = agents.Network(
    lambda key, observation: jnp.zeros(()),
    lambda params, observation: params,
)
_CONFIG = ppo.Config(
    segment=8, iterations=1, advantage=gae.Config(0.9, 0.5), actor_rate=0.01
)


def _transitions(agent, learner, reward):
  observation = jnp.arange(24.0).reshape(8, 1, 3)
  keys = jax.vmap(jax.random.fold_in, (None, 0))(
      jax.random.key(1), jnp.arange(8)
  )
  action, memo = jax.vmap(agent.act, (0, None, 0))(
      keys, learner, observation[:, 0]
  )
  no = jnp.zeros((8, 1), bool)
  return agents.Transition(
      observation, action[:, None], memo[:, None], reward(action), observation,
      no.at[3].set(True), no.at[7].set(True),
  )  # fmt: skip


class PpoTest(parameterized.TestCase):

  def _updated(self, config, actor=_PLAIN):
    agent = ppo.make(actor, _NOTHING, config)
    learner = agent.init(jax.random.key(0), jnp.zeros(3))
    steps = _transitions(agent, learner, lambda action: action + 5)
    return learner, steps, *agent.update(jax.random.key(2), learner, steps)

  def test_first_step_is_adam_on_the_policy_gradient(self):
    learner, steps, after, _ = self._updated(_CONFIG)
    advantages, returns = gae.advantages(
        steps.reward[:, 0], jnp.zeros(8), jnp.zeros(8), steps.terminated[:, 0],
        steps.truncated[:, 0], _CONFIG.advantage,
    )  # fmt: skip
    scaled = (advantages - advantages.mean()) / advantages.std()
    # d log N(a; m, s) / dm = (a - m) / s^2.
    wanted = -np.mean(scaled * steps.action[:, 0, 0] / 0.1**2)
    step = -0.01 * wanted / (abs(wanted) + 1e-8)
    np.testing.assert_allclose(
        after.params.actor - learner.params.actor, [step], rtol=1e-5
    )
    # The critic's: of half the mean square of the values' distance.
    moved = 1e-3 * np.sign(np.mean(returns))
    np.testing.assert_allclose(after.params.critic, moved, rtol=1e-4)

  def test_actor_rests_once_it_has_gone_far_enough(self):
    many = dataclasses.replace(_CONFIG, iterations=20, max_divergence=1e-4)
    learner, _, after, metrics = self._updated(many)
    self.assertEqual(metrics['actor_steps'], 1)
    np.testing.assert_allclose(
        abs(after.params.actor - learner.params.actor), 0.01, rtol=1e-5
    )
    self.assertGreater(metrics['divergence'], 1e-4)
    # The critic goes on: 20 steps of 1e-3, all in one direction.
    self.assertAlmostEqual(abs(float(after.params.critic)), 0.02, delta=2e-3)

  def test_small_batches_pass_over_all_steps_in_a_new_order(self):
    # Batches of one step: each pass is Adam on each step's own gradient, which
    # a critic that is one number shows: half the squared distance's is v - R.
    config = dataclasses.replace(
        _CONFIG, iterations=2, batches=8, max_divergence=1e9
    )
    _, steps, after, metrics = self._updated(config)
    self.assertEqual(metrics['actor_steps'], 16)
    _, returns = gae.advantages(
        steps.reward[:, 0], jnp.zeros(8), jnp.zeros(8), steps.terminated[:, 0],
        steps.truncated[:, 0], config.advantage,
    )  # fmt: skip
    optimizer = optax.adam(config.critic_rate)
    value: Any = jnp.zeros(())
    moments = optimizer.init(value)
    orders = [
        jax.random.permutation(key, 8)
        for key in jax.random.split(jax.random.key(2), 2)
    ]
    for row in np.concatenate(orders):
      update, moments = optimizer.update(value - returns[row], moments)
      value += update
    np.testing.assert_allclose(after.params.critic, value, rtol=1e-4)
    self.assertFalse((orders[0] == orders[1]).all())

  def test_batches_that_do_not_divide_an_update_are_refused(self):
    with self.assertRaisesRegex(
        ValueError, 'batches must divide the 8 .*got 3'
    ):
      self._updated(dataclasses.replace(_CONFIG, batches=3))

  def test_each_network_sees_what_it_asked_for(self):
    raw = heads.gaussian_policy(2, hidden=(4,), normalise=False)
    for normalise in (False, True):
      agent = ppo.make(raw._replace(normalise=normalise), _NOTHING, _CONFIG)
      learner = agent.init(jax.random.key(0), jnp.zeros(3))
      seen = learner.statistics._replace(
          count=jnp.array(4.0), mean=jnp.full(3, 5.0), squares=jnp.full(3, 16.0)
      )
      found = agent.best(learner._replace(statistics=seen), jnp.full(3, 9.0))
      given = jnp.full(3, 2.0 if normalise else 9.0)
      wanted = raw.apply(learner.params.actor, given).mean
      np.testing.assert_allclose(found, wanted, rtol=1e-6)

  def test_statistics_are_those_of_all_observations(self):
    _, steps, after, _ = self._updated(_CONFIG)
    rows = np.asarray(steps.observation).reshape(8, 3)
    np.testing.assert_allclose(after.statistics.mean, rows.mean(0), rtol=1e-6)
    np.testing.assert_allclose(
        after.statistics.squares / 8, rows.var(0), rtol=1e-5
    )


class DistributionsTest(absltest.TestCase):

  def test_normal_is_scipys(self):
    policy = distributions.Normal(jnp.array([0.5, -1.0]), jnp.array(0.1))
    action = jnp.array([0.4, -0.8])
    by: Any = stats.norm(np.asarray(policy.mean), 0.1)
    np.testing.assert_allclose(
        distributions.log_probability(policy, action),
        by.logpdf(action).sum(), rtol=1e-5,
    )  # fmt: skip
    np.testing.assert_allclose(
        distributions.entropy(policy), by.entropy().sum(), rtol=1e-5
    )
    draws = jax.vmap(distributions.sample, (0, None))(
        jax.random.split(jax.random.key(0), 4000), policy
    )
    np.testing.assert_allclose(draws.std(0), [0.1, 0.1], rtol=0.05)
    np.testing.assert_array_equal(distributions.mode(policy), policy.mean)

  def test_categorical_is_softmax(self):
    odds = np.array([0.2, 0.5, 0.3])
    policy = distributions.Categorical(jnp.log(odds) + 7)
    np.testing.assert_allclose(
        [distributions.log_probability(policy, a) for a in range(3)],
        np.log(odds), rtol=1e-5,
    )  # fmt: skip
    np.testing.assert_allclose(
        distributions.entropy(policy), stats.entropy(odds), rtol=1e-5
    )
    self.assertEqual(distributions.mode(policy), 1)

  def test_what_is_never_done_has_no_entropy(self):
    entropy = lambda logits: distributions.entropy(
        distributions.Categorical(logits)
    )
    logits = jnp.array([0.0, -jnp.inf, 0.0])
    value, slope = jax.value_and_grad(entropy)(logits)
    np.testing.assert_allclose(value, np.log(2), rtol=1e-6)
    np.testing.assert_allclose(slope, 0, atol=1e-6)
    self.assertEqual(entropy(jnp.array([0.0, -jnp.inf])), 0)

  def test_actions_of_other_policies_are_refused(self):
    three = distributions.Categorical(jnp.zeros(3))
    normal = distributions.Normal(jnp.zeros(3), 0.1)
    for text, policy, action in (
        (r'action must be in \[0, 3\), got 7', three, 7),
        (r'action must be in \[0, 3\), got -1', three, -1),
        ('action must be integers, got float32', three, 1.0),
        (r'action must be \[\], got shape \[1\]', three, np.zeros(1, int)),
        (r'action must be \[3\] as the mean is', normal, jnp.zeros(1)),
    ):
      with self.assertRaisesRegex(ValueError, text):
        distributions.log_probability(policy, action)


if __name__ == '__main__':
  absltest.main()
