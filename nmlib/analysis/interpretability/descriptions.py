"""How good descriptions of units are: what they name, how specific they are.

Likeness to a text of reference does not tell: one constant description scores
higher than any method on MILAN's own data (arXiv 2403.13771). Where what a
unit sees is known, names are compared instead.
"""

from collections.abc import Mapping
import functools

import jax
import jax.numpy as jnp
import numpy as np

from nmlib.neurons.core import checks


@functools.partial(jax.jit, static_argnames='stop')
def named(tokens: jax.Array, words: jax.Array, stop: int) -> jax.Array:
  """Returns what is named before the first stop, bool [..., F].

  Args:
    tokens: descriptions int [..., T].
    words: int [F].
    stop: the word that ends it.

  Raises:
    ValueError: if words are not [F].
  """
  checks.shape('words', words, 'F')
  said = jnp.cumsum(tokens == stop, -1) == 0
  same = tokens[..., None] == words.reshape(*[1] * tokens.ndim, -1)
  return jnp.any(same & said[..., None], -2)


def factor_f1(found: jax.Array, right: jax.Array) -> jax.Array:
  """Returns 2 |both| / (|found| + |right|) of sets, [...]; 1 if both are empty.

  Args:
    found: what is named, bool [..., F].
    right: what should be, bool [..., F].

  Raises:
    ValueError: if the sets are not of the same things.
  """
  checks.shape('right', right, *'abcdef'[: found.ndim - 1], F=found.shape[-1])
  both = jnp.sum(found & right, -1)
  total = jnp.sum(found, -1) + jnp.sum(right, -1)
  return jnp.where(total > 0, 2 * both / jnp.maximum(total, 1), 1.0)


def count_distinct(tokens: jax.Array, stop: int) -> jax.Array:
  """Returns how many different descriptions there are, int [].

  Args:
    tokens: int [N, T]; what follows the first stop does not count.
    stop: the word that ends one.

  Raises:
    ValueError: if tokens are not [N, T].
  """
  checks.shape('tokens', tokens, 'N', 'T')
  tokens = jnp.where(jnp.cumsum(tokens == stop, 1) == 0, tokens, stop)
  same = jnp.all(tokens[:, None] == tokens[None], -1)
  earlier = jnp.tril(same, -1).any(1)
  return jnp.sum(~earlier)


def best_constant(facts: jax.Array) -> jax.Array:
  """Returns the set of one unit that suits all best, by F1: bool [F].

  Args:
    facts: what is true of each unit, bool [U, F].
  """
  checks.shape('facts', facts, 'U', 'F')
  every = lambda one: jnp.broadcast_to(one[None], facts.shape)
  suits = jax.lax.map(lambda one: jnp.mean(factor_f1(every(one), facts)), facts)
  return facts[jnp.argmax(suits)]


def most_frequent(facts: jax.Array) -> jax.Array:
  """Returns as many of the most frequent facts as a unit has, bool [F].

  Args:
    facts: what is true of each unit, bool [U, F].
  """
  checks.shape('facts', facts, 'U', 'F')
  count = jnp.round(jnp.mean(jnp.sum(facts, 1)))
  order = jnp.argsort(-jnp.mean(facts, 0), stable=True)
  return (
      jnp.zeros(facts.shape[1], bool)
      .at[order]
      .set(jnp.arange(facts.shape[1]) < count)
  )


_CONSTANTS = {'constant': best_constant, 'most frequent': most_frequent}


def compare(
    said: Mapping[str, np.ndarray],
    right: np.ndarray,
    known: np.ndarray,
    words: np.ndarray,
    stop: int,
) -> dict[str, dict[str, np.ndarray]]:
  """Scores methods, and two constants that are chosen on training units.

  Args:
    said: descriptions int [S, U, T] by method, of S tests.
    right: R descriptions of each unit int [S, U, R, T], of which the nearest
      counts.
    known: one of each training unit of each test, int [S, U', T].
    words: int [F], those that count.
    stop: the word that ends a description.

  Returns:
    'F1' and 'distinct', [S] by method; methods of F1 are also 'constant' and
    'most frequent'.
  """
  found = _compared(dict(said), right, known, words, stop)
  order = {'F1': (*said, *_CONSTANTS), 'distinct': tuple(said)}
  return {
      measure: {
          method: np.asarray(found[measure][method]) for method in methods
      }
      for measure, methods in order.items()
  }


@functools.partial(jax.jit, static_argnames='stop')
def _compared(said, right, known, words, stop):
  """Returns what `compare` does, of arrays on the device."""
  names = lambda tokens: named(tokens, words, stop)
  methods = {method: names(tokens) for method, tokens in said.items()}
  truth, facts = names(right), names(known)
  for method, choose in _CONSTANTS.items():
    methods[method] = jax.lax.map(choose, facts)[:, None]

  def f1(found):
    found = jnp.broadcast_to(found[:, :, None], truth.shape)
    return jnp.mean(jnp.max(factor_f1(found, truth), 2), 1)

  distinct = lambda tokens: count_distinct(tokens, stop)
  return {
      'F1': {method: f1(found) for method, found in methods.items()},
      'distinct': {
          method: jax.vmap(distinct)(tokens) for method, tokens in said.items()
      },
  }
