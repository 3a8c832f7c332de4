"""Prompts of real text: twins, answers and lengths."""

from absl.testing import absltest
from absl.testing import parameterized
import numpy as np

from nmlib.data.text import recall_prompts

_STORIES = np.random.default_rng(0).integers(0, 30, (8, 60))
_STORIES[:, 20::6] = 40
_STORIES[:, 21::6] = 41  # 40 is always followed by 41
_STORIES[:, 22::6] = 42  # and 41 by 42


def _encode(text: str) -> list[int]:
  """One token a word, as its letters say."""
  words = text.replace('.', ' .').replace(':', ' :').split()
  return [sum(map(ord, word)) * 31 + ord(word[-1]) for word in words]


class RecallPromptsTest(parameterized.TestCase):

  def test_stories_are_cut_where_one_token_follows(self):
    rng = np.random.default_rng(1)
    found = recall_prompts.story_bigrams(rng, _STORIES, 20, 9)
    self.assertEqual(found.clean.shape, (20, 9))
    follows = {40: 41, 41: 42}
    for clean, corrupt, answers in zip(*found[:3], strict=True):
      self.assertEqual(follows[clean[-1]], answers[0])
      self.assertEqual(follows[corrupt[-1]], answers[1])
      self.assertNotEqual(*answers)

  def test_copies_are_answered_by_what_followed_before(self):
    rng = np.random.default_rng(1)
    found = recall_prompts.copies(rng, np.arange(50), 20, 9)
    for prompts, answers in ((found.clean, 0), (found.corrupt, 1)):
      for row, answer in zip(prompts, found.answers[:, answers], strict=True):
        first = row.tolist().index(row[-1])
        self.assertEqual(row[first + 1], answer)
    self.assertTrue((found.clean[:, :3] == found.clean[:, 6:]).all())

  def test_facts_and_chains_are_as_long_and_differ_in_one_token(self):
    rng = np.random.default_rng(1)
    for found in recall_prompts.facts_and_chains(rng, _encode, 6):
      np.testing.assert_array_equal((found.clean != found.corrupt).sum(1), 1)
      np.testing.assert_array_equal(found.groups.sum(1), 1)
      self.assertTrue((found.answers[:, 0] != found.answers[:, 1]).all())
    discovery, test, text = recall_prompts.fact_splits(0, _encode, 3)
    self.assertEqual(discovery.clean.shape, test.clean.shape)
    self.assertEqual(discovery.clean.shape[:2], (2, 3))
    np.testing.assert_array_equal(text[0], text[1])

  def test_bad_input_is_refused(self):
    rng = np.random.default_rng(1)
    with self.assertRaisesRegex(ValueError, 'two tokens at least'):
      recall_prompts.story_bigrams(rng, np.arange(20).reshape(2, 10), 3, 4)
    with self.assertRaisesRegex(ValueError, 'length must be at least 6'):
      recall_prompts.copies(rng, np.arange(20), 3, 5)
    with self.assertRaisesRegex(ValueError, 'six countries at least'):
      recall_prompts.facts_and_chains(rng, lambda text: [1, 2], 3)


if __name__ == '__main__':
  absltest.main()
