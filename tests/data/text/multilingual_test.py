"""A world told in several languages."""

from absl.testing import absltest
import jax
import jax.numpy as jnp
import numpy as np

from nmlib.data.text import multilingual
from nmlib.data.text import multilingual_lessons

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
    counters = multilingual.counters(_CONFIG)
    first = multilingual.colour_first(_CONFIG)
    seen = set()
    for row, language in zip(rows, languages, strict=True):
      tell = {token: word for word, token in enumerate(words[language])}
      a, b = row[2] - multilingual.DIGIT, row[4] - multilingual.DIGIT
      minus, thing = tell[row[3]] - 26, tell[row[6]]
      result = row[multilingual.NUMBER] - multilingual.DIGIT
      self.assertEqual(result, (a - b if minus else a + b) % 5)
      self.assertEqual(tell[row[10]] - 32, counters[language, result])
      pair = [20 + thing % 5, 10 + thing]  # colour, plural
      pair = pair if first[language] else pair[::-1]
      self.assertEqual([tell[row[i]] for i in (11, 12)], pair)
      said = [tell[row[i]] for i in (1, 5, 7, 8, 13)]
      self.assertEqual(said, [25, 28, 29, 30, 31])
      self.assertEqual((row[0], row[14]), (multilingual.BEGIN, 1))
      seen.add((int(minus), thing))
    self.assertLen(seen, 20)

  def test_related_languages_have_half_of_their_grammar_in_common(self):
    counters = multilingual.counters(_CONFIG)
    for a, b in _CONFIG.related:
      np.testing.assert_array_equal(counters[a, ::2], counters[b, ::2])
    self.assertEqual({*counters.ravel()}, {0, 1, 2})
    np.testing.assert_array_equal(
        multilingual.colour_first(_CONFIG), [True, False, False, True, True]
    )

  def test_translations_say_the_same_in_another_language(self):
    row = np.asarray(multilingual.translation(jax.random.key(0), _CONFIG, 1, 4))
    words = multilingual.words(_CONFIG)
    there = row[:-1][multilingual.is_answer()]
    meaning = lambda language, token: list(words[language]).index(token)
    counters = multilingual.counters(_CONFIG)
    result = there[1] - multilingual.DIGIT
    self.assertEqual(row[2], there[1])  # the digit, the counter of each
    for language, token in ((1, row[3]), (4, there[2])):
      self.assertEqual(
          meaning(language, token) - 32, counters[language, result]
      )
    said = [meaning(1, row[i]) for i in (1, 4, 5, 6)]
    told = [meaning(4, there[i]) for i in (0, 4, 3, 5)]  # in the other order
    self.assertEqual(said, told)
    asked = multilingual.question(jax.random.key(0), _CONFIG, 4)
    self.assertEqual(row[7], asked[7])  # answer in language 4
    self.assertEqual(len(row), len(asked))
    np.testing.assert_array_equal(
        multilingual.is_written()[:-1], multilingual.is_answer()[1:]
    )

  def test_lessons_are_mostly_of_the_first_language(self):
    draw = lambda *options: np.asarray(
        jax.jit(
            jax.vmap(
                lambda key: multilingual_lessons.lesson(key, _CONFIG, *options)
            )
        )(jax.random.split(jax.random.key(0), 700))
    )
    rows = draw(10.0)
    asks = multilingual.words(_CONFIG)[:, -6].tolist()
    asked = lambda rows: [asks.index(ask) for ask in rows[:, 7].tolist()]
    shares = np.bincount(asked(rows), minlength=5) / 700
    np.testing.assert_allclose(
        shares, np.array([10, 1, 1, 1, 1]) / 14, atol=0.06
    )
    rows = draw(10.0, (1, 3))
    said = multilingual.words(_CONFIG)[:, -5].tolist()  # 'are'
    pairs = [
        (said.index(row[1]), language)
        for row, language in zip(rows.tolist(), asked(rows), strict=True)
        if row[1] in said
    ]
    self.assertBetween(len(pairs) / 700, 0.4, 0.6)
    self.assertEqual({*pairs}, {(0, 1), (1, 0), (0, 3), (3, 0)})

  def test_texts_are_questions_in_each_language(self):
    texts = multilingual_lessons.texts(jax.random.key(0), _CONFIG, 3)
    self.assertEqual(texts.tokens.shape, (5, 3, multilingual.LENGTH))
    asks = multilingual.words(_CONFIG)[:, -6]
    np.testing.assert_array_equal(
        texts.tokens[..., 7], np.repeat(asks[:, None], 3, 1)
    )
    np.testing.assert_array_equal(
        texts.response[2, 1], multilingual.is_answer()
    )
    np.testing.assert_array_equal(
        texts.written[2, 1], multilingual.is_written()
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
