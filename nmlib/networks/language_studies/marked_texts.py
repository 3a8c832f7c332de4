"""Texts to find out where a language model says marked words, and why.

Sentences of generated registers (`data.text.registers`), or what a model tells
by itself.
"""

from collections.abc import Mapping
from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.analysis.interpretability import text_measures
from nmlib.networks import transformer
from nmlib.neurons import sites


class Texts(NamedTuple):
  """Tokens to continue and to judge by."""

  mixed: jax.Array  # int [N, P], prompts to collect states from
  prompts: jax.Array  # int [M, P], that elicit marked words
  neutral: jax.Array  # int [M, T], without marked words
  general: jax.Array  # int [M, T]
  corpora: jax.Array  # int [2, C, T], disjoint
  labels: jax.Array  # bool [2, C]
  patterns: jax.Array  # int [W, m], the lexicon; see `patterns`

  def rows(self, index: slice) -> 'Texts':
    """Returns the same texts, of what is judged a part."""
    return self._replace(
        prompts=self.prompts[index],
        neutral=self.neutral[index],
        general=self.general[index],
    )


def patterns(words: Sequence[Sequence[int]]) -> jax.Array:
  """Returns words of a lexicon, tokens each, as int [W, m] filled with -1."""
  table = np.full((len(words), max(map(len, words))), -1)
  for row, word in zip(table, words, strict=True):
    row[: len(word)] = word
  return jnp.asarray(table)


def continued(
    params: transformer.Params,
    prompt: jax.Array,
    index: jax.Array,
    model: transformer.Config,
    num_tokens: int,
    key: jax.Array,
    edits: Mapping[str, sites.Edit] | None = None,
) -> jax.Array:
  """Samples a text that goes on from a prompt, at temperature 1, int [P + n].

  Args:
    params: of the model.
    prompt: int [P].
    index: which of the texts of a key it is, [].
    model: its config.
    num_tokens: n.
    key: of all texts.
    edits: to the model's sites.
  """
  return transformer.generate(
      params,
      prompt,
      num_tokens,
      model,
      temperature=1.0,
      key=jax.random.fold_in(key, index),
      edits=edits,
  )


def told(
    params: transformer.Params,
    model: transformer.Config,
    begin: int,
    count: int,
    length: int,
    key: jax.Array,
) -> jax.Array:
  """Samples texts of a model's own, at temperature 1, int [count, length].

  Args:
    params: of the model.
    model: its config.
    begin: the token that each text begins with.
    count: of texts.
    length: of each.
    key: of all texts.
  """
  start = jnp.array([begin])
  one = lambda i: continued(params, start, i, model, length - 1, key)
  run = jax.jit(lambda index: jax.lax.map(one, index, batch_size=128))
  return run(jnp.arange(count))


def split(
    stories: jax.Array,
    lexicon: jax.Array,
    asked: Sequence[Sequence[int]] = (),
    *,
    num_prompts: int,
    num_judged: int,
    prompt_length: int,
) -> Texts:
  """Sorts what a model told; prompts are those asked, or the most marked ones.

  States are collected on beginnings and, where something is asked, on that,
  half and half.

  Args:
    stories: int [4 N + 2 C, T].
    lexicon: words, int [W, m]; see `patterns`.
    asked: prompts of P tokens or more, of which the last P count; none: the
      beginnings with most marked words.
    num_prompts: N.
    num_judged: M.
    prompt_length: P.

  Raises:
    ValueError: if fewer than M of the last 2 C are without marked words, or
      all are; or a prompt is too short.
  """
  if short := [len(tokens) for tokens in asked if len(tokens) < prompt_length]:
    raise ValueError(
        'config.prompts must have prompt_length='
        f'{prompt_length} tokens or more each, got {min(short)}.'
    )
  pool, rest = stories[: 4 * num_prompts], stories[4 * num_prompts :]
  mixed = pool[:num_prompts, :prompt_length]
  many = text_measures.occurrences(pool, lexicon)[:, :prompt_length]
  labels = text_measures.occurrences(rest, lexicon).any(1)
  plain = rest[~labels]
  if len(plain) < num_judged or not labels.any():
    raise ValueError(
        f'{len(plain)} of {len(rest)} stories are without words of the lexicon:'
        f' {num_judged} must be, and some not. Take other --config.words.'
    )
  prompts = pool[jnp.argsort(-many.sum(1))[:num_judged], :prompt_length]
  if asked:
    ends = jnp.asarray([tokens[-prompt_length:] for tokens in asked])
    prompts = ends[jnp.arange(max(num_judged, num_prompts)) % len(asked)]
    mixed = mixed.at[::2].set(prompts[: len(mixed[::2])])
  return Texts(
      mixed,
      prompts[:num_judged],
      plain[:num_judged],
      rest[:num_judged],
      rest.reshape(2, -1, rest.shape[1]),
      labels.reshape(2, -1),
      lexicon,
  )
