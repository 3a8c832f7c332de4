"""A describer learns from units split whole, and keeps its best weights."""

from absl.testing import absltest
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.networks import describer
from nmlib.networks import description_learner as learner

_MODELS = describer.Config(4, 6, 8, 5, length=3, beam=3)
_CONFIG = learner.Config(_MODELS, 4, 0.03, check_every=2)


def _units(*shape):
  """Returns units whose features are their numbers."""
  numbers = np.arange(np.prod(shape)).reshape(*shape, 1, 1)
  features = np.broadcast_to(numbers, (*shape, 3, 4)).astype(np.float32)
  tokens = np.broadcast_to([[3, 1, 1], [4, 5, 1]], (*shape, 2, 3))
  return learner.Units(features, tokens.astype(np.int32))


def _numbers(units, row):
  return set(units.features[row][:, 0, 0].astype(int))


class SplitTest(absltest.TestCase):

  def test_a_group_is_left_out_and_the_others_are_split_by_unit(self):
    count, size = 3, 5
    folds = learner.leave_one_out(_units(count, size))
    for out in range(count):
      seen, chosen = (_numbers(part, out) for part in folds)
      self.assertFalse(seen & chosen)
      own = set(range(out * size, (out + 1) * size))
      self.assertEqual(seen | chosen, set(range(count * size)) - own)
      self.assertLen(seen, 7)  # of ten

  def test_units_are_held_out_each_time_others(self):
    splits, tests = learner.hold_out(_units(20), 2, train_share=0.5)
    self.assertEqual(splits.train.tokens.shape, (2, 9, 2, 3))
    for row in range(2):
      parts = [_numbers(part, row) for part in (*splits, tests)]
      self.assertEqual(set.union(*parts), set(range(20)))
      self.assertEqual(sum(map(len, parts)), 20)
    self.assertNotEqual(_numbers(tests, 0), _numbers(tests, 1))

  def test_both_parts_have_a_unit(self):
    parts = learner.split(_units(3), [2, 0], 0.99)
    self.assertEqual([len(part.tokens) for part in parts], [1, 1])
    for call, message in (
        (lambda: learner.split(_units(3), [1]), 'two units at least, got 1'),
        (lambda: learner.split(_units(3), [0, 1], 2.0), r'in \[0, 1\], got 2'),
        (lambda: learner.leave_one_out(_units(1, 4)), 'at least 2 groups'),
    ):
      with self.assertRaisesRegex(ValueError, message):
        call()


class LearnerTest(absltest.TestCase):

  def setUp(self):
    super().setUp()
    units = learner.split(_units(6), range(6))
    self.state = learner.initial_learner(jax.random.key(0), units, _CONFIG)
    self.learn = jax.jit(lambda state: learner.learn(state, _CONFIG))

  def test_best_weights_are_a_copy(self):
    state, costs = self.learn(self.state)
    least = jnp.float32(0), jnp.float32(0)  # nothing is better
    better = state._replace(least=least)
    after, _ = self.learn(better)
    jax.tree.map(np.testing.assert_array_equal, after.best, better.best)
    self.assertEqual(float(state.least[0]), float(costs['caption']))
    tables = [p.caption.embedding for p in (after.params, after.best)]
    self.assertGreater(np.abs(tables[0] - tables[1]).max(), 0)

  def test_each_model_keeps_its_own_best(self):
    state, _ = self.learn(self.state)
    mixed = state._replace(least=(jnp.float32(0), jnp.float32(jnp.inf)))
    after, costs = self.learn(mixed)
    equal = np.testing.assert_array_equal
    jax.tree.map(equal, after.best.caption, mixed.best.caption)
    jax.tree.map(equal, after.best.language, after.params.language)
    self.assertEqual(float(after.least[1]), float(costs['language']))

  def test_two_sentences_are_learned(self):
    state = self.state
    for _ in range(30):
      state, costs = self.learn(state)
    # Either of two sentences, of one word and of two: log 2 nats to tell them
    # apart, over 2 and 3 words with the stop.
    least = np.log(2) * (1 / 2 + 1 / 3) / 2
    for cost in costs.values():
      self.assertBetween(float(cost), 0.95 * least, 1.4 * least)

  def test_descriptions_of_groups_are_those_of_their_models(self):
    draw = jax.vmap(lambda key: describer.init_models(key, _MODELS))
    params = draw(jax.random.split(jax.random.key(1)))
    features = jax.random.normal(jax.random.key(2), (2, 3, 2, 4))
    said = learner.describe_all(params, features, _MODELS, batch_size=2)
    own = jax.tree.map(lambda leaf: leaf[1], params)
    one = describer.describe(own, features[1, 2], _MODELS)
    np.testing.assert_array_equal(said['wPMI'][1, 2], one.wpmi)
    np.testing.assert_array_equal(said['likelihood'][1, 2], one.likelihood)


if __name__ == '__main__':
  absltest.main()
