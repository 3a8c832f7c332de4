"""Texts of the world of `multilingual`: to learn from, to judge by."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp

from nmlib.analysis.interpretability import language_texts
from nmlib.data.text import multilingual


def lesson(
    key: jax.Array,
    config: multilingual.Config,
    first_share: float = 1.0,
    translated: Sequence[int] = (),
) -> jax.Array:
  """Draws a text to learn from, int32 [T]: a question in a language.

  Args:
    key: of the draw.
    config: static.
    first_share: text of language 0 to that of each other one.
    translated: languages of which every other text in the mean is instead a
      translation, from or to language 0; none: there are only questions.
  """
  of_language, of_text, of_pair = jax.random.split(key, 3)
  shares = jnp.ones(config.num_languages).at[0].set(first_share)
  language = jax.random.categorical(of_language, jnp.log(shares))
  text = multilingual.question(of_text, config, language)
  if not translated:
    return text
  which, back, replace, later = jax.random.split(of_pair, 4)
  other = jax.random.choice(which, jnp.array(translated))
  back = jax.random.bernoulli(back)
  pair = jnp.where(back, other, 0), jnp.where(back, 0, other)
  instead = multilingual.translation(later, config, *pair)
  return jnp.where(jax.random.bernoulli(replace), instead, text)


def texts(
    key: jax.Array, config: multilingual.Config, number: int
) -> language_texts.Texts:
  """Draws questions with their answers of each language, [K, number, ...]."""
  size = config.num_languages, number
  languages = jnp.broadcast_to(jnp.arange(size[0])[:, None], size)
  of = lambda key, language: multilingual.question(key, config, language)
  spread = lambda mask: jnp.broadcast_to(mask, (*size, len(mask)))
  return language_texts.Texts(
      jax.vmap(jax.vmap(of))(jax.random.split(key, size), languages),
      spread(multilingual.is_answer()),
      spread(multilingual.is_written()),
  )
