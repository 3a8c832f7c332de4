"""Facts and chains, by the laws that prompts and their twins keep."""

from absl.testing import absltest
from absl.testing import parameterized
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.data.tasks import recall_lessons as lessons
from nmlib.data.tasks import recall_reasoning as tasks

_CONFIG = tasks.Config(10, 4, 3, num_words=6, num_followers=2)
_WORLD = tasks.world(jax.random.key(0), _CONFIG)
_PAIRS = 4 * _CONFIG.num_chains  # tokens of them


def _key():
  return jax.random.key(1)


def _keys():
  return jax.random.split(_key(), 40)


def _followed(tokens, subject, steps):
  """Follows the first pair that starts with a symbol, by a dictionary."""
  pairs = dict(reversed(list(np.reshape(tokens[:_PAIRS], (-1, 2)).tolist())))
  for _ in range(steps):
    subject = pairs[int(subject)]
  return subject


class PromptTest(parameterized.TestCase):

  @parameterized.parameters(1, 2)
  def test_a_chain_and_its_twin_are_answered_by_following_pairs(self, steps):
    draw = jax.jit(jax.vmap(lambda key: tasks.chain(key, _CONFIG, steps)))
    found = jax.tree.map(np.asarray, draw(_keys()))
    self.assertEqual(found.clean.shape, (40, _CONFIG.length))
    relation = _CONFIG.then if steps == 2 else _CONFIG.next
    np.testing.assert_array_equal(found.clean[:, -2], relation)
    for clean, corrupt, answers, _ in zip(*found, strict=True):
      self.assertEqual(_followed(clean, clean[-1], steps), answers[0])
      self.assertEqual(_followed(corrupt, corrupt[-1], steps), answers[1])
    self.assertTrue((found.answers[:, 0] != found.answers[:, 1]).all())

  def test_a_fact_and_its_twin_are_answered_by_the_world(self):
    draw = jax.jit(jax.vmap(lambda key: tasks.recall(key, _WORLD, _CONFIG)))
    found = jax.tree.map(np.asarray, draw(_keys()))
    for i, prompts in enumerate((found.clean, found.corrupt)):
      relation = prompts[:, -2] - _CONFIG.num_symbols
      np.testing.assert_array_equal(
          found.answers[:, i], _WORLD.attributes[relation, prompts[:, -1]]
      )
    self.assertTrue((found.answers[:, 0] != found.answers[:, 1]).all())

  def test_tasks_are_told_apart_by_one_token_alone(self):
    fact = tasks.recall(_key(), _WORLD, _CONFIG)
    # The same draws of what is shown: recall splits off that of the relation.
    chain = tasks.chain(jax.random.split(_key())[1], _CONFIG)
    other = np.flatnonzero(fact.clean != chain.clean)
    np.testing.assert_array_equal(other, _CONFIG.length - 2)
    np.testing.assert_array_equal(fact.groups, chain.groups)

  def test_every_twin_has_one_other_token_and_groups_part_the_prompt(self):
    for found in (
        jax.vmap(lambda key: tasks.recall(key, _WORLD, _CONFIG))(_keys()),
        jax.vmap(lambda key: tasks.chain(key, _CONFIG))(_keys()),
    ):
      np.testing.assert_array_equal((found.clean != found.corrupt).sum(1), 1)
      np.testing.assert_array_equal(found.groups.sum(1), 1)
      np.testing.assert_array_equal(found.groups.sum(2)[0], [2, 2, 8, 1, 1])
      subject = found.clean[:, -1:]
      first = (found.clean == subject) & found.groups[:, 0]
      np.testing.assert_array_equal(first.sum(1), 1)

  def test_attributes_are_permutations_that_twins_do_not_share(self):
    attributes = np.asarray(_WORLD.attributes)
    np.testing.assert_array_equal(
        np.sort(attributes, 1), np.tile(np.arange(10), (4, 1))
    )
    self.assertFalse((attributes[::2] == attributes[1::2]).any())


class LessonTest(parameterized.TestCase):

  @parameterized.parameters((1.0, 1.0), (1.0, 0.0), (0.0, 0.0))
  def test_questions_have_their_answers(self, of_chains, of_one_step):
    found = lessons.lesson(_key(), _WORLD, _CONFIG, 5, of_chains, of_one_step)
    tokens = np.asarray(found.tokens)
    self.assertLen(tokens, _PAIRS + 15)
    asked = np.flatnonzero(found.asked)
    np.testing.assert_array_equal(asked, _PAIRS + 2 + 3 * np.arange(5))
    for place in asked:
      relation, subject, answer = tokens[place - 2 : place + 1]
      if of_chains:
        steps = 1 if of_one_step else 2
        self.assertEqual(relation, _CONFIG.next if steps == 1 else _CONFIG.then)
        self.assertEqual(answer, _followed(tokens, subject, steps))
        self.assertEqual(found.halfway[place], _followed(tokens, subject, 1))
      self.assertEqual(bool(found.halfway_asked[place]), bool(of_chains))
      if not of_chains:
        fact = _WORLD.attributes[relation - _CONFIG.num_symbols, subject]
        self.assertEqual(answer, fact)

  def test_rehearsal_asks_for_what_was_shown(self):
    found = lessons.rehearsal(_key(), _CONFIG, 25, 3)
    known = {}
    for i in range(0, 24, 2):
      one, two = np.asarray(found.tokens[i : i + 2]).tolist()
      self.assertEqual(bool(found.asked[i + 1]), one in known)
      self.assertEqual(known.setdefault(one, two), two)
    self.assertFalse(found.asked[::2].any())

  def test_rows_are_of_every_kind(self):
    mixture = lessons.Mixture(0.3, 0.3, 0.5, 0.5)
    draw = lambda key: lessons.row(key, _WORLD, _CONFIG, 2, mixture)
    found = jax.jit(jax.vmap(draw))(_keys())
    texts = (found.tokens >= _CONFIG.first_word).all(1)
    pairs = (found.tokens < _CONFIG.num_symbols).all(1)
    self.assertTrue(0 < texts.sum() and 0 < pairs.sum())
    self.assertLess((texts | pairs).sum(), 40)
    np.testing.assert_array_equal(found.asked[texts], True)
    self.assertFalse(found.halfway_asked[texts].any())

  def test_lessons_are_as_long_as_is_said(self):
    for questions in (1, 4):
      found = lessons.lesson(_key(), _WORLD, _CONFIG, questions, 0.5, 0.5)
      self.assertLen(found.tokens, lessons.length(_CONFIG, questions))

  def test_splits_ask_for_facts_of_the_own_world_in_other_prompts(self):
    own = lessons.known(_key(), _CONFIG)
    discovery, test, text = lessons.splits(_key(), _CONFIG, 30)
    for recall in (discovery, test):
      subjects = recall.clean[0, :, -1]
      relations = recall.clean[0, :, -2] - _CONFIG.num_symbols
      np.testing.assert_array_equal(
          own.attributes[relations, subjects], recall.answers[0, :, 0]
      )
    self.assertFalse(jnp.any(jnp.all(discovery.clean == test.clean, -1)))
    self.assertEqual(text.shape, (30, _CONFIG.length))

  def test_words_follow_words(self):
    words = np.asarray(tasks.text(_key(), _WORLD, _CONFIG, 50))
    self.assertTrue((words >= _CONFIG.first_word).all())
    for one, two in zip(words[:-1], words[1:], strict=True):
      self.assertIn(two, _WORLD.followers[one - _CONFIG.first_word])


class BadInputTest(parameterized.TestCase):

  @parameterized.parameters(
      (dict(num_chains=1), 'at least 2'),
      (dict(num_symbols=5), 'three symbols'),
      (dict(num_relations=3), 'even'),
      (dict(num_words=3), 'at most num_words=3'),
  )  # fmt: skip
  def test_configs_are_refused(self, options, message):
    with self.assertRaisesRegex(ValueError, message):
      tasks.Config(**options)

  def test_arguments_are_refused(self):
    other = tasks.Config()
    with self.assertRaisesRegex(ValueError, 'known.attributes must be'):
      tasks.recall(_key(), _WORLD, other)
    with self.assertRaisesRegex(ValueError, 'known.followers must be'):
      tasks.text(_key(), _WORLD._replace(followers=jnp.zeros(3)), _CONFIG, 4)
    with self.assertRaisesRegex(ValueError, 'steps must be 1 or 2, got 3'):
      tasks.chain(_key(), _CONFIG, 3)
    with self.assertRaisesRegex(ValueError, 'pairs must be 1 to half'):
      lessons.rehearsal(_key(), _CONFIG, 8, 6)


if __name__ == '__main__':
  absltest.main()
