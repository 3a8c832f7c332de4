"""A world told in several languages."""

from absl.testing import absltest
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.data.tasks import multilingual

_CONFIG = multilingual.Config()


class MultilingualTest(absltest.TestCase):

  def test_languages_share_what_their_relation_says(self):
    words = multilingual.words(_CONFIG)
    content = words[:, : _CONFIG.num_content]
    common = lambda a, b, table: len({*table[a]} & {*table[b]})
    for a in range(5):
      self.assertLen({*words[a]}, words.shape[1])  # no word means two things
      for b in range(a):
        related = (b, a) in _CONFIG.related
        self.assertEqual(common(a, b, words), 12 if related else 0)
        self.assertEqual(common(a, b, content), 12 if related else 0)
    self.assertEqual({*words.ravel()}, {*range(7, _CONFIG.vocab_size)})
    # Words in common stand in every kind: things, plurals, colours.
    same = content[1] == content[2]
    for kind in np.split(same, [10, 20]):
      self.assertBetween(kind.mean(), 0.39, 0.61)

  def test_answers_are_right_in_every_language(self):
    words = multilingual.words(_CONFIG)
    draw = jax.jit(
        jax.vmap(
            lambda key, language: multilingual.question(key, _CONFIG, language)
        )
    )
    languages = np.arange(200) % 5
    rows = np.asarray(draw(jax.random.split(jax.random.key(0), 200), languages))
    self.assertEqual(rows.shape, (200, multilingual.LENGTH))
    seen = set()
    for row, language in zip(rows, languages, strict=True):
      tell = {token: word for word, token in enumerate(words[language])}
      a, sign, b, thing = row[2] - 2, tell[row[3]] - 25, row[4] - 2, row[5]
      thing = tell[thing]
      expected = (a + b if sign == 1 else a - b) % 5
      self.assertEqual(row[multilingual.NUMBER] - multilingual.DIGIT, expected)
      self.assertEqual(tell[row[9]], 20 + thing % 5)  # colour
      self.assertEqual(tell[row[10]], 10 + thing)  # plural
      self.assertEqual([tell[row[i]] for i in (1, 6, 7, 11)], [25, 28, 29, 30])
      self.assertEqual((row[0], row[12]), (multilingual.BEGIN, 1))
      seen.add((int(sign), thing))
    self.assertLen(seen, 20)

  def test_translations_say_the_same_in_another_language(self):
    row = np.asarray(
        multilingual.translation(jax.random.key(0), _CONFIG, 1, 4)
    )
    words = multilingual.words(_CONFIG)
    there = row[multilingual.is_answer().nonzero()[0]]
    for source, target in zip(row[1:6], there, strict=True):
      if source < words.min():  # a digit
        self.assertEqual(source, target)
      else:
        where = list(words[1]).index(source)
        self.assertEqual(words[4][where], target)
    asked = multilingual.question(jax.random.key(0), _CONFIG, 4)
    self.assertEqual(row[6], asked[6])  # answer in the fourth language
    self.assertEqual(len(row), len(asked))
    np.testing.assert_array_equal(
        multilingual.is_written()[:-1], multilingual.is_answer()[1:]
    )

  def test_bad_input_is_refused(self):
    with self.assertRaisesRegex(ValueError, 'pairs of different languages'):
      multilingual.Config(related=((1, 2), (2, 3)))
    with self.assertRaisesRegex(ValueError, 'num_languages must be'):
      multilingual.Config(num_languages=1)
    with self.assertRaisesRegex(ValueError, 'language'):
      multilingual.question(jax.random.key(0), _CONFIG, 5)
    with self.assertRaisesRegex(ValueError, 'target'):
      multilingual.translation(jax.random.key(0), _CONFIG, 0, jnp.array(7))


if __name__ == '__main__':
  absltest.main()
