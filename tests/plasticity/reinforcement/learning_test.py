"""Advantages, targets, the clipped loss and replay, beside plain loops."""

from typing import Any

from absl.testing import absltest
import hypothesis
from hypothesis import strategies as st
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.plasticity.reinforcement import clipped_policy_gradient
from nmlib.plasticity.reinforcement import double_q
from nmlib.plasticity.reinforcement import gae
from nmlib.plasticity.reinforcement import replay

_advantages = jax.jit(gae.advantages, static_argnames='config')
_KINDS = st.lists(st.sampled_from('-et'), min_size=6, max_size=6)


class AdvantagesTest(absltest.TestCase):

  @hypothesis.given(_KINDS, st.integers(0, 99))
  @hypothesis.settings(max_examples=25)
  def test_sum_of_errors_within_an_episode(self, kinds, seed):
    rewards, values, ahead = np.random.default_rng(seed).normal(size=(3, 6))
    ended, cut = (np.array([k == kind for k in kinds]) for kind in 'et')
    found, returns = _advantages(
        rewards, values, ahead, ended, cut, gae.Config(0.9, 0.7)
    )
    for t in range(6):
      wanted = 0.0
      for k in range(t, 6):
        error = rewards[k] - values[k] + (0 if ended[k] else 0.9 * ahead[k])
        wanted += 0.63 ** (k - t) * error
        if ended[k] or cut[k]:
          break
      np.testing.assert_allclose(found[t], wanted, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(returns, found + values, atol=1e-5)

  def test_time_limit_bootstraps_where_an_end_does_not(self):
    one, yes, no = jnp.ones(1), jnp.ones(1, bool), jnp.zeros(1, bool)
    config = gae.Config(0.5, 1.0)
    _, cut = gae.advantages(one, 0 * one, 4 * one, no, yes, config)
    _, ended = gae.advantages(one, 0 * one, 4 * one, yes, no, config)
    np.testing.assert_allclose([cut[0], ended[0]], [3, 1])
    with self.assertRaisesRegex(ValueError, r'values must be \[num_steps=1\]'):
      gae.advantages(one, jnp.ones(2), one, no, yes, config)
    two = jnp.ones((4, 2))
    with self.assertRaisesRegex(
        ValueError, r'rewards must be \[T\], got \[4, 2\]; vmap over worlds'
    ):
      gae.advantages(two, two, two, two > 2, two > 2, config)


class DoubleQTest(absltest.TestCase):

  def test_one_chooses_and_the_other_judges(self):
    choosing, judging = jnp.array([1.0, 3.0, 2.0]), jnp.array([9.0, 4.0, 8.0])
    config = double_q.Config(0.5)
    one, no = jnp.ones(()), jnp.array(False)
    for ended, wanted in ((no, 3.0), (~no, 1.0)):
      found = double_q.target(one, ended, choosing, judging, config)
      self.assertEqual(found, wanted)
    slope = jax.grad(lambda q: double_q.target(one, no, q, q, config))
    np.testing.assert_array_equal(slope(choosing), 0)
    with self.assertRaisesRegex(ValueError, r'action must be in \[0, 3\), got'):
      double_q.error(choosing, jnp.array(3), one)

  def test_batches_are_the_callers(self):
    config, one, q = double_q.Config(0.5), jnp.ones(()), jnp.ones((4, 2))
    no = jnp.array(False)
    for text, call in (
        (
            r'choosing must be \[A\], got \[4, 2\]; vmap over transitions',
            lambda: double_q.target(one, no, q, q, config),
        ),
        (
            r'reward must be \[\], got \[4\]; vmap',
            lambda: double_q.target(jnp.ones(4), no, q[0], q[0], config),
        ),
        (
            r'values must be \[A\], got \[4, 2\]; vmap',
            lambda: double_q.error(q, jnp.array(0), one),
        ),
        (
            r'action must be \[\], got shape \[4\]',
            lambda: double_q.error(q[0], jnp.zeros(4, int), one),
        ),
    ):
      with self.assertRaisesRegex(ValueError, text):
        call()

  def test_tables_come_to_the_exact_values(self):
    """One state, two actions: stay for 1, or end for 3."""
    config, place = double_q.Config(0.5), jnp.array(0)

    def learn(tables, key):
      first, second = jax.random.split(key)
      which, action = jax.random.randint(first, (), 0, 2), jax.random.randint(
          second, (), 0, 2
      )
      reward = jnp.where(action == 1, 3.0, 1.0)
      return (
          double_q.update_tables(
              tables,
              which,
              place,
              action,
              reward,
              action == 1,
              place,
              0.3,
              config,
          ),
          None,
      )

    keys = jax.random.split(jax.random.key(0), 400)
    tables, _ = jax.lax.scan(learn, jnp.zeros((2, 1, 2)), keys)
    np.testing.assert_allclose(tables[:, 0], [[2.5, 3], [2.5, 3]], atol=1e-3)

  def test_tables_hold_what_is_learned(self):
    good = {'which': 1, 'place': 0, 'action': 1, 'next_place': 2}

    def learn(**bad):
      update: Any = double_q.update_tables
      return update(
          jnp.zeros((2, 3, 2)), reward=1.0, terminated=False, rate=0.5,
          config=double_q.Config(), **(good | bad),
      )  # fmt: skip

    self.assertEqual(learn()[1, 0, 1], 0.5)
    for name, value in (
        ('which', 2), ('place', 9), ('next_place', 9), ('action', 2),
        ('place', -1),
    ):  # fmt: skip
      with self.assertRaisesRegex(
          ValueError, rf'{name} must be in \[0, \d\), got {value}'
      ):
        learn(**{name: value})


class ClippedTest(absltest.TestCase):

  def test_gradient_stops_where_the_ratio_has_gone_far_enough(self):
    config = clipped_policy_gradient.Config(0.2)
    ratios = jnp.array([0.5, 0.5, 1.0, 1.5, 1.5])
    gains = jnp.array([1.0, -1.0, 2.0, 1.0, -1.0])

    def loss(log):
      return clipped_policy_gradient.policy_loss(
          log, jnp.zeros(5), gains, config
      )

    (value, measures), slope = jax.value_and_grad(loss, has_aux=True)(
        jnp.log(ratios)
    )
    teaches = jnp.array([1, 0, 1, 0, 1])
    np.testing.assert_allclose(slope, -ratios * gains * teaches / 5, rtol=1e-5)
    np.testing.assert_allclose(
        value, -(0.5 - 0.8 + 2 + 1.2 - 1.5) / 5, rtol=1e-5
    )
    np.testing.assert_allclose(measures.clipped, 0.4, rtol=1e-5)
    self.assertGreater(measures.divergence, 0)

  def test_value_loss(self):
    zero, far = jnp.zeros(1), jnp.array([0.5])
    plain = clipped_policy_gradient.Config()
    cut = clipped_policy_gradient.Config(value_clip=0.2)
    found = [
        clipped_policy_gradient.value_loss(far, zero, jnp.ones(1), config)
        for config in (plain, cut)
    ]
    np.testing.assert_allclose(found, [0.125, 0.32], rtol=1e-6)
    scaled = clipped_policy_gradient.normalized(jnp.array([1.0, 3.0]))
    np.testing.assert_allclose(scaled, [-1, 1], rtol=1e-6)

  def test_steps_have_one_axis(self):
    config, two = clipped_policy_gradient.Config(), jnp.ones((4, 2))
    with self.assertRaisesRegex(
        ValueError, r'log_probabilities must be \[N\], got \[4, 2\]; flatten'
    ):
      clipped_policy_gradient.policy_loss(two, two, two, config)
    with self.assertRaisesRegex(ValueError, r'returns must be \[num_steps=4\]'):
      clipped_policy_gradient.value_loss(two[:, 0], two[:, 0], two, config)


class ReplayTest(absltest.TestCase):

  @hypothesis.given(st.integers(2, 12))
  @hypothesis.settings(max_examples=6)
  def test_holds_the_newest_and_draws_no_other(self, count):
    config = replay.Config(capacity=5, batch_size=2)
    state = replay.initial_state({'x': 0, 'o': jnp.zeros(2)}, config)
    self.assertFalse(replay.can_draw(state, config))

    def add(state, x):
      transition = {'x': x, 'o': jnp.full(2, x, float)}
      return replay.add(state, transition, config), None

    state, _ = jax.lax.scan(add, state, jnp.arange(1, count + 1))
    self.assertTrue(replay.can_draw(state, config))
    newest = set(range(max(1, count - 4), count + 1))
    self.assertEqual(set(np.asarray(state.data['x']).tolist()) - {0}, newest)
    keys = jax.random.split(jax.random.key(count), 40)
    drawn = jax.vmap(replay.draw, (0, None, None))(keys, state, config)
    self.assertEqual(set(np.asarray(drawn['x']).ravel().tolist()), newest)
    np.testing.assert_array_equal(drawn['o'][..., 0], drawn['x'])

  def test_other_transitions_than_it_was_begun_for_are_refused(self):
    config = replay.Config(capacity=4, batch_size=1)
    like = {'a': 0, 'o': jnp.zeros(3)}
    state = replay.initial_state(like, config)
    kept = replay.add(state, like | {'o': jnp.arange(3)}, config)
    np.testing.assert_array_equal(kept.data['o'][0], [0, 1, 2])
    for text, bad in (
        (r"transition\['o'\] must be \[3\].* got shape \[\]", {'o': 1.0}),
        (r"transition\['o'\] must be \[3\].* got shape \[1\]", {'o': [1.0]}),
        (r"transition\['a'\] must be int32.* got float32", {'a': 0.7}),
        ('transition must be a tree like', {'b': 1}),
    ):
      bad = {name: jnp.asarray(value) for name, value in bad.items()}
      with self.assertRaisesRegex(ValueError, text):
        replay.add(state, like | bad, config)
    larger = replay.Config(capacity=8, batch_size=1)
    for call in (
        lambda: replay.add(state, like, larger),
        lambda: replay.draw(jax.random.key(0), kept, larger),
    ):
      with self.assertRaisesRegex(ValueError, 'capacity=8.* begun with 4'):
        call()

  def test_less_than_a_batch_is_refused(self):
    config = replay.Config(capacity=5, batch_size=2)
    state = replay.add(replay.initial_state(0.0, config), 1.0, config)
    with self.assertRaisesRegex(
        ValueError, r'must hold at least batch_size=2 transitions.*got 1'
    ):
      replay.draw(jax.random.key(0), state, config)
    with self.assertRaisesRegex(ValueError, 'at least batch_size=3, got 2'):
      replay.Config(capacity=2, batch_size=3)


if __name__ == '__main__':
  absltest.main()
