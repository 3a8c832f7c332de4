"""Prompts and responses by language, on which a model is counted and judged.

`run(tokens, edits, capture) -> (outputs, seen)` is any causal model of one
text, as of `nmlib.analysis.patching`, whose outputs have `logits` [T, V].
"""

from collections.abc import Callable
from collections.abc import Sequence
from typing import Any
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.analysis.interpretability import deactivation
from nmlib.neurons import sites

Run = Callable[[jax.Array, sites.Edits, tuple[str, ...]], tuple[Any, Any]]


class Texts(NamedTuple):
  """N texts in each of K languages."""

  tokens: jax.Array | np.ndarray  # int [K, N, T + 1]
  response: jax.Array | np.ndarray  # bool [K, N, T], tokens that count
  written: jax.Array | np.ndarray  # bool [K, N, T], what follows is judged


def padded(rows: Sequence[Sequence[tuple[list[int], list[int]]]]) -> Texts:
  """Returns texts of prompts and responses, ids by language, filled with 0.

  A response's tokens count, and each is judged, from the prompt's last token
  on.

  Raises:
    ValueError: if a prompt or a response is empty, there are no two languages,
      or they differ in their number of texts.
  """
  numbers = [len(texts) for texts in rows]
  if len(rows) < 2 or len(set(numbers)) > 1 or not numbers[0]:
    raise ValueError(
        'texts must be as many in each of two or more languages, got'
        f' {numbers}.'
    )
  if not all(a and b for texts in rows for a, b in texts):
    raise ValueError('each text must have a token of prompt and of response.')
  ends = np.array([[(len(a), len(a) + len(b)) for a, b in t] for t in rows])
  length = int(ends.max())
  tokens = np.zeros((*ends.shape[:2], length + 1), np.int32)
  for language, texts in enumerate(rows):
    for i, (prompt, response) in enumerate(texts):
      tokens[language, i, : ends[language, i, 1]] = prompt + response
  place = np.arange(length)[None, None]
  start, end = ends[..., :1], ends[..., 1:]
  return Texts(
      tokens, (place >= start) & (place < end),
      (place >= start - 1) & (place < end - 1),
  )  # fmt: skip


def counts(run: Run, texts: Texts, *, batch_size: int = 64) -> jax.Array:
  """Returns in how many tokens of responses each neuron is active, [L, D, K].

  Args:
    run: see the module; has a site `gate_post`.
    texts: of K languages.
    batch_size: texts at a time.
  """

  def one(text):
    tokens, response = text
    _, seen = run(
        tokens, deactivation.counting(response), (deactivation.COUNTS,)
    )
    return seen[deactivation.COUNTS]

  def of_language(text):
    each = jax.lax.map(one, text, batch_size=batch_size)
    return jnp.sum(each, 0, dtype=jnp.int32)

  shown = jnp.asarray(texts.tokens)[..., :-1], jnp.asarray(texts.response)
  return jnp.moveaxis(jax.lax.map(of_language, shown), 0, -1)


def losses(
    run: Run, texts: Texts, edits: sites.Edits, *, batch_size: int = 64
) -> tuple[jax.Array, jax.Array]:
  """Returns each language's loss [K], nats a token, and share right [K].

  Of what is judged. A response is right if each of its tokens is the likeliest:
  those that greedy writing gives.

  Args:
    run: see the module.
    texts: of K languages.
    edits: of the model.
    batch_size: texts at a time.
  """

  def one(text):
    tokens, written = text
    logits = run(tokens[:-1], edits, ())[0].logits
    wide = logits.astype(jnp.promote_types(logits.dtype, jnp.float32))
    nats = -jnp.take_along_axis(jax.nn.log_softmax(wide), tokens[1:, None], 1)
    right = jnp.argmax(logits, -1) == tokens[1:]
    return jnp.sum(nats[:, 0] * written), jnp.all(right | ~written)

  of_language = lambda text: jax.lax.map(one, text, batch_size=batch_size)
  shown = jnp.asarray(texts.tokens), jnp.asarray(texts.written)
  nats, right = jax.lax.map(of_language, shown)
  return jnp.sum(nats, 1) / jnp.sum(shown[1], (1, 2)), jnp.mean(right, 1)
